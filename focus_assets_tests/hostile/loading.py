"""Load one resource of a hostile server once, as a process of its own would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from focus_assets.config import Config, Destination, ExchangeSource, FocusAuth
from focus_assets.database.open import Database
from focus_assets.mirror import mirror
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.sources.open import open_source


async def load(url: str, folder: Path, resource: str = "things", **settings: Any) -> Outcome:
    """Into a SQLite file in the folder; `settings` are the source's, beside the usual ones."""
    given: dict[str, Any] = {
        "kind": "exchange",
        "base_url": url,
        "business_service": "retail",
        "auth": FocusAuth(kind="focus", username="ada", password=SecretStr("secret")),
        "countries": ("DE",),
        "retry": {"attempts": 1},
        **settings,
    }
    config = Config(sources={"shop": ExchangeSource(**given)}, destination=Destination(), home=folder)
    database = Database(Destination(url=SecretStr(f"sqlite:///{folder / 'mirror.db'}")))
    async with open_source("shop", config) as source:
        return await mirror(source, database, PartitionRef("shop", "retail", resource, "DE"))

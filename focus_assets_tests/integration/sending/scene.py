"""A shop on a socket, a table in a database, and an entry of `writes` between them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from focus_assets.config import Config
from focus_assets.database.open import Database
from focus_assets.sandbox import SandboxServer
from focus_assets.writeback import intents
from focus_assets.writeback.drain import Pass
from focus_assets.writeback.intent import Intent, State
from focus_assets.writeback.rows.open import entry_of, open_sender
from focus_assets.writeback.rows.outgoing import selection_of
from focus_assets.writeback.rows.send import Report, Sender, drain_rows, send
from focus_assets.writeback.writes import micros_now
from focus_assets_tests.integration.sending.shop import Shop

ENTRY = "items"
QUERY = "SELECT id, name, price FROM wares"


@dataclass
class Scene:
    """Rows of `wares`, the items of the shop, and a clock for both that goes on when a test says so."""

    config: Config
    shop: Shop
    ahead: int = 0
    more: dict[str, Any] = field(default_factory=dict)
    _ticks: Iterator[int] = field(default_factory=lambda: itertools.count(micros_now()))

    def now(self) -> int:
        """The clock of the shop and of the sender: a microsecond later each time, however long anything takes."""
        return next(self._ticks) + self.ahead

    def later(self, seconds: float) -> None:
        """So much time passes."""
        self.ahead += round(seconds * 1e6)

    @contextmanager
    def hurried(self, seconds: float) -> Iterator[None]:
        """Nobody waits longer for an answer while it lasts."""
        patient = self.config
        entry = patient.writes[ENTRY].model_copy(update={"request_seconds": seconds})
        self.config = patient.model_copy(update={"writes": {ENTRY: entry}})
        yield
        self.config = patient

    @property
    def database(self) -> Database:
        """The destination."""
        return Database(self.config.destination)

    def rows(self, **prices: str) -> None:
        """The table has these rows from now on, by name; the id is the name's."""
        with self.database.writing("fill") as connection:
            connection.execute(sa.text("DELETE FROM wares"))
            for name, price in prices.items():
                values = {"id": name, "name": name.upper(), "price": price}
                connection.execute(sa.text("INSERT INTO wares VALUES (:id, :name, :price)"), values)

    @asynccontextmanager
    async def sender(self) -> AsyncIterator[Sender]:
        """Of the entry, by this clock."""
        async with open_sender(self.config, ENTRY) as sender:
            yield dataclasses.replace(sender, now=self.now, chance=lambda: 1.0)

    async def send(self, **wish: Any) -> Report:
        """One sending."""
        async with self.sender() as sender:
            return await send(sender, selection_of(ENTRY, entry_of(self.config, ENTRY), self.database), **wish)

    async def drain(self) -> Pass:
        """One pass."""
        async with self.sender() as sender:
            return await drain_rows(sender)

    @property
    def prices(self) -> dict[str, str]:
        """What the shop holds."""
        return {name: str(item["price"]) for name, item in self.shop.items.items()}

    def intents(self) -> list[Intent]:
        """All of the entry, the oldest first."""
        return intents.find(self.database, entry=ENTRY)

    def states(self) -> list[State]:
        """How they are."""
        return [intent.state for intent in self.intents()]


def written(home: Path, database: str, base_url: str, **knobs: Any) -> Config:
    """A configuration with the one entry."""
    entry = {
        "query": QUERY,
        "types": {"price": "decimal"},
        "key": "id",
        "source": "shop",
        "path": "/v1/items",
        "request_seconds": 9.0,
        "lifetime_seconds": 10.0,
        **knobs,
    }
    source = {
        "kind": "rest",
        "base_url": base_url,
        "headers": {"x-key": "geheim-1234"},
        "resources": {"items": {"path": "v1/items", "primary_key": "id"}},
    }
    return Config.model_validate(
        {"home": home, "sources": {"shop": source}, "destination": {"url": database}, "writes": {ENTRY: entry}}
    )


@contextmanager
def opened(home: Path, database: str, **knobs: Any) -> Iterator[Scene]:
    """All of it."""
    scene = Scene(None, None)  # type: ignore[arg-type]
    scene.shop = Shop(scene.now)
    with SandboxServer(scene.shop) as server:
        scene.config = written(home, database, server.url, **knobs)
        with scene.database.writing("make the table") as connection:
            connection.execute(sa.text("CREATE TABLE wares (id VARCHAR(50), name VARCHAR(50), price VARCHAR(20))"))
        yield scene

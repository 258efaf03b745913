"""Run one load of the mirror in a process of its own.

`python -m benchmarks.ours BASE_URL DATABASE_URL [full] [interpreted]` prints what came of it as one JSON object; with
`interpreted` the compiled piece is left alone.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import anyio

from benchmarks.names import COUNTRY, RESOURCE, SERVICE
from focus_assets.config import Config, Destination, Document, ExchangeSource, FocusAuth
from focus_assets.fleet import open_fleet
from focus_assets.model.outcome import Outcome
from focus_assets.model.wish import Wish
from focus_assets.process import spare_the_collector


def configured(base_url: str, database_url: str) -> Config:
    """One partition, from the bench's server into its database."""
    source = ExchangeSource.model_validate(
        {
            "kind": "exchange",
            "base_url": base_url,
            "business_service": SERVICE,
            "auth": FocusAuth.model_validate({"kind": "focus", "username": "bench", "password": "bench"}),
            "countries": [COUNTRY],
            "resources": [RESOURCE],
        }
    )
    destination = Destination.model_validate({"url": database_url})
    return Config.of(Document(sources={"bench": source}, destination=destination), Path.cwd())


async def load(config: Config, *, full: bool) -> Outcome:
    """As planned, or all of it."""
    async with open_fleet(config) as fleet:
        (outcome,) = await fleet.mirror(await fleet.refs(), wish=Wish(full=full))
    return outcome


def _told(outcome: Outcome) -> dict[str, object]:
    return {
        "load": outcome.load,
        "seconds": outcome.seconds,
        "rows": outcome.rows,
        "fetched": outcome.fetched,
        "body_bytes": outcome.body_bytes,
        "verdict": outcome.verdict,
        "notes": outcome.notes,
        "error": None if outcome.error is None else f"{type(outcome.error).__name__}: {outcome.error}",
        **dataclasses.asdict(outcome.changes),
    }


if __name__ == "__main__":
    spare_the_collector()  # as `focus sync` does
    if "interpreted" in sys.argv[3:]:
        from focus_assets.database.dialects.postgres import Postgres

        Postgres.takes_packed = False
    outcome = anyio.run(lambda: load(configured(sys.argv[1], sys.argv[2]), full="full" in sys.argv[3:]))
    sys.stdout.write(json.dumps(_told(outcome)) + "\n")
    sys.exit(outcome.error is not None)

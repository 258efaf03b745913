"""Change rows at a server, and look for them in the mirror: each row once, so that it has one new value."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from focus_assets.config import load_config
from focus_assets.database.open import Database
from focus_assets.database.tables import mirrored
from focus_assets.load.ledger import entries
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.stamps import text_of
from focus_assets.model.verdict import Verdict
from focus_assets.sandbox import Sandbox, system_clock

ROWS = 400  # of each partition
SOURCE, RESOURCE = "retail", "promotions"
GOOD = (Verdict.PROVEN, Verdict.COUNTED)
SHOWN = ("name", "updated_at")
MICROS = 1e6


@dataclass(slots=True)
class Changed:
    """A row that changed, with how many others, and what SHOWN is at the server.

    `at` is in microseconds since 1970. The seconds until it stood, until it was verified, and of each stage on the way
    are not known at first.
    """

    ref: PartitionRef
    key: str
    value: tuple[str, ...]
    at: int
    together: int
    stood: float | None = None
    verified: float | None = None
    stages: list[float] = field(default_factory=list)

    @property
    def age(self) -> float:
        """Seconds since it changed."""
        return (system_clock() - self.at) / MICROS


class Server:
    """The sandbox, whose every row changes once at most."""

    def __init__(self, sandbox: Sandbox, rng: random.Random) -> None:
        self._sandbox = sandbox
        self._rows = {country: iter(rng.sample(range(ROWS), ROWS)) for country in sandbox.options.countries}

    def change(self, country: str, together: int) -> Changed:
        """Another revision of some row."""
        table, index, at = self._sandbox.table(RESOURCE, country), next(self._rows[country]), system_clock()
        table.update(index, at)
        name = json.loads(table.base.rows.line(index, 1, "null", "null"))["name"]
        (key,) = table.base.rows.key(index)
        return Changed(PartitionRef(SOURCE, SOURCE, RESOURCE, country), str(key), (name, text_of(at)), at, together)

    def looks(self) -> Mapping[str, list[float]]:
        """When each country's state was asked for, in seconds since 1970."""
        found: dict[str, list[float]] = {country: [] for country in self._rows}
        for seen in tuple(self._sandbox.log):
            if seen.endpoint == "state":
                found[seen.path.split("/")[-2]].append(seen.at / MICROS)
        return found


class Mirror:
    """What is in the destination."""

    def __init__(self, configured: Path) -> None:
        self._database = Database(load_config(configured, {}).destination)

    def look(self, waiting: Sequence[Changed]) -> None:
        """Note what stands, and what is verified."""
        ledger = entries(self._database)
        for one in waiting:
            entry = ledger[one.ref]
            if one.stood is None and self._value(one, entry) == one.value:
                one.stood = one.age
            if one.stood is not None and covers(entry, one):
                one.verified = one.age

    def _value(self, one: Changed, entry: LedgerEntry) -> tuple[object, ...] | None:
        target = mirrored(self._database, one.ref, ResourceSchema.from_json(json.loads(entry.schema)))
        wanted = target.table.select().with_only_columns(*target.columns(SHOWN))
        its = wanted.where(target.within(one.ref.partition), target.table.c.id == one.key)
        with self._database.reading("look for a changed row") as connection:
            found = connection.execute(its).first()
        return None if found is None else tuple(found)


def covers(entry: LedgerEntry, one: Changed) -> bool:
    """Whether its load is good, and began to look at the server after the change: `as_of` is the newest it saw then."""
    return entry.verdict in GOOD and (entry.as_of or "") >= text_of(one.at)

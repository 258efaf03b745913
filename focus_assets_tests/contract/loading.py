"""Load rows into a partition the way a run does, without a server."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.database.tables import SYNCED_AT, Mirrored, ensure, ensure_schema, has_rows, mirrored
from focus_assets.load.apply import Apply
from focus_assets.load.ledger import BOOKS, read_entry
from focus_assets.load.publish import Judged, Publication, publish
from focus_assets.load.stage import Stage
from focus_assets.model.feed import Reject, Row
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.mode import Mode
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import Column, ResourceSchema, parse_type
from focus_assets.model.verdict import Decision, Publish, Verdict

REF = PartitionRef("shop", "retail", "items", "DE")
NOW = "2026-01-01T00:00:00.000000Z"


def column(name: str, type_name: str) -> Column:
    """A column by the wire's name of its type."""
    column_type = parse_type(type_name)
    assert column_type is not None
    return Column(name, column_type)


ITEMS = ResourceSchema(
    name="items",
    columns=(
        column("id", "string"),
        column("name", "string"),
        column("price", "decimal(18,4)"),
        column("created_at", "time"),
        column("updated_at", "time"),
    ),
    key=("id",),
    changed=("created_at", "updated_at"),
)


def item(key: str, name: str = "n", *, at: int = 0, price: str | None = None) -> Row:
    """A row of ITEMS, last changed `at` seconds past the hour."""
    from decimal import Decimal

    stamp = f"2025-07-01T16:{at // 60:02}:{at % 60:02}.000000Z"
    return (key, name, None if price is None else Decimal(price), "2025-07-01T15:00:00.000000Z", stamp)


@dataclass(frozen=True)
class Round:
    """One round of changes."""

    deleted: Sequence[Row] = ()
    upserted: Sequence[Row] = ()


@dataclass
class Loading:
    """One partition of one database."""

    database: Database
    ref: PartitionRef = REF
    schema: ResourceSchema = ITEMS
    mode: Mode = Mode.MIRROR
    first: bool = False  # whether the table is not there before its first load
    target: Mirrored = field(init=False)

    def __post_init__(self) -> None:
        BOOKS.ensure(self.database)
        self.target = mirrored(self.database, self.ref, self.schema)
        if not self.first:
            ensure(self.database, self.target)

    def full(self, rows: Sequence[Row], *rounds: Round, decision: Decision | None = None) -> Judged:
        """A full load, and what changed meanwhile."""
        return self._load(rows, rounds, decision or Publish(Verdict.COUNTED))

    def delta(self, *rounds: Round, decision: Decision | None = None, rejects: Sequence[Reject] = ()) -> Judged:
        """A delta."""
        return self._load(None, rounds, decision or Publish(Verdict.COUNTED), rejects)

    def _load(
        self, rows: Sequence[Row] | None, rounds: Sequence[Round], decision: Decision, rejects: Sequence[Reject] = ()
    ) -> Judged:
        constants = self._constants() if rows is not None else None
        if constants is None:
            ensure(self.database, self.target)
        else:
            ensure_schema(self.database, self.target.table)
        with self.database.connection("load") as connection:
            stage = Stage(self.database, connection, self.target, constants)
            stage.clear(full=rows is not None)
            if rows is not None:
                stage.fill_full([rows])
            for changes in rounds:
                stage.fill_deletes([changes.deleted])
                stage.fill_upserts([changes.upserted])
                stage.fold()
            how = Apply(self.ref.partition, full=rows is not None, now=NOW, trusted_until=NOW, mode=self.mode)
            load = Publication(self.ref, stage, how, self.next_entry(), rejects)
            return publish(
                self.database,
                connection,
                load,
                judge=lambda applied: decision,
                complete=lambda entry, applied, said: dataclasses.replace(
                    entry, rows=applied.rows, verdict=said.verdict, quarantined=applied.quarantined
                ),
            )

    def _constants(self) -> tuple[tuple[str, str], ...] | None:
        """As `run.Run.constants`: a first load becomes the table where it can."""
        there = has_rows(self.database, self.target, self.ref.partition) is not None
        if there or not self.first or not self.database.dialect.stage_becomes_table:
            return None
        partition = self.target.partition
        return (*([] if partition is None else [(partition.name, self.ref.partition)]), (SYNCED_AT.name, NOW))

    def next_entry(self) -> LedgerEntry:
        """The entry of the next generation."""
        before = self.entry()
        return LedgerEntry(
            generation=before.generation + 1 if before else 1,
            rows=0,
            verdict=Verdict.UNVERIFIED,
            load="full",
            schema=json.dumps(self.schema.to_json()),
            schema_hash=self.schema.hash,
            key_hash=self.schema.key_hash,
            config_hash="c",
            started_at=NOW,
        )

    def entry(self) -> LedgerEntry | None:
        """What the ledger says."""
        with self.database.reading("read the ledger") as connection:
            return read_entry(connection, self.ref)

    def rows(self) -> dict[str, str]:
        """The partition's names by key."""
        table = self.target.table
        query = sa.select(table.c.id, table.c.name).where(self.target.within(self.ref.partition))
        with self.database.reading("read the rows") as connection:
            return {row.id: row.name for row in connection.execute(query)}

"""Keep the ledger: one row a partition, written by the transaction that writes the rows it speaks of."""

from __future__ import annotations

import dataclasses
import json

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from focus_assets.database.bookkeeping import Bookkeeping
from focus_assets.database.open import Database
from focus_assets.model.errors import StaleGeneration
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.verdict import Digest, Verdict

BOOKS = Bookkeeping()
LEDGER = BOOKS.table(
    "_focus_ledger",
    key=("source", "resource", "partition"),
    columns={
        "service": sa.Text,
        "generation": sa.BigInteger,
        "rows": sa.BigInteger,
        "verdict": sa.Text,
        "load": sa.Text,
        "watermark": sa.Text,
        "as_of": sa.Text,
        "digest": sa.Text,
        "total_items": sa.BigInteger,
        "quarantined": sa.BigInteger,
        "server_time": sa.Text,
        "full_at": sa.Text,
        "proven_at": sa.Text,
        "schema": sa.Text,
        "schema_hash": sa.Text,
        "key_hash": sa.Text,
        "config_hash": sa.Text,
        "run_id": sa.Text,
        "started_at": sa.Text,
        "finished_at": sa.Text,
    },
)
_FIELDS = [field.name for field in dataclasses.fields(LedgerEntry)]


def read_entry(connection: sa.Connection, ref: PartitionRef) -> LedgerEntry | None:
    """What the ledger says of a partition; None before its first load."""
    row = connection.execute(sa.select(LEDGER).where(_of(ref))).mappings().first()
    return None if row is None else _entry(row)


def schemas_of(connection: sa.Connection, ref: PartitionRef) -> dict[str, list[str]]:
    """The schemas, by hash, under which the partitions of a resource were loaded."""
    columns = LEDGER.c
    query = sa.select(columns.schema_hash, columns.partition).where(_of_resource(ref)).order_by(columns.partition)
    found: dict[str, list[str]] = {}
    for schema_hash, partition in connection.execute(query):
        found.setdefault(schema_hash, []).append(partition)
    return found


def schema_of(connection: sa.Connection, ref: PartitionRef, partition: str) -> ResourceSchema:
    """The schema under which a partition of a resource was loaded."""
    query = sa.select(LEDGER.c.schema).where(_of_resource(ref), LEDGER.c.partition == partition)
    return ResourceSchema.from_json(json.loads(connection.execute(query).scalar_one()))


def entries(database: Database) -> dict[PartitionRef, LedgerEntry]:
    """The whole ledger, in the order of its key."""
    BOOKS.ensure(database)
    with database.reading("read the ledger") as connection:
        rows = connection.execute(sa.select(LEDGER).order_by(*LEDGER.primary_key.columns)).mappings()
        return {PartitionRef(r["source"], r["service"], r["resource"], r["partition"]): _entry(r) for r in rows}


def claim(connection: sa.Connection, ref: PartitionRef, entry: LedgerEntry) -> None:
    """Write the entry of the next generation first of all: whoever read an older one stops here.

    `entry.generation` is the new one. Raises StaleGeneration, or DatabaseBusy while another run holds the row.
    """
    values = _values(entry)
    if entry.generation == 1:
        _claim_first(connection, ref, values)
        return
    older = sa.and_(_of(ref), LEDGER.c.generation == entry.generation - 1)
    if connection.execute(sa.update(LEDGER).where(older).values(values)).rowcount != 1:
        raise _stale(connection, ref, entry.generation)


def _claim_first(connection: sa.Connection, ref: PartitionRef, values: dict[str, object]) -> None:
    whose = {"source": ref.source, "service": ref.service, "resource": ref.resource, "partition": ref.partition}
    found = _generation(connection, ref)
    if found is not None:
        raise StaleGeneration(str(ref), expected=0, found=found)
    try:
        connection.execute(sa.insert(LEDGER).values(**whose, **values))
    except IntegrityError as error:
        # Another run wrote it between our look and our statement; an aborted transaction cannot be asked what.
        raise StaleGeneration(str(ref), expected=0, found=1) from error


def amend(connection: sa.Connection, ref: PartitionRef, entry: LedgerEntry) -> None:
    """Complete a claimed entry with what the apply found, in the same transaction."""
    values = _values(entry)
    connection.execute(sa.update(LEDGER).where(_of(ref)).values(values))


def _values(entry: LedgerEntry) -> dict[str, object]:
    digest = None if entry.digest is None else entry.digest.value
    return {**dataclasses.asdict(entry), "verdict": entry.verdict.value, "digest": digest}


def _stale(connection: sa.Connection, ref: PartitionRef, wanted: int) -> StaleGeneration:
    return StaleGeneration(str(ref), expected=wanted - 1, found=_generation(connection, ref))


def _generation(connection: sa.Connection, ref: PartitionRef) -> int | None:
    return connection.execute(sa.select(LEDGER.c.generation).where(_of(ref))).scalar()


def _of(ref: PartitionRef) -> sa.ColumnElement[bool]:
    return sa.and_(_of_resource(ref), LEDGER.c.partition == ref.partition)


def _of_resource(ref: PartitionRef) -> sa.ColumnElement[bool]:
    return sa.and_(LEDGER.c.source == ref.source, LEDGER.c.resource == ref.resource)


def _entry(row: sa.RowMapping) -> LedgerEntry:
    values = {name: row[name] for name in _FIELDS}
    digest = values["digest"]
    return LedgerEntry(
        **{**values, "verdict": Verdict(values["verdict"]), "digest": None if digest is None else Digest(digest)}
    )

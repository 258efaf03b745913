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

# made once: to build an expression takes longer than to send it
_OF_RESOURCE = sa.and_(LEDGER.c.source == sa.bindparam("of_source"), LEDGER.c.resource == sa.bindparam("of_resource"))
_OF = sa.and_(_OF_RESOURCE, LEDGER.c.partition == sa.bindparam("of_partition"))
_OLDER = sa.and_(_OF, LEDGER.c.generation == sa.bindparam("older"))
_READ, _READ_SCHEMA = sa.select(LEDGER).where(_OF), sa.select(LEDGER.c.schema).where(_OF)
_READ_GENERATION = sa.select(LEDGER.c.generation).where(_OF)
_READ_SCHEMAS = sa.select(LEDGER.c.schema_hash, LEDGER.c.partition).where(_OF_RESOURCE).order_by(LEDGER.c.partition)
_CLAIM_FIRST, _CLAIM = sa.insert(LEDGER), sa.update(LEDGER).where(_OLDER)
_AMEND = sa.update(LEDGER).where(_OF)


def read_entry(connection: sa.Connection, ref: PartitionRef) -> LedgerEntry | None:
    """What the ledger says of a partition; None before its first load."""
    row = connection.execute(_READ, _of(ref)).mappings().first()
    return None if row is None else _entry(row)


def schemas_of(connection: sa.Connection, ref: PartitionRef) -> dict[str, list[str]]:
    """The schemas, by hash, under which the partitions of a resource were loaded."""
    found: dict[str, list[str]] = {}
    for schema_hash, partition in connection.execute(_READ_SCHEMAS, _of(ref)):
        found.setdefault(schema_hash, []).append(partition)
    return found


def others(connection: sa.Connection, ref: PartitionRef, schema: str | None) -> list[str]:
    """Which sources fill the same partition of the same table, says the ledger of a schema; None is our own."""
    ledger = LEDGER if schema is None else LEDGER.to_metadata(sa.MetaData(), schema=schema)
    of = ledger.c
    same = sa.and_(of.service == ref.service, of.resource == ref.resource, of.partition == ref.partition)
    mine = sa.false() if schema else of.source == ref.source
    return list(connection.execute(sa.select(of.source).where(same, ~mine).order_by(of.source)).scalars())


def schema_of(connection: sa.Connection, ref: PartitionRef, partition: str) -> ResourceSchema:
    """The schema under which a partition of a resource was loaded."""
    whose = {**_of(ref), "of_partition": partition}
    return ResourceSchema.from_json(json.loads(connection.execute(_READ_SCHEMA, whose).scalar_one()))


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
    if connection.execute(_CLAIM, {**values, **_of(ref), "older": entry.generation - 1}).rowcount != 1:
        raise _stale(connection, ref, entry.generation)


def _claim_first(connection: sa.Connection, ref: PartitionRef, values: dict[str, object]) -> None:
    whose = {"source": ref.source, "service": ref.service, "resource": ref.resource, "partition": ref.partition}
    found = _generation(connection, ref)
    if found is not None:
        raise StaleGeneration(str(ref), expected=0, found=found)
    try:
        connection.execute(_CLAIM_FIRST, {**whose, **values})
    except IntegrityError as error:
        # Another run wrote it between our look and our statement; an aborted transaction cannot be asked what.
        raise StaleGeneration(str(ref), expected=0, found=1) from error


def amend(connection: sa.Connection, ref: PartitionRef, entry: LedgerEntry) -> None:
    """Complete a claimed entry with what the apply found, in the same transaction."""
    connection.execute(_AMEND, {**_values(entry), **_of(ref)})


def _values(entry: LedgerEntry) -> dict[str, object]:
    digest = None if entry.digest is None else entry.digest.value
    return {**{name: getattr(entry, name) for name in _FIELDS}, "verdict": entry.verdict.value, "digest": digest}


def _stale(connection: sa.Connection, ref: PartitionRef, wanted: int) -> StaleGeneration:
    return StaleGeneration(str(ref), expected=wanted - 1, found=_generation(connection, ref))


def _generation(connection: sa.Connection, ref: PartitionRef) -> int | None:
    return connection.execute(_READ_GENERATION, _of(ref)).scalar()


def _of(ref: PartitionRef) -> dict[str, object]:
    """What `_OF` asks for; names of their own, as an UPDATE takes a column's name for a value of it."""
    return {"of_source": ref.source, "of_resource": ref.resource, "of_partition": ref.partition}


def _entry(row: sa.RowMapping) -> LedgerEntry:
    values = {name: row[name] for name in _FIELDS}
    digest = values["digest"]
    return LedgerEntry(
        **{**values, "verdict": Verdict(values["verdict"]), "digest": None if digest is None else Digest(digest)}
    )

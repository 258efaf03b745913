"""Look at what stands: a partition's rows, the table's columns, and the schemas under which they were laid out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from focus_assets.database.dialects import Dialect
from focus_assets.database.open import Database
from focus_assets.database.tables import Mirrored, holds_rows, stored_columns
from focus_assets.load.ledger import schema_of, schemas_of
from focus_assets.model.errors import SchemaChanged
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema, compare


@dataclass(frozen=True, slots=True)
class Standing:
    """`rows` says whether the partition has any, None where there is no table; `schemas` made the table what it is."""

    rows: bool | None
    columns: frozenset[str] = frozenset()
    schemas: tuple[ResourceSchema, ...] = ()


def look(database: Database, ref: PartitionRef, target: Mirrored) -> Standing:
    """What stands for a partition before a load. Raises DatabaseError."""
    with database.reading(f"look into {target.shown}") as connection:
        columns = stored_columns(connection, target.table)
        if columns is None:
            return Standing(None)
        rows = holds_rows(connection, target, ref.partition)
        return Standing(rows, frozenset(columns), tuple(_laid_out(connection, database.dialect, ref, target)))


def refuse_lossy_drift(standing: Standing, target: Mirrored) -> None:
    """A column may come; one that goes, or changes its type, takes data along: that is for a person to decide.

    Raises SchemaChanged, also for a column that the table itself has lost: no delta would fill it again.
    """
    remedy = f"rename or drop the table {target.shown}; the next run of each partition builds it anew"
    for old in standing.schemas:
        drift = compare(old, target.schema)
        if drift.removed or drift.retyped or drift.key_changed:
            raise SchemaChanged(f"{old.name}: {drift}. Nothing was changed. To take the new schema, {remedy}")
        if lost := sorted({column.name for column in old.columns} - standing.columns):
            raise SchemaChanged(f"{target.shown} has lost {', '.join(lost)}. Nothing was changed. To mend it, {remedy}")


def _laid_out(
    connection: sa.Connection, dialect: Dialect, ref: PartitionRef, target: Mirrored
) -> Iterator[ResourceSchema]:
    """The schemas of the ledger whose rows the table holds; where it holds none, all of which it may have been made.

    A table without rows that has just the columns of the schema was made anew for it, by a run that then failed.
    """
    known = schemas_of(connection, ref)
    standing = [partitions for partitions in known.values() if _any_rows(connection, target, partitions)]
    if not standing and _is_as_laid_out(connection, dialect, target):
        return
    made_anew = not standing and target.schema.hash in known
    for partitions in [known[target.schema.hash]] if made_anew else standing or known.values():
        as_now = partitions is known.get(target.schema.hash)  # its hash says all that is asked of it
        yield target.schema if as_now else schema_of(connection, ref, partitions[0])


def _is_as_laid_out(connection: sa.Connection, dialect: Dialect, target: Mirrored) -> bool:
    table = target.table
    stored = sa.inspect(connection).get_columns(table.name, schema=table.schema)
    there = {column["name"]: dialect.spelling(column["type"], connection.dialect) for column in stored}
    return there == {column.name: dialect.spelling(column.type, connection.dialect) for column in table.columns}


def _any_rows(connection: sa.Connection, target: Mirrored, partitions: list[str]) -> bool:
    return any(holds_rows(connection, target, partition) for partition in partitions)

"""Look at what stands: a partition's rows, the table's columns, and the schemas under which they were laid out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from focus_assets.database.dialects import Dialect
from focus_assets.database.open import Database
from focus_assets.database.tables import Mirrored, holds_rows
from focus_assets.load.ledger import LEDGER, others, schema_of, schemas_of
from focus_assets.model.errors import DatabaseRefused, SchemaChanged
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema, compare


@dataclass(frozen=True, slots=True)
class Standing:
    """`rows` says whether the partition has any, None where there is no table; `schemas` made the table what it is;
    `misfits` say what somebody else has made of it.
    """

    rows: bool | None
    columns: frozenset[str] = frozenset()
    schemas: tuple[ResourceSchema, ...] = ()
    misfits: tuple[str, ...] = ()


def look(database: Database, ref: PartitionRef, target: Mirrored) -> Standing:
    """What stands for a partition before a load. Raises DatabaseError."""
    dialect = database.dialect
    with database.reading(f"look into {target.shown}") as connection:
        _refuse_another(connection, dialect, ref, target)
        if not sa.inspect(connection).has_table(target.table.name, schema=target.table.schema):
            return Standing(None)
        dialect.check_table(connection, target.table)
        rows = holds_rows(connection, target, ref.partition)
        stored = dialect.stored_types(connection, target.table)
        misfits = dialect.misfits(connection, target.table, stored)
        as_made = not misfits and stored.keys() == {column.name for column in target.table.columns}
        schemas = _laid_out(connection, ref, target, as_made=as_made)
        return Standing(rows, frozenset(stored), tuple(schemas), tuple(misfits) if dialect.refuses_misfits else ())


def _refuse_another(connection: sa.Connection, dialect: Dialect, ref: PartitionRef, target: Mirrored) -> None:
    """Whose loads another row of a ledger tells of, ours would undo unseen, and his ours."""
    for schema in (None, *dialect.elsewhere(connection, LEDGER)):
        for source in others(connection, ref, schema):
            raise DatabaseRefused(
                f"{target.shown}, partition {ref.partition!r}, is filled by {source}, says {schema or 'our'} "
                f"{LEDGER.name}: let one configuration, source and search_path fill it; if that one no longer does, "
                "delete its row there"
            )


def refuse_misfits(standing: Standing, target: Mirrored) -> None:
    """A column of another type or collation may round, cut or equate what is compared as if it were ours.

    Raises SchemaChanged.
    """
    if standing.misfits:
        raise SchemaChanged(
            f"{target.shown} is not as it was made: {'; '.join(standing.misfits)}. Nothing was changed. To mend it, "
            f"give the columns their types again, or {_remedy(target)}"
        )


def _remedy(target: Mirrored) -> str:
    return f"rename or drop the table {target.shown}; the next run of each partition builds it anew"


def refuse_lossy_drift(standing: Standing, target: Mirrored) -> None:
    """A column may come; one that goes, or changes its type, takes data along: that is for a person to decide.

    Raises SchemaChanged, also for a column that the table itself has lost: no delta would fill it again.
    """
    remedy = _remedy(target)
    for old in standing.schemas:
        drift = compare(old, target.schema)
        if drift.removed or drift.retyped or drift.key_changed:
            raise SchemaChanged(f"{old.name}: {drift}. Nothing was changed. To take the new schema, {remedy}")
        if lost := sorted({column.name for column in old.columns} - standing.columns):
            raise SchemaChanged(f"{target.shown} has lost {', '.join(lost)}. Nothing was changed. To mend it, {remedy}")


def _laid_out(
    connection: sa.Connection, ref: PartitionRef, target: Mirrored, *, as_made: bool
) -> Iterator[ResourceSchema]:
    """The schemas of the ledger whose rows the table holds; where it holds none, all of which it may have been made.

    A table without rows that has just the columns of the schema was made anew for it, by a run that then failed.
    """
    known = schemas_of(connection, ref)
    standing = [partitions for partitions in known.values() if _any_rows(connection, target, partitions)]
    if not standing and as_made:
        return
    made_anew = not standing and target.schema.hash in known
    for partitions in [known[target.schema.hash]] if made_anew else standing or known.values():
        as_now = partitions is known.get(target.schema.hash)  # its hash says all that is asked of it
        yield target.schema if as_now else schema_of(connection, ref, partitions[0])


def _any_rows(connection: sa.Connection, target: Mirrored, partitions: list[str]) -> bool:
    return any(holds_rows(connection, target, partition) for partition in partitions)

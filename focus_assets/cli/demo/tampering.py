"""Change one value of the mirror behind its back, and look up which row a full diff wrote."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.database.tables import SYNCED_AT, Mirrored

COLUMN = "quantity"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of one partition: its key, and the value of the column that was changed."""

    key: dict[str, object]
    value: int

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.key.items())


def tamper(database: Database, target: Mirrored, partition: str) -> tuple[str, Row]:
    """Add one to one row's quantity, as anybody with SQL could; the statement, and the row as it was."""
    with database.writing("change a row behind the mirror's back") as connection:
        row = _first(connection, target, target.within(partition))
        matches = [target.table.c[name] == value for name, value in row.key.items()]
        update = sa.update(target.table).where(target.within(partition), *matches).values({COLUMN: row.value + 1})
        connection.execute(update)
        return _spelled(target, partition, row), row


def written(database: Database, target: Mirrored, partition: str, at: str) -> Row | None:
    """The first row that the run of that moment wrote."""
    by_run = target.table.c[SYNCED_AT.name] == database.dialect.moment(at)
    with database.reading("look up what was written") as connection:
        return _found(connection, target, sa.and_(target.within(partition), by_run))


def _first(connection: sa.Connection, target: Mirrored, where: sa.ColumnElement[bool]) -> Row:
    row = _found(connection, target, where)
    assert row is not None, "the demo's world has rows"
    return row


def _found(connection: sa.Connection, target: Mirrored, where: sa.ColumnElement[bool]) -> Row | None:
    key = target.schema.key
    wanted = target.columns((*key, COLUMN))
    query = sa.select(*wanted).where(where).order_by(*target.columns(key)).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else Row({name: row[name] for name in key}, row[COLUMN])


def _spelled(target: Mirrored, partition: str, row: Row) -> str:
    where = {target.schema.partitioned_by or "": partition, **row.key}
    wanted = " AND ".join(f"{name} = '{value}'" for name, value in where.items() if name)
    return f"UPDATE {target.shown} SET {COLUMN} = {row.value + 1}\nWHERE {wanted}"

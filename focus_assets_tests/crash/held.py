"""Say what a database holds of a mirror: rows, ledger and quarantine by value, and how it differs from another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from focus_assets.database.open import Database

Values = dict[str, Any]
BOOKS = ("_focus_ledger", "_focus_rejects")


@dataclass(frozen=True)
class Held:
    """The mirrored table's rows, and those of our own tables; a column that is NULL in every row does not count."""

    rows: tuple[Values, ...]
    books: dict[str, tuple[Values, ...]]

    def without(self, *columns: str) -> list[Values]:
        """The rows without some of their columns."""
        return [{name: value for name, value in row.items() if name not in columns} for row in self.rows]

    @property
    def generation(self) -> int:
        """The ledger's generation; 0 where there is no entry."""
        entries = self.books["_focus_ledger"]
        return entries[0]["generation"] if entries else 0

    @property
    def keys(self) -> list[str]:
        """The key of each row."""
        return [row["id"] for row in self.rows]


def held(database: Database, table: str) -> Held:
    """What another connection sees now; `table` is the mirrored one as a statement names it."""
    with database.connection("look") as connection:
        return Held(_content(connection, table), {name: _content(connection, name) for name in BOOKS})


def _content(connection: sa.Connection, table: str) -> tuple[Values, ...]:
    try:
        found = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2, 3")
    except (sa.exc.OperationalError, sa.exc.ProgrammingError):
        connection.rollback()
        return ()  # the table is not there yet
    rows = [dict(row) for row in found.mappings()]
    empty = {name for name in found.keys() if all(row[name] is None for row in rows)}  # noqa: SIM118
    return tuple({name: value for name, value in row.items() if name not in empty} for row in rows)


@dataclass(frozen=True, slots=True)
class Damage:
    """Rows that both the old and the new state have and this one lacks, that it has twice, that fit neither state."""

    lost: int = 0
    doubled: int = 0
    torn: int = 0

    def __add__(self, other: Damage) -> Damage:
        return Damage(self.lost + other.lost, self.doubled + other.doubled, self.torn + other.torn)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.torn)


def damage(found: Held, old: Held, new: Held) -> Damage:
    """None where it is one of the two, rows and books alike; a torn pair of rows and ledger counts as one row."""
    if found in (old, new):
        return Damage()
    keys = found.keys
    lost = len({*old.keys} & {*new.keys} - {*keys})
    strangers = [row for row in found.rows if row not in old.rows and row not in new.rows]
    return Damage(lost, len(keys) - len({*keys}), max(1, len(strangers)))

"""Make the tables that we keep for ourselves in the destination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from focus_assets.database.dialects import Dialect
from focus_assets.database.dialects.bytewise import Exact, Key
from focus_assets.database.open import Database
from focus_assets.database.widen import add_columns
from focus_assets.model.errors import DatabaseFailed

_Type: TypeAlias = type[sa.types.TypeEngine[Any]]
_BINARY = "Latin1_General_100_BIN2"
_TEXT = sa.Text().with_variant(Exact(), "mysql", "mariadb").with_variant(sa.NVARCHAR(collation=_BINARY), "mssql")
_NAME, _LONG = 128, 384  # characters of a key's columns where they are bounded; what names a row is the longest


def _key(length: int) -> sa.types.TypeEngine[Any]:
    """A text that is compared byte by byte."""
    return (
        sa.Text()
        .with_variant(sa.TEXT(collation="C"), "postgresql")
        .with_variant(Key(length), "mysql", "mariadb")
        .with_variant(sa.NVARCHAR(length, collation=_BINARY), "mssql")
    )


class _PrimaryKey(sa.PrimaryKeyConstraint):
    """On SQL Server a clustered one would have room for half as much."""


@compiles(_PrimaryKey, "mssql")
def _unclustered(key: _PrimaryKey, compiler: Any, **how: Any) -> Any:
    """Said here, as an argument of the constraint imports that dialect whatever the database."""
    key.dialect_options["mssql"]["clustered"] = False
    return compiler.visit_primary_key_constraint(key, **how)


class Bookkeeping:
    """Some `_focus…` tables, made together at their first use."""

    def __init__(self) -> None:
        self.metadata = sa.MetaData()
        self._ready: WeakKeyDictionary[Database, int] = WeakKeyDictionary()

    def table(
        self,
        name: str,
        *,
        key: tuple[str, ...],
        columns: Mapping[str, type[sa.types.TypeEngine[Any]]],
        unique: tuple[str, ...] = (),
        indexed: tuple[str, ...] = (),
    ) -> sa.Table:
        """Declare a table whose key columns are texts; so are those that are `unique`, and those that are `indexed`."""
        return sa.Table(
            name,
            self.metadata,
            *(sa.Column(column, _key(_LONG if column == "row_key" else _NAME), nullable=False) for column in key),
            *(sa.Column(column, _TEXT if kind is sa.Text else kind, nullable=True) for column, kind in columns.items()),
            *(sa.Column(column, _key(_NAME), unique=True, nullable=False) for column in unique),
            *(sa.Column(column, _key(_NAME), index=True, nullable=True) for column in indexed),
            _PrimaryKey(*key),
        )

    def ensure(self, database: Database) -> None:
        """Make what is missing; two processes may do this at once. Raises DatabaseError.

        Nothing is written, and no lock is asked for, where everything is there: a reader needs no more rights.
        """
        if self._ready.get(database) == len(self.metadata.tables):
            return
        try:
            self._create(database)
        except DatabaseFailed:
            # Somebody else made them between our look and our statement: then they are there now.
            self._create(database)
        self._ready[database] = len(self.metadata.tables)

    def _create(self, database: Database) -> None:
        with database.reading("look for the tables of the ledger") as connection:
            missing, lacking = self._look(connection, database.dialect)
        if not missing and not lacking:
            return
        with database.writing("prepare the tables of the ledger") as connection:
            self.metadata.create_all(connection, missing)
            add_columns(database.dialect, connection, lacking)

    def _look(self, connection: sa.Connection, dialect: Dialect) -> tuple[list[sa.Table], list[sa.Column[Any]]]:
        """The tables that are missing; of the others the columns, as they were made before those were thought of."""
        inspector, tables = sa.inspect(connection), self.metadata.tables
        there = tables.keys() & set(inspector.get_table_names())
        for name in sorted(there):
            dialect.check_table(connection, tables[name])
        missing = [table for name, table in tables.items() if name not in there]
        if not there:
            return missing, []
        stored = {
            (name, column["name"])
            for (_, name), columns in inspector.get_multi_columns(filter_names=sorted(there)).items()
            for column in columns
        }
        columns = (column for name in sorted(there) for column in tables[name].columns)
        return missing, [column for column in columns if (column.table.name, column.name) not in stored]

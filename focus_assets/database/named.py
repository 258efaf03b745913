"""Lay out a table that somebody names himself, and read which of our types the columns of one have that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from focus_assets.database.dialects import Dialect
from focus_assets.database.open import Database
from focus_assets.database.tables import SYNCED_AT, dialect_column, quoted
from focus_assets.model.names import check_columns, check_resource, check_service
from focus_assets.model.schema import Column, ColumnType, Kind, ResourceSchema

_LIKE: Mapping[type, Kind] = {
    str: Kind.TEXT,
    bool: Kind.BOOL,
    int: Kind.INT64,
    float: Kind.FLOAT,
    Decimal: Kind.DECIMAL,
    datetime: Kind.TIMESTAMP,
    date: Kind.DATE,
    bytes: Kind.BYTES,
    dict: Kind.JSON,
}


@dataclass(frozen=True, slots=True)
class TableName:
    """The name of a table, and of its schema where it is not in the usual one."""

    name: str
    inside: str | None = None

    @classmethod
    def of(cls, text: str) -> TableName:
        """`prices`, or `market.prices`; raises NameRefused for what no table can bear safely."""
        inside, _, name = text.rpartition(".")
        check_resource(name)
        if inside:
            check_service(inside)
        return cls(name, inside or None)


def laid_out(dialect: Dialect, name: TableName, columns: tuple[Column, ...], schema: ResourceSchema | None) -> sa.Table:
    """The table, with the schema's key as its primary key; without a schema it has none. Raises NameRefused."""
    check_columns(column.name for column in columns)
    for each in (name.name, *(column.name for column in columns)):
        dialect.check_name(each)
    inside = dialect.schema_name(name.inside) if name.inside else None
    return sa.Table(
        quoted(name.name),
        sa.MetaData(),
        *(_column(dialect, column, schema) for column in (*columns, SYNCED_AT)),
        *([sa.PrimaryKeyConstraint(*schema.key)] if schema else []),
        schema=inside and quoted(inside),
    )


def _column(dialect: Dialect, column: Column, schema: ResourceSchema | None) -> sa.Column[object]:
    if schema is not None:
        return dialect_column(dialect, column, schema)
    return sa.Column(quoted(column.name), dialect.column_type(column.type, key=0), nullable=True)


def possible_types(database: Database, name: TableName, key: tuple[str, ...]) -> dict[str, list[ColumnType]]:
    """Which of our types each column can be that a table has; empty where there is no such table.

    One that is none of ours is what its values are in Python; what has none of these either can be nothing.
    """
    inside = database.dialect.schema_name(name.inside) if name.inside else None
    with database.reading(f"look into {name.name}") as connection:
        inspector = sa.inspect(connection)
        if not inspector.has_table(name.name, schema=inside):
            return {}
        stored = {column["name"]: column["type"] for column in inspector.get_columns(name.name, schema=inside)}
        parts = {column: len(key) if column in key else 0 for column in stored}
        return {
            column: _ours(database.dialect, connection.dialect, kind, key=parts[column])
            for column, kind in stored.items()
        }


def _ours(dialect: Dialect, spoken: sa.Dialect, stored: sa.types.TypeEngine[object], *, key: int) -> list[ColumnType]:
    said = dialect.spelling(stored, spoken)
    known = [ColumnType(kind) for kind in Kind]
    if isinstance(stored, sa.Numeric) and stored.precision and stored.scale is not None:
        known.append(ColumnType(Kind.DECIMAL, stored.precision, stored.scale))
    found = [one for one in known if dialect.spelling(dialect.column_type(one, key=key), spoken) == said]
    return found or _alike(stored)


def _alike(stored: sa.types.TypeEngine[object]) -> list[ColumnType]:
    try:
        kind = _LIKE.get(stored.python_type)
    except NotImplementedError:
        return []
    return [ColumnType(kind)] if kind else []

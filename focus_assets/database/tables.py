"""Lay out the table that mirrors a resource, and make or widen it: idempotent, and before any load."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateSchema

from focus_assets.database.dialects import Dialect
from focus_assets.database.open import Database
from focus_assets.database.widen import add_columns
from focus_assets.model.errors import DatabaseFailed, NameRefused
from focus_assets.model.names import check_columns, check_resource, check_service
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import Column, ColumnType, Kind, ResourceSchema

_SEAM = "__"  # between service and resource where a database has no schemas
SYNCED_AT = Column("_synced_at", ColumnType(Kind.TIMESTAMP))


@dataclass(frozen=True, slots=True)
class Mirrored:
    """The table of a resource, with the parts of it that a load speaks of."""

    schema: ResourceSchema
    table: sa.Table

    @property
    def partition(self) -> sa.Column[str] | None:
        """The column that we add for the partition."""
        name = self.schema.partitioned_by
        return None if name is None else self.table.c[name]

    def within(self, partition: str) -> sa.ColumnElement[bool]:
        """The rows of one partition."""
        return sa.true() if self.partition is None else self.partition == partition

    def columns(self, names: tuple[str, ...]) -> list[sa.Column[object]]:
        """The table's columns of these names."""
        return [self.table.c[name] for name in names]

    @property
    def shown(self) -> str:
        """The table's name with its schema."""
        return self.table.fullname


def mirrored(database: Database, ref: PartitionRef, schema: ResourceSchema) -> Mirrored:
    """The table for a resource; raises NameRefused for a name that no table can bear safely."""
    return _mirrored(database.dialect, ref.service, ref.resource, schema)


@lru_cache(maxsize=256)  # the same table for every partition and run: SQLAlchemy keeps the SQL that it made for it
def _mirrored(dialect: Dialect, service: str, resource: str, schema: ResourceSchema) -> Mirrored:
    check_service(service)
    check_resource(resource)
    check_columns(column.name for column in schema.columns)
    name = resource if dialect.has_schemas else _joined(service, resource)
    inside = dialect.schema_name(service) if dialect.has_schemas else None
    for each in (name, *(column.name for column in schema.columns)):
        dialect.check_name(each)
    partition = [Column(schema.partitioned_by, ColumnType(Kind.TEXT))] if schema.partitioned_by else []
    key = (*(column.name for column in partition), *schema.key)
    columns = [*partition, *schema.columns, SYNCED_AT]
    table = sa.Table(
        quoted(name),
        sa.MetaData(),
        *(dialect_column(dialect, column, schema) for column in columns),
        sa.PrimaryKeyConstraint(*key),
        schema=inside and quoted(inside),
    )
    return Mirrored(schema, table)


def dialect_column(dialect: Dialect, column: Column, schema: ResourceSchema) -> sa.Column[Any]:
    """A column in its database's own type, the same in the stage and in the table; what is not the key may be NULL."""
    key = [*([schema.partitioned_by] if schema.partitioned_by else []), *schema.key]
    parts = len(key) if column.name in key else 0
    return sa.Column(quoted(column.name), dialect.column_type(column.type, key=parts), nullable=not parts)


def _joined(service: str, resource: str) -> str:
    """One name for the two where a database has no schemas; no other two have the same."""
    if _SEAM in service or service.endswith(_SEAM[0]):
        raise NameRefused(service, "without schemas its tables could be taken for those of another service")
    return f"{service}{_SEAM}{resource}"


def quoted(name: str) -> sa.quoted_name:
    """Always, and not only where a list of reserved words says so: SQLAlchemy's lack a database's newest."""
    return sa.quoted_name(name, quote=True)


def ensure(database: Database, target: Mirrored) -> list[str]:
    """Make the schema, the table and its views, or add the columns that it lacks; returns the added columns' names.

    A column that is there keeps its type: whoever retypes it must say so. Two processes may do this at once.
    """
    return make(database, target.table, target.schema.columns)


def make(database: Database, table: sa.Table, columns: tuple[Column, ...]) -> list[str]:
    """The same for any table: its columns are these, and what we add to them."""
    try:
        return _make(database, table, columns)
    except DatabaseFailed:
        # Another process may have made it between our look and our statement: look again, once.
        return _make(database, table, columns)


def ensure_schema(database: Database, table: sa.Table) -> None:
    """Make what a table lies in, where there are schemas; two processes may do this at once."""
    if table.schema is None:
        return
    doing = f"prepare the schema of {table.fullname}"
    try:
        with database.writing(doing) as connection:
            _make_schema(database, connection, table)
    except DatabaseFailed:  # as in `make`
        with database.writing(doing) as connection:
            _make_schema(database, connection, table)


def _make_schema(database: Database, connection: sa.Connection, table: sa.Table) -> None:
    if table.schema and not sa.inspect(connection).has_schema(table.schema):
        connection.execute(CreateSchema(table.schema, if_not_exists=database.dialect.makes_schema_if_missing))


def _make(database: Database, table: sa.Table, columns: tuple[Column, ...]) -> list[str]:
    with database.writing(f"prepare the table {table.fullname}") as connection:
        _make_schema(database, connection, table)
        stored = stored_columns(connection, table)
        if stored is None:
            table.create(connection)
        else:
            database.dialect.check_table(connection, table)
        lacking = [] if stored is None else [column for column in table.columns if column.name not in stored]
        added = add_columns(database.dialect, connection, lacking)
        if stored is None or added:
            for statement in database.dialect.views(table, columns):
                connection.exec_driver_sql(statement)
    return added


def stored_columns(connection: sa.Connection, table: sa.Table) -> set[str] | None:
    """The names of the columns that a table has in the database; None where there is no table."""
    inspector = sa.inspect(connection)
    if not inspector.has_table(table.name, schema=table.schema):
        return None
    return {column["name"] for column in inspector.get_columns(table.name, schema=table.schema)}


def has_rows(database: Database, target: Mirrored, partition: str) -> bool | None:
    """Whether a partition has any row; None where there is no table."""
    with database.reading(f"look into {target.shown}") as connection:
        return None if stored_columns(connection, target.table) is None else holds_rows(connection, target, partition)


def holds_rows(connection: sa.Connection, target: Mirrored, partition: str) -> bool:
    """Whether a table that is there has any row of a partition."""
    probe = _probe(target.table, target.schema.partitioned_by)
    return connection.execute(probe, {"of_partition": partition}).first() is not None


@lru_cache(maxsize=256)
def _probe(table: sa.Table, partitioned_by: str | None) -> sa.Select[int]:
    mine = sa.true() if partitioned_by is None else table.c[partitioned_by] == sa.bindparam("of_partition")
    return sa.select(sa.literal(1)).select_from(table).where(mine).limit(1)

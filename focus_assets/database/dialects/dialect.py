"""Say what a database must be able to do for a mirror; each dialect holds only what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.schema import DropTable

from focus_assets.model.errors import DatabaseError
from focus_assets.model.feed import Row
from focus_assets.model.schema import Column, ColumnType

ARRIVAL = "_focus_arrival"  # the column that numbers a stage's rows, where rows have no number of their own


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a bulk write goes: a table, and those of its columns that the rows hold, in the rows' order.

    `constants` are the columns, and their texts, that are the same in every row, and in none of them.
    """

    table: sa.Table
    columns: tuple[Column, ...]
    constants: tuple[tuple[str, str], ...] = ()


def laid_out_as(table: sa.Table, name: str, *, defaults: Mapping[str, str] | None = None, **how: Any) -> sa.Table:
    """Another table of the same columns in their order; a unique index `NAME_key` stands for the primary key."""
    columns = [
        sa.Column(column.name, column.type, nullable=column.nullable, server_default=(defaults or {}).get(column.name))
        for column in table.columns
    ]
    made = sa.Table(name, sa.MetaData(), *columns, **how)
    sa.Index(f"{name}_key", *(made.c[column.name] for column in table.primary_key.columns), unique=True)
    return made


class Dialect(Protocol):
    """What differs between databases, and nothing else: what has a body here is what most of them do."""

    def __hash__(self) -> int:
        """Tables are laid out once for a dialect and a schema."""
        return object.__hash__(self)

    @property
    def name(self) -> str:
        """The word in a URL before `+` or `:`."""

    @property
    def has_schemas(self) -> bool:
        """Whether tables of one business service get a schema of their own."""

    def schema_name(self, service: str) -> str:
        """How SQLAlchemy is told the schema of a business service, where there are schemas."""
        return service

    def check_name(self, name: str) -> None:
        """Raise NameRefused for the name of a table or column that this database cannot bear."""
        return

    @property
    def single_writer(self) -> bool:
        """Whether the whole database has one writer at a time."""

    @property
    def one_process(self) -> bool:
        """Whether one process at a time can have the database open, readers included."""
        return False

    @property
    def inserts_by_key(self) -> bool:
        """Whether many rows are inserted faster in the order of their key."""

    @property
    def transactional_ddl(self) -> bool:
        """Whether DDL is part of a transaction; where it is not, it commits what came before it."""
        return True

    @property
    def indexes_stages(self) -> bool:
        """Whether a stage is joined through an index over its key; where it is hashed, an index only costs."""
        return True

    @property
    def hashes_full_loads(self) -> bool:
        """Whether a full load is compared by hash; elsewhere through an index, which its stage then has to have."""
        return True

    @property
    def reopens_temporary(self) -> bool:
        """Whether one statement may name a temporary table twice."""
        return True

    @property
    def deletes_by_join(self) -> bool:
        """Whether DELETE finds its rows by a join; elsewhere by `(a, b) IN (SELECT ...)`."""
        return False

    @property
    def makes_schema_if_missing(self) -> bool:
        """Whether CREATE SCHEMA has an IF NOT EXISTS."""
        return True

    @property
    def skips_locked(self) -> bool:
        """Whether a reader can pass over rows that others have locked; one writer at a time has none to pass over."""
        return not self.single_writer

    def engine(self, url: sa.URL, *, lock_timeout: float) -> sa.Engine:
        """An engine whose statements wait at most `lock_timeout` seconds for somebody else's lock."""

    def stands(self, connection: sa.Connection) -> bool:
        """Whether a connection that lay idle can be used on."""
        dialect, driver = connection.dialect, connection.connection.dbapi_connection
        assert driver is not None
        try:
            dialect.do_ping(driver)
            dialect.do_rollback(connection.connection)  # what the question may have begun
        except dialect.loaded_dbapi.Error:
            return False
        return True

    def check_table(self, connection: sa.Connection, table: sa.Table) -> None:
        """Raise DatabaseRefused where a table that is there takes no part in transactions, or hides rows."""
        return

    def stored_types(self, connection: sa.Connection, table: sa.Table) -> dict[str, sa.types.TypeEngine[Any]]:
        """The types of the columns of a table that is there."""
        found = sa.inspect(connection).get_columns(table.name, schema=table.schema)
        return {column["name"]: column["type"] for column in found}

    @property
    def refuses_misfits(self) -> bool:
        """Whether a table is refused for its `misfits`."""
        return True

    def misfits(
        self, connection: sa.Connection, table: sa.Table, stored: Mapping[str, sa.types.TypeEngine[Any]]
    ) -> list[str]:
        """What a table with these types has otherwise than we make it: it might round, cut or equate values unseen."""
        spoken = connection.dialect
        spelled = (
            (column.name, self.spelling(stored[column.name], spoken), self.spelling(column.type, spoken))
            for column in table.columns
            if column.name in stored
        )
        return [f"{name} is {found} and not {ours}" for name, found, ours in spelled if found != ours]

    def may_meddle(self, connection: sa.Connection, table: sa.Table) -> bool:
        """Whether the database may write something else to a table than it is told to."""
        del connection, table
        return False

    def elsewhere(self, connection: sa.Connection, table: sa.Table) -> list[str]:
        """Other schemas that have a table of a name for which none is said."""
        del connection, table
        return []

    def mark_session(self, connection: sa.Connection) -> str:
        """Leave a mark on the session of a transaction that will be committed, and return it; where none is needed, "".

        A pooler may give the next transaction another session: other temporary tables, by the same names.
        """
        del connection
        return ""

    def check_session(self, connection: sa.Connection, mark: str) -> None:
        """Raise DatabaseRefused where a transaction has not the session that was marked."""
        return

    def column_type(self, column_type: ColumnType, *, key: int) -> sa.types.TypeEngine[Any]:
        """The type that stores such values exactly; key texts under a binary collation.

        `key` is the number of the key's columns, 0 for a column that is none of them.
        """

    def spelling(self, stored: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> str:
        """One word for a type, whether it is one of ours or was read from the database."""
        return stored.compile(dialect)

    def numbering(self) -> list[sa.Column[Any]]:
        """The column ARRIVAL of a stage, where rows have no number of their own."""
        return []

    def temporary_name(self, name: str) -> str:
        """What a temporary table is called, where its name alone makes it one."""
        return name

    def temporary(self) -> dict[str, Any]:
        """The arguments of `sa.Table` that make a table this connection's own, gone with it."""

    @property
    def stage_becomes_table(self) -> bool:
        """Whether the stage of a first load can become the table, or hand its pages over as they are."""
        return False

    @property
    def first_stage_lasts(self) -> bool:
        """Whether that stage is no temporary table: then nothing but its transaction keeps it from sight."""
        return False

    def first_stage(self, table: sa.Table, constants: Sequence[tuple[str, str]]) -> sa.Table:
        """The stage of a first load, laid out as the table, with the unique index that its key will be."""
        raise AssertionError(f"{self.name} has no first stage of {table.name} with {constants}")

    def become(self, connection: sa.Connection, staged: sa.Table, table: sa.Table) -> bool:
        """Make of a filled first stage the table; False, and nothing done, where one of its name is there by now."""
        raise AssertionError(f"{self.name} cannot make {table.name} of {staged.name} on {connection}")

    def arrival(self, table: sa.Table) -> sa.ColumnElement[Any]:
        """What orders the rows of a stage by their arrival."""
        return table.c[ARRIVAL]

    def discard(self, table: sa.Table) -> sa.Executable:
        """The statement that drops a temporary table if it is there."""
        return DropTable(table, if_exists=True)

    def differs(self, one: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Whether two values of the same column type are not the same one, NULL included."""
        return one.is_distinct_from(other)

    def walked(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """A key's column in the stage, for a join that is to walk through the stage and look up the table."""
        return column

    def latest(self, columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        """The latest of some timestamps, NULLs passed over; comparable, never NULL itself."""

    def moment(self, text: str) -> sa.ColumnElement[Any]:
        """A canonical timestamp as a value that compares with a timestamp column."""

    def begin_write(self, connection: sa.Connection) -> None:
        """Make the transaction that has begun the one writer where the database has only one."""
        return

    def write_rows(self, connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]]) -> int:
        """Write all batches by the fastest exact way, in order; returns how many rows."""

    @property
    def takes_packed(self) -> bool:
        """Whether `write_rows` is quicker where rows are PackedRows."""
        return False

    @property
    def bulk_way(self) -> str:
        """How `write_rows` writes, in a few words for a run's metadata."""

    def way_in(self, connection: sa.Connection) -> str:
        """The same of this connection, where servers differ."""
        del connection
        return self.bulk_way

    def analyze(self, connection: sa.Connection, table: sa.Table) -> None:
        """Tell the planner what a stage holds, once it is filled."""
        return

    def prepare_apply(self, connection: sa.Connection, *, full: bool) -> None:
        """Tell the planner whether the statements until the transaction's end look at every row, or at some by key."""
        return

    def meet_alembic(self) -> None:
        """Introduce to Alembic what it does not know by itself, once it has been imported."""
        return

    def translate(self, error: BaseException, doing: str) -> DatabaseError | None:
        """Our name for a driver's error; None for what is not the driver's."""

    def views(self, table: sa.Table, columns: Sequence[Column]) -> list[str]:
        """The statements that make a table's views, where it needs any."""
        return []

"""PostgreSQL: the production default; psycopg 3, COPY."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.exc import IntegrityError, ProgrammingError

from focus_assets.database.dialects.adapt import Adapt, adapter
from focus_assets.database.dialects.csvlines import csv_writer
from focus_assets.database.dialects.dialect import Dialect, Lane, laid_out_as
from focus_assets.database.dialects.tuples import TRAILER, tuple_writer
from focus_assets.model.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseRefused,
    DatabaseUnreachable,
    MissingExtra,
    StorageFull,
)
from focus_assets.model.feed import PackedRows, Row, Value
from focus_assets.model.schema import Column, ColumnType, Kind

_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.INT16: sa.SmallInteger(),
    Kind.INT32: sa.Integer(),
    Kind.INT64: sa.BigInteger(),
    Kind.FLOAT: pg.DOUBLE_PRECISION(),
    Kind.TEXT: sa.Text(),
    Kind.UUID: pg.UUID(as_uuid=False),
    Kind.TIMESTAMP: pg.TIMESTAMP(timezone=True),
    Kind.DATE: sa.Date(),
    Kind.BOOL: sa.Boolean(),
    Kind.JSON: pg.JSONB(),
    Kind.BYTES: pg.BYTEA(),
    Kind.TEXT_LIST: pg.ARRAY(sa.Text()),
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html: by class, and single codes before their class
_NAMES: dict[str, type[DatabaseError]] = {
    "55P03": DatabaseBusy,  # lock_not_available
    "40P01": DatabaseBusy,  # deadlock_detected
    "40001": DatabaseBusy,  # serialization_failure
    "42501": DatabaseRefused,  # insufficient_privilege
    "42P01": DatabaseRefused,  # undefined_table
    "53100": StorageFull,  # disk_full
    "53300": DatabaseUnreachable,  # too_many_connections
    "57P": DatabaseUnreachable,  # shutdown and crash
    "08": DatabaseUnreachable,
    "28": DatabaseRefused,  # invalid authorization
    "3D": DatabaseRefused,  # no such database
    "25006": DatabaseRefused,  # read_only_sql_transaction
}


_NAME_BYTES, _KEY_SUFFIX = 63, "_pkey"
_THERE_ALREADY = ("42P07", "23505", "42710")  # a name of a relation, by the catalog's own index, of a type
_WAY = "focus_way_in"
_NAME = "focus-assets"
# texts come and go as UTF-8, whatever the database keeps them in
_SETTINGS = {"connect_timeout": 10, "client_encoding": "utf8", "autocommit": False}
# a role or a database may have others; floats are read as digits, and with fewer of these as others
_SESSION = {
    "timezone": "UTC",
    "standard_conforming_strings": "on",
    "extra_float_digits": "1",
    "application_name": _NAME,
}
_MARK = "focus.session"
# https://www.postgresql.org/docs/current/catalog-pg-class.html
_KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}
_KIND = sa.text(
    "SELECT c.relkind, row_security_active(c.oid), c.relhastriggers OR c.relhasrules "
    "FROM pg_class c WHERE c.oid = to_regclass(:named)"
)
_ELSEWHERE = sa.text(
    "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relname = :name AND c.relkind IN ('r', 'p') AND n.nspname <> current_schema() "
    "AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
)
_STATISTICS_TARGET = 10  # 3,000 rows: https://www.postgresql.org/docs/current/sql-analyze.html
ADD_KEY = "ADD CONSTRAINT {key} PRIMARY KEY USING INDEX {index}"


class Postgres(Dialect):
    """Everything has its own type; stages are temporary tables, written by COPY."""

    name = "postgresql"
    bulk_way = "COPY"
    takes_packed = True
    single_writer = False
    has_schemas = True

    stage_becomes_table = True
    first_stage_lasts = True

    # its index takes rows in any order, and to sort them first costs more
    inserts_by_key = False

    def engine(self, url: sa.URL, *, lock_timeout: float) -> sa.Engine:
        """psycopg 3; `lock_timeout` holds for every statement of its connections."""
        try:
            import psycopg  # noqa: F401
        except ImportError as error:
            raise MissingExtra("postgres", needed_for="a PostgreSQL destination") from error
        session = {"lock_timeout": str(int(lock_timeout * 1000)), **_SESSION}
        settings = (f"-c {name}={value}" for name, value in session.items())
        options = " ".join(filter(None, (str(url.query.get("options", "")), *settings)))
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
            connect_args={**_SETTINGS, "options": options},
            poolclass=sa.NullPool,
        )
        sa.event.listen(engine, "connect", lambda connection, _record: _settle_session(connection, session))
        return engine

    def mark_session(self, connection: sa.Connection) -> str:
        """A setting of the session's own: its process may serve others between two transactions."""
        mark = uuid.uuid4().hex
        connection.exec_driver_sql(f"SELECT set_config('{_MARK}', '{mark}', false)")
        return mark

    def check_session(self, connection: sa.Connection, mark: str) -> None:
        """Where a pooler keeps to transactions, the stage is somebody else's, or nowhere."""
        if connection.exec_driver_sql(f"SELECT current_setting('{_MARK}', true)").scalar_one() != mark:
            raise DatabaseRefused(
                "PostgreSQL has given one connection two sessions, as a pooler in transaction mode does; "
                "a load needs one: let destination.url name the server itself, or a pooler in session mode"
            )

    def check_table(self, connection: sa.Connection, table: sa.Table) -> None:
        """What lies on another server commits by itself; what policies hide is neither counted nor written."""
        kind, hides, _ = self._kind(connection, table)
        if kind in _KINDS:
            raise DatabaseRefused(f"{table.fullname} is {_KINDS[kind]}: a load needs a table")
        if hides:
            raise DatabaseRefused(
                f"{table.fullname} has row security, which may hide rows from a load: "
                "let destination.url name its owner, or a user with BYPASSRLS"
            )

    def may_meddle(self, connection: sa.Connection, table: sa.Table) -> bool:
        """Triggers, those of foreign keys among them, and rules."""
        return bool(self._kind(connection, table)[2])

    def _kind(self, connection: sa.Connection, table: sa.Table) -> tuple[str, bool, bool]:
        found = connection.execute(_KIND, {"named": _named(table)}).one()
        return found[0], found[1], found[2]

    def elsewhere(self, connection: sa.Connection, table: sa.Table) -> list[str]:
        """By `search_path` each user may have another schema."""
        return list(connection.execute(_ELSEWHERE, {"name": table.name}).scalars())

    def column_type(self, column_type: ColumnType, *, key: int) -> sa.types.TypeEngine[Any]:
        """Key texts compare byte by byte."""
        if column_type.kind is Kind.DECIMAL:
            return sa.Numeric(column_type.precision, column_type.scale)
        if column_type.kind is Kind.TEXT and key:
            return sa.Text(collation="C")
        return _TYPES[column_type.kind]

    def temporary(self) -> dict[str, Any]:
        """A temporary table is not logged, and nobody else sees it."""
        return {"prefixes": ["TEMPORARY"]}

    def first_stage(self, table: sa.Table, constants: Sequence[tuple[str, str]]) -> sa.Table:
        """A table beside the one that it will be, under a name that no other run has; COPY leaves constants to it."""
        return laid_out_as(table, f"_focus_{uuid.uuid4().hex}", defaults=dict(constants), schema=table.schema)

    def become(self, connection: sa.Connection, staged: sa.Table, table: sa.Table) -> bool:
        """By its name; what is written once need not be written again.

        https://www.postgresql.org/docs/current/sql-altertable.html
        """
        preparer = connection.dialect.identifier_preparer
        quoted, name = preparer.quote, preparer.format_table(table)
        key = ADD_KEY.format(key=quoted(_key_name(table)), index=quoted(str(next(iter(staged.indexes)).name)))
        defaults = [f"ALTER {quoted(c.name)} DROP DEFAULT" for c in staged.columns if c.server_default is not None]
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(
                    f"ALTER TABLE {preparer.format_table(staged)} RENAME TO {quoted(table.name)}"
                )
                connection.exec_driver_sql(f"ALTER TABLE {name} {', '.join([key, *defaults])}")
        except (ProgrammingError, IntegrityError) as error:
            if getattr(error.orig, "sqlstate", None) in _THERE_ALREADY:
                return False
            raise
        return True

    def arrival(self, table: sa.Table) -> sa.ColumnElement[Any]:
        """COPY fills a fresh table from its first page to its last."""
        return sa.literal_column(f'"{table.name}".ctid')

    def differs(self, one: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """JSON that is the same byte for byte, as most is, is not walked through.

        https://www.postgresql.org/docs/current/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON
        """
        distinct = one.is_distinct_from(other)
        if not isinstance(one.type, pg.JSONB):
            return distinct
        return sa.and_(~sa.func.record_image_eq(sa.func.row(one), sa.func.row(other)), distinct)

    def latest(self, columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        """GREATEST passes over NULLs, and is NULL when all are."""
        return sa.func.coalesce(sa.func.greatest(*columns), sa.literal_column("'-infinity'::timestamptz"))

    def moment(self, text: str) -> sa.ColumnElement[Any]:
        """A literal: the text was made by us from a parsed time."""
        return sa.cast(sa.literal(text, sa.Text()), pg.TIMESTAMP(timezone=True))

    def write_rows(self, connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]]) -> int:
        """COPY as CSV: JSON arrays without their brackets, for which JSON's quotes and escapes serve.

        In binary where the first rows are packed.
        """
        filled = filter(None, batches)
        first = next(filled, None)
        packed = isinstance(first, PackedRows)
        connection.info[_WAY] = "COPY (FORMAT binary)" if packed else self.bulk_way
        if first is None:
            return 0
        names = ", ".join(_quoted(column.name) for column in lane.columns)
        form = "FORMAT binary" if packed else "FORMAT csv, NULL 'null', ESCAPE '\\', ENCODING 'utf8'"
        statement, written = f"COPY {_named(lane.table)} ({names}) FROM STDIN ({form})", 0
        with _cursor(connection) as cursor, cursor.copy(statement) as copy:
            send = tuple_writer(cursor, lane.columns) if packed else _csv_lines(lane.columns)
            for rows in chain((first,), filled):
                copy.write(send(rows))
                written += len(rows)
            if packed:
                copy.write(TRAILER)
        return written

    def way_in(self, connection: sa.Connection) -> str:
        """As the last rows were written."""
        return str(connection.info.get(_WAY, self.bulk_way))

    def analyze(self, connection: sa.Connection, table: sa.Table) -> None:
        """Autovacuum never sees a temporary table, and another one only after a while.

        Of the key alone, by which loads join, and of few rows: a sample of the usual size is in as many pages as a
        million rows have, and takes as long as to copy 100,000.
        """
        connection.exec_driver_sql(f"SET LOCAL default_statistics_target = {_STATISTICS_TARGET}")
        name = connection.dialect.identifier_preparer.format_table(table)
        key = ", ".join(map(connection.dialect.identifier_preparer.quote, _key_of(table)))
        connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {name} ({key})")

    def prepare_apply(self, connection: sa.Connection, *, full: bool) -> None:
        """Its guess would depend on statistics that may be missing or old, and on how dear it takes a look-up for."""
        for way in ("nestloop",) if full else ("hashjoin", "mergejoin"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")

    def translate(self, error: BaseException, doing: str) -> DatabaseError | None:
        """By SQLSTATE; a connection that was never there has none."""
        import psycopg

        if not isinstance(error, psycopg.Error):
            return None
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        said = f"PostgreSQL could not {doing}: {first_line}"
        if error.sqlstate is None:
            lost = isinstance(error, psycopg.OperationalError)
            return (_refusal(str(error)) if lost else DatabaseFailed)(said)
        prefixes = (error.sqlstate, error.sqlstate[:3], error.sqlstate[:2])
        return next((_NAMES[p] for p in prefixes if p in _NAMES), DatabaseFailed)(said)


def _settle_session(connection: Any, session: Mapping[str, str]) -> None:
    """A pooler may drop what a connection asks for at its start; the server tells the name of those that it took."""
    if connection.info.parameter_status("application_name") == _NAME:
        return
    settings = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in session.items())
    connection.autocommit = True
    connection.execute(f"SELECT {settings}")
    connection.autocommit = False


def _key_of(table: sa.Table) -> list[str]:
    """The names of the primary key's columns; of a stage, which has none, of those that its index is over."""
    return [column.name for column in table.primary_key.columns or next(iter(table.indexes)).columns]


def _key_name(table: sa.Table) -> str:
    """The name that PostgreSQL itself would give to the key: it cuts the table's to leave room."""
    room = _NAME_BYTES - len(_KEY_SUFFIX)
    return table.name.encode()[:room].decode(errors="ignore") + _KEY_SUFFIX


def _hex(value: Value, _type: ColumnType) -> str:
    return "\\x" + cast("bytes", value).hex()


def _array(value: Value, _type: ColumnType) -> str:
    """https://www.postgresql.org/docs/current/arrays.html#ARRAYS-INPUT"""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in cast("list[str]", value))
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


_ADAPT: dict[Kind, Adapt] = {Kind.BYTES: _hex, Kind.TEXT_LIST: _array}


def _csv_lines(columns: Sequence[Column]) -> Callable[[Sequence[Row]], bytes]:
    adapt, lines = adapter(columns, _ADAPT), csv_writer(columns)
    return lambda rows: lines(adapt(list(rows) if isinstance(rows, PackedRows) else rows))


def _quoted(name: str) -> str:
    """For a statement without parameters, where a `%` is a `%`."""
    return '"' + name.replace('"', '""') + '"'


def _named(table: sa.Table) -> str:
    return ".".join(_quoted(part) for part in (table.schema, table.name) if part)


def _cursor(connection: sa.Connection) -> Any:  # psycopg's own: an optional dependency
    driver: Any = connection.connection.driver_connection
    return driver.cursor()


def _refusal(said: str) -> type[DatabaseError]:
    """A server that answers a connection with no has no SQLSTATE to show for it."""
    refused = ("password authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied")
    return DatabaseRefused if any(words in said for words in refused) else DatabaseUnreachable

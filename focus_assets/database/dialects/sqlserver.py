"""SQL Server: mssql-python, stages in session-local temporary tables, INSERTs of literals that no driver retypes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from focus_assets.database.dialects.dialect import ARRIVAL, Dialect, Lane
from focus_assets.database.dialects.literals import writers
from focus_assets.database.dialects.texts import decimal_text, numeric_view
from focus_assets.database.dialects.utc import Utc
from focus_assets.model.errors import (
    BadValue,
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseRefused,
    DatabaseUnreachable,
    MissingExtra,
    NameRefused,
    StorageFull,
)
from focus_assets.model.feed import Row, Value
from focus_assets.model.schema import Column, ColumnType, Kind

LONGEST_NAME = 128
# https://learn.microsoft.com/sql/sql-server/maximum-capacity-specifications-for-sql-server: 900 bytes a clustered key
LONGEST_KEY = 900
_ROWS = 1000  # https://learn.microsoft.com/sql/t-sql/queries/table-value-constructor-transact-sql
_COLLATION = "Latin1_General_100_BIN2"
_TEXT = sa.NVARCHAR(collation=_COLLATION)
_MOMENT: sa.types.TypeEngine[Any] = mssql.DATETIME2(6)  # type: ignore[no-untyped-call]
_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.INT16: sa.SmallInteger(),
    Kind.INT32: sa.Integer(),
    Kind.INT64: sa.BigInteger(),
    Kind.FLOAT: sa.Float(53),
    Kind.UUID: sa.CHAR(36, collation=_COLLATION),
    Kind.TIMESTAMP: Utc(_MOMENT),
    Kind.DATE: sa.DATE(),
    Kind.BOOL: mssql.BIT(),
    Kind.BYTES: mssql.VARBINARY("max"),  # type: ignore[no-untyped-call]
}
# The driver keeps the server's number of an error to itself: https://github.com/microsoft/mssql-python
_SAID: dict[str, type[DatabaseError]] = {
    "Lock request time out period exceeded": DatabaseBusy,
    "deadlock": DatabaseBusy,
    "Login failed": DatabaseRefused,
    "Cannot open database": DatabaseRefused,
    "permission": DatabaseRefused,
    "Invalid object name": DatabaseRefused,
    "read-only": DatabaseRefused,
    "Could not allocate space": StorageFull,
    "is full due to": StorageFull,
    "Client unable to establish connection": DatabaseUnreachable,
    "Communication link failure": DatabaseUnreachable,
    "Connection not open": DatabaseUnreachable,
    "Connection failure": DatabaseUnreachable,
    "Timeout expired": DatabaseUnreachable,
    "timeout expired": DatabaseUnreachable,
}


class SQLServer(Dialect):
    """JSON and lists are texts; timestamps are `datetime2(6)` in UTC."""

    name = "mssql"
    bulk_way = "INSERT of a thousand rows"
    single_writer = False
    has_schemas = True
    inserts_by_key = False
    indexes_stages = False
    deletes_by_join = True
    makes_schema_if_missing = False
    refuses_misfits = False  # how its types are read back was never tried

    def check_name(self, name: str) -> None:
        """https://learn.microsoft.com/sql/relational-databases/databases/database-identifiers"""
        if _units(name) > LONGEST_NAME:
            raise NameRefused(name, f"SQL Server takes names of up to {LONGEST_NAME} characters")

    def engine(self, url: sa.URL, *, lock_timeout: float) -> sa.Engine:
        """mssql-python; every session waits so long for a lock, and no longer."""
        try:
            import mssql_python  # noqa: F401
        except ImportError as error:
            raise MissingExtra("sqlserver", needed_for="an SQL Server destination") from error
        engine = sa.create_engine(url.set(drivername="mssql+mssqlpython"), poolclass=sa.NullPool)
        sa.event.listen(engine, "connect", lambda connection, _record: _prepare(connection, lock_timeout))
        return engine

    def column_type(self, column_type: ColumnType, *, key: int) -> sa.types.TypeEngine[Any]:
        """What is part of a key has a length; a longer value is refused by name."""
        if column_type.kind is Kind.DECIMAL and not _is_text(column_type):
            return sa.Numeric(column_type.precision, column_type.scale)
        if key and column_type.kind is Kind.BYTES:
            return sa.VARBINARY(LONGEST_KEY // key)
        if key and column_type.kind not in _TYPES:
            return sa.NVARCHAR(LONGEST_KEY // 2 // key, collation=_COLLATION)
        return _TYPES.get(column_type.kind, _TEXT)

    def spelling(self, stored: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> str:
        """The two words for one type are one."""
        return stored.compile(dialect).replace("NUMERIC", "DECIMAL").replace("FLOAT(53)", "FLOAT")

    def numbering(self) -> list[sa.Column[Any]]:
        """Rows have no number of their own."""
        return [sa.Column(ARRIVAL, sa.BigInteger(), sa.Identity(start=1, increment=1))]

    def temporary_name(self, name: str) -> str:
        """https://learn.microsoft.com/sql/t-sql/statements/create-table-transact-sql#temporary-tables"""
        return f"#{name}"

    def temporary(self) -> dict[str, Any]:
        """By its name alone, it is the session's own."""
        return {}

    def differs(self, one: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """For SQL Server 'a' equals 'a ', and 0x01 equals 0x0100: their lengths tell.

        https://learn.microsoft.com/sql/t-sql/language-elements/string-comparison-assignment
        """
        distinct = one.is_distinct_from(other)
        if not isinstance(one.type, sa.String | sa.VARBINARY):
            return distinct
        return sa.or_(distinct, sa.func.datalength(one).is_distinct_from(sa.func.datalength(other)))

    def latest(self, columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        """By comparison: GREATEST is there only since 2022."""
        moments = [sa.func.coalesce(column, self.moment("0001-01-01T00:00:00.000000Z")) for column in columns]
        return reduce(lambda one, other: sa.case((one >= other, one), else_=other), moments)

    def moment(self, text: str) -> sa.ColumnElement[Any]:
        """The canonical text without its zone."""
        return sa.cast(sa.literal(text.removesuffix("Z"), sa.String()), _MOMENT)

    def write_rows(self, connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]]) -> int:
        """INSERTs of a thousand rows, every value a literal of its column's type."""
        driver: Any = connection.connection.driver_connection
        cursor, written = driver.cursor(), 0
        for rows in batches:
            for statement in inserts(lane, rows):
                cursor.execute(statement)
            written += len(rows)
        cursor.close()
        return written

    def translate(self, error: BaseException, doing: str) -> DatabaseError | None:
        """By what it says."""
        import mssql_python

        if not isinstance(error, mssql_python.Error):
            return None
        said = str(error)
        named = next((_SAID[words] for words in _SAID if words in said), DatabaseFailed)
        return named(f"SQL Server could not {doing}: {said}")

    def views(self, table: sa.Table, columns: Sequence[Column]) -> list[str]:
        """Decimals that are texts compare as texts: a view casts them, rounded to a double."""
        decimals = {column.name for column in columns if _is_text(column.type)}
        quoting = mssql.dialect()  # type: ignore[no-untyped-call]
        return numeric_view(table, quoting, decimals=decimals, cast=lambda column: sa.cast(column, sa.Float(53)))


def inserts(lane: Lane, rows: Sequence[Row]) -> Iterator[str]:
    """The statements that write these rows."""
    names = ", ".join(f"[{column.name.replace(']', ']]')}]" for column in lane.columns)
    head = f"INSERT INTO [{lane.table.name}] ({names}) VALUES\n"
    literals = [_literals(lane, column) for column in lane.columns]
    pending = iter(rows)
    while some := list(islice(pending, _ROWS)):
        lanes = [made(values) for made, values in zip(literals, zip(*some, strict=True), strict=False)]
        yield head + ",\n".join(f"({', '.join(row)})" for row in zip(*lanes, strict=True))


def _prepare(connection: Any, lock_timeout: float) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET LOCK_TIMEOUT {int(lock_timeout * 1000)}")
    cursor.close()


def _is_text(column_type: ColumnType) -> bool:
    """https://learn.microsoft.com/sql/t-sql/data-types/decimal-and-numeric-transact-sql"""
    return column_type.kind is Kind.DECIMAL and (column_type.precision is None or column_type.precision > 38)


def _units(text: str) -> int:
    """UTF-16 units, in which SQL Server counts."""
    return len(text.encode("utf-16-le")) // 2


_Literals = Callable[[Sequence[Value]], list[str]]


def _literals(lane: Lane, column: Column) -> _Literals:
    """A function that turns a column's values into literals."""
    made = _LITERAL[column.type.kind]
    longest = _longest(lane.table.c[column.name].type)

    def literal(value: Value) -> str:
        if longest is not None:
            _insist_on_key(value, longest, column)
        return made(value, column.type)

    return lambda values: ["NULL" if value is None else literal(value) for value in values]


def _longest(stored: sa.types.TypeEngine[Any]) -> int | None:
    if not isinstance(stored, sa.NVARCHAR | sa.VARBINARY):
        return None
    return stored.length if isinstance(stored.length, int) else None


def _insist_on_key(value: Value, longest: int, column: Column) -> None:
    """Two keys that SQL Server takes for one are refused, as are those that it has no room for."""
    size = len(value) if isinstance(value, bytes) else _units(_written(value, column.type))
    if size > longest:
        raise BadValue(f"as part of a key it may have {longest} characters", column=column.name, value=str(value))
    if isinstance(value, str) and value.endswith(" "):
        raise BadValue("SQL Server tells no key from one with spaces behind it", column=column.name, value=value)
    if isinstance(value, bytes) and value.endswith(b"\0"):
        raise BadValue("SQL Server tells no key from one with zeros behind it", column=column.name, value=str(value))


def _written(value: Value, column_type: ColumnType) -> str:
    return value if isinstance(value, str) else decimal_text(value, column_type)


def _text(text: str) -> str:
    """A backslash at a line's end would join the lines, so that the literal is cut there.

    https://learn.microsoft.com/sql/t-sql/language-elements/sql-server-utilities-statements-backslash
    """
    quoted = text.replace("'", "''")
    if "\\\n" not in quoted and "\\\r" not in quoted:
        return f"N'{quoted}'"
    cut = quoted.replace("\\\n", "\\' + N'\n").replace("\\\r", "\\' + N'\r")
    return f"CAST(N'' AS NVARCHAR(MAX)) + N'{cut}'"


_LITERAL = writers(_text, "0x{}".format)

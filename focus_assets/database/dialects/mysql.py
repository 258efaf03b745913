"""MySQL and MariaDB: PyMySQL, LOAD DATA LOCAL or INSERTs; DDL commits, so a load's transaction has none."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from focus_assets.database.dialects.bytewise import Exact, Key
from focus_assets.database.dialects.dialect import ARRIVAL, Dialect, Lane
from focus_assets.database.dialects.literals import writers
from focus_assets.database.dialects.localdata import Check, accepts, asked_for_a_file, connect, load_rows, takes_files
from focus_assets.database.dialects.texts import decimal_text, numeric_view
from focus_assets.database.dialects.utc import Utc
from focus_assets.model.errors import (
    BadValue,
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseRefused,
    DatabaseUnreachable,
    InvalidConfiguration,
    MissingExtra,
    NameRefused,
    StorageFull,
)
from focus_assets.model.feed import Row, Value
from focus_assets.model.schema import Column, ColumnType, Kind

LONGEST_NAME, LAST_LETTER = 64, 0xFFFF
# https://dev.mysql.com/doc/refman/8.4/en/innodb-limits.html: 3072 bytes a key, four a character
LONGEST_KEY, LONGEST_PART = 3072 // 4, 255
_TAKES_FILES, _TRIED = "focus_takes_files", "focus_has_tried"  # of a connection, for as long as it is open
_NO_LIMIT = 2**64 - 1
_STATEMENT_BYTES = 1_000_000  # a server's max_allowed_packet is 16 MB at least
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_NAMES: dict[int, type[DatabaseError]] = {
    1205: DatabaseBusy,  # lock wait timeout
    1213: DatabaseBusy,  # deadlock
    1020: DatabaseBusy,  # record has changed since last read
    1040: DatabaseUnreachable,  # too many connections
    1053: DatabaseUnreachable,  # server shutdown
    1927: DatabaseUnreachable,  # connection was killed
    **dict.fromkeys((2002, 2003, 2006, 2013, 2055, 4031), DatabaseUnreachable),
    **dict.fromkeys((1044, 1045, 1142, 1143, 1227, 1370, 1698), DatabaseRefused),  # access denied
    1049: DatabaseRefused,  # unknown database
    1146: DatabaseRefused,  # no such table
    1290: DatabaseRefused,  # read-only
    1792: DatabaseRefused,  # read-only transaction
    1021: StorageFull,  # disk full
    1041: StorageFull,  # out of memory
    1114: StorageFull,  # the table is full
}


class _Binary(sa.types.TypeDecorator[bytes]):
    """Bytes as a part of a key."""

    impl = mysql.VARBINARY
    cache_ok = True


_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.INT16: sa.SmallInteger(),
    Kind.INT32: sa.Integer(),
    Kind.INT64: sa.BigInteger(),
    Kind.FLOAT: mysql.DOUBLE(),
    Kind.UUID: mysql.CHAR(36, charset="ascii", collation="ascii_bin"),
    Kind.TIMESTAMP: Utc(mysql.DATETIME(fsp=6)),
    Kind.DATE: sa.Date(),
    Kind.BOOL: sa.Boolean(),
    Kind.BYTES: mysql.LONGBLOB(),
}


# https://dev.mysql.com/doc/refman/8.4/en/information-schema-engines-table.html
_WITHOUT_TRANSACTIONS = sa.text(
    "SELECT t.engine FROM information_schema.tables t JOIN information_schema.engines e ON e.engine = t.engine "
    "WHERE t.table_schema = COALESCE(:inside, DATABASE()) AND t.table_name = :name AND e.transactions <> 'YES'"
)


_COLLATIONS = sa.text(
    "SELECT column_name, character_set_name, collation_name FROM information_schema.columns "
    "WHERE table_schema = COALESCE(:inside, DATABASE()) AND table_name = :name AND collation_name IS NOT NULL"
)
# a trigger is shown to who has the right to make one
_MEDDLERS = sa.text(
    "SELECT 1 FROM information_schema.triggers "
    "WHERE event_object_schema = COALESCE(:inside, DATABASE()) AND event_object_table = :name "
    "UNION ALL SELECT 1 FROM information_schema.referential_constraints "
    "WHERE constraint_schema = COALESCE(:inside, DATABASE()) AND table_name = :name"
)


class MySQL(Dialect):
    """JSON and lists are texts, as their own type would write them anew; timestamps are DATETIME(6) in UTC."""

    name = "mysql"
    bulk_way = "INSERT of many rows"
    single_writer = False
    has_schemas = False
    inserts_by_key = True  # a table is its primary key's tree
    transactional_ddl = False
    hashes_full_loads = False
    deletes_by_join = True  # MariaDB walks the whole table for `(a, b) IN (SELECT ...)` in a DELETE
    reopens_temporary = False

    def check_name(self, name: str) -> None:
        """https://dev.mysql.com/doc/refman/8.4/en/identifiers.html"""
        if len(name) > LONGEST_NAME:
            raise NameRefused(name, f"{self.title} takes names of up to {LONGEST_NAME} characters")
        if any(ord(letter) > LAST_LETTER for letter in name):
            raise NameRefused(name, f"{self.title} takes no letters beyond U+FFFF in names")
        if "`" in name:
            raise NameRefused(name, "SQLAlchemy does not find a column with a backtick again")

    def engine(self, url: sa.URL, *, lock_timeout: float) -> sa.Engine:
        """PyMySQL; every session is strict, in UTC, and sees what was committed before each statement."""
        try:
            import pymysql  # noqa: F401
        except ImportError as error:
            raise MissingExtra("mysql", needed_for="a MySQL or MariaDB destination") from error
        try:
            engine = sa.create_engine(
                url.set(drivername=f"{self.name}+pymysql"),
                connect_args={"charset": "utf8mb4", "connect_timeout": 10},
                isolation_level="READ COMMITTED",
                poolclass=sa.NullPool,
            )
        except ValueError as error:  # a parameter, such as `local_infile`, that is no number
            raise InvalidConfiguration("destination.url", str(error)) from error
        sa.event.listen(engine, "do_connect", lambda _dialect, _record, args, kwargs: connect(*args, **kwargs))
        sa.event.listen(engine, "connect", lambda connection, record: _prepare(connection, record, lock_timeout))
        return engine

    def column_type(self, column_type: ColumnType, *, key: int) -> sa.types.TypeEngine[Any]:
        """What is part of a key has a length; a longer value is refused by name."""
        if column_type.kind is Kind.DECIMAL and not _is_text(column_type):
            return sa.Numeric(column_type.precision, column_type.scale)
        if not key:
            return _TYPES.get(column_type.kind, Exact())
        length = key_length(key)
        return _Binary(length) if column_type.kind is Kind.BYTES else _TYPES.get(column_type.kind, Key(length))

    def check_table(self, connection: sa.Connection, table: sa.Table) -> None:
        """By its engine: what is written to one without transactions stays, whatever becomes of the load."""
        where = {"name": table.name, "inside": table.schema}
        if engine := connection.execute(_WITHOUT_TRANSACTIONS, where).scalar():
            named = connection.dialect.identifier_preparer.format_table(table)
            raise DatabaseRefused(
                f"{table.fullname} is kept by {engine}, which knows no transactions: "
                f"ALTER TABLE {named} ENGINE = InnoDB gives it another"
            )

    def stored_types(self, connection: sa.Connection, table: sa.Table) -> dict[str, sa.types.TypeEngine[Any]]:
        """With the collation also where it is the table's own, which no column repeats."""
        found = super().stored_types(connection, table)
        collations = connection.execute(_COLLATIONS, {"name": table.name, "inside": table.schema})
        for name, charset, collation in collations:
            texts = cast("mysql.VARCHAR", found[name])
            texts.charset, texts.collation = charset, collation
        return found

    def may_meddle(self, connection: sa.Connection, table: sa.Table) -> bool:
        """Triggers, and foreign keys with their actions."""
        return connection.execute(_MEDDLERS, {"name": table.name, "inside": table.schema}).first() is not None

    def spelling(self, stored: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> str:
        """MariaDB speaks of display widths, MySQL does not any more; both have other words for some types."""
        said = re.sub(r"^((?:BIG|SMALL|TINY)INT|INTEGER)\(\d+\)$", r"\1", stored.compile(dialect))
        return {"BOOL": "TINYINT"}.get(said, said.replace("NUMERIC", "DECIMAL"))

    def numbering(self) -> list[sa.Column[Any]]:
        """https://dev.mysql.com/doc/refman/8.4/en/example-auto-increment.html"""
        return [sa.Column(ARRIVAL, sa.BigInteger(), primary_key=True, autoincrement=True)]

    def temporary(self) -> dict[str, Any]:
        """To make one, and to drop it as one, does not commit."""
        return {"prefixes": ["TEMPORARY"]}

    def discard(self, table: sa.Table) -> sa.Executable:
        """Without TEMPORARY it would commit: https://dev.mysql.com/doc/refman/8.4/en/implicit-commit.html"""
        return sa.text(f"DROP TEMPORARY TABLE IF EXISTS {table.name}")

    def latest(self, columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        """GREATEST is NULL as soon as one argument is."""
        moments = [sa.func.coalesce(column, self.moment("0001-01-01T00:00:00.000000Z")) for column in columns]
        return moments[0] if len(moments) == 1 else sa.func.greatest(*moments)

    def moment(self, text: str) -> sa.ColumnElement[Any]:
        """The canonical text without its zone."""
        return sa.cast(sa.literal(text.removesuffix("Z"), sa.String()), mysql.DATETIME(fsp=6))

    def write_rows(self, connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]]) -> int:
        """LOAD DATA LOCAL where the server allows it, else INSERTs of many rows."""
        checks = [_check(lane, column) for column in lane.columns]
        if connection.info[_TAKES_FILES] and not connection.info.get(_TRIED):
            connection.info[_TAKES_FILES], connection.info[_TRIED] = accepts(connection, lane), True
        if connection.info[_TAKES_FILES]:
            return load_rows(connection, lane, batches, checks)
        return _insert(connection, lane, batches, checks)

    def way_in(self, connection: sa.Connection) -> str:
        """Which of the two."""
        return "LOAD DATA LOCAL" if connection.info[_TAKES_FILES] else self.bulk_way

    def translate(self, error: BaseException, doing: str) -> DatabaseError | None:
        """By the server's number of the error."""
        import pymysql

        if asked_for_a_file(error):
            return DatabaseRefused(f"{self.title} asked for a file of this machine; none was sent")
        if not isinstance(error, pymysql.Error):
            return None
        number, said = (*error.args, "", "")[:2]
        return _NAMES.get(number, DatabaseFailed)(f"{self.title} could not {doing}: {said or error} ({number})")

    def views(self, table: sa.Table, columns: Sequence[Column]) -> list[str]:
        """Decimals that are texts compare as texts: a view casts them, rounded to a double."""
        decimals = {column.name for column in columns if _is_text(column.type)}
        # Before 8.0.17 nothing can be cast to a double.
        one = sa.literal_column("1e0", mysql.DOUBLE())
        return numeric_view(
            table, mysql.dialect(), decimals=decimals, cast=lambda column: sa.type_coerce(column, mysql.DOUBLE()) * one
        )

    @property
    def title(self) -> str:
        """For people."""
        return "MySQL"


class MariaDB(MySQL):
    """By its own name; a `mysql://` URL reaches it as well."""

    name = "mariadb"

    @property
    def title(self) -> str:
        """For people."""
        return "MariaDB"


def key_length(parts: int) -> int:
    """How many characters each of so many parts of a key may have."""
    return min(LONGEST_PART, LONGEST_KEY // parts)


def _prepare(connection: Any, record: Any, lock_timeout: float) -> None:
    record.info[_TAKES_FILES] = takes_files(connection)
    seconds = max(1, math.ceil(lock_timeout))
    with connection.cursor() as cursor:
        cursor.execute(
            "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00',"
            f" innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds},"
            " default_storage_engine = InnoDB, default_tmp_storage_engine = InnoDB,"
            f" sql_select_limit = {_NO_LIMIT}"
        )


def _is_text(column_type: ColumnType) -> bool:
    """https://dev.mysql.com/doc/refman/8.4/en/precision-math-decimal-characteristics.html"""
    if column_type.kind is not Kind.DECIMAL:
        return False
    return column_type.precision is None or column_type.precision > 65 or (column_type.scale or 0) > 30


def _bodies(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Rows joined into statements of bounded size."""
    held: list[bytes] = []
    size = 0
    for row in rows:
        if held and size + len(row) > _STATEMENT_BYTES:
            yield b",".join(held)
            held, size = [], 0
        held.append(row)
        size += len(row)
    if held:
        yield b",".join(held)


def _insert(connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]], checks: Sequence[Check]) -> int:
    """Every value a literal of its column's type."""
    driver: Any = connection.connection.driver_connection
    names = ", ".join(f"`{column.name.replace('`', '``')}`" for column in lane.columns)
    head = f"INSERT INTO `{lane.table.name}` ({names}) VALUES ".encode()
    written = 0
    for rows in batches:
        lanes = list(zip(*rows, strict=True))
        for check, values in zip(checks, lanes, strict=False):
            check(values)
        literals = [_literals(values, column) for values, column in zip(lanes, lane.columns, strict=False)]
        for body in _bodies(f"({','.join(row)})".encode() for row in zip(*literals, strict=True)):
            driver.query(head + body)
        written += len(rows)
    return written


def _literals(values: Sequence[Value], column: Column) -> list[str]:
    made = _LITERAL[column.type.kind]
    return ["NULL" if value is None else made(value, column.type) for value in values]


def _check(lane: Lane, column: Column) -> Check:
    """Refuses, with its column, what is too long to be part of a key."""
    longest = _longest(lane.table.c[column.name].type)

    def check(values: Sequence[Value]) -> None:
        for value in values if longest is not None else ():
            if _size(value, column.type) > cast("int", longest):
                problem = f"as part of a key it may have {longest} characters"
                raise BadValue(problem, column=column.name, value=str(value))

    return check


def _longest(stored: sa.types.TypeEngine[Any]) -> int | None:
    return cast("sa.String", stored.impl).length if isinstance(stored, Key | _Binary) else None


def _size(value: Value, column_type: ColumnType) -> int:
    return len(value) if isinstance(value, str | bytes) else len(decimal_text(value, column_type))


def _text(text: str) -> str:
    from pymysql.converters import escape_string

    return f"'{escape_string(text)}'"


_LITERAL = writers(_text, "x'{}'".format)

"""PostgreSQL: the production default; psycopg 3, COPY."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, cast

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from focus_assets.database.dialects.adapt import Adapt, adapter
from focus_assets.database.dialects.dialect import Dialect, Lane
from focus_assets.model.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseRefused,
    DatabaseUnreachable,
    MissingExtra,
    StorageFull,
)
from focus_assets.model.feed import Row, Value
from focus_assets.model.schema import ColumnType, Kind

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


class Postgres(Dialect):
    """Everything has its own type; stages are temporary tables, written by COPY."""

    name = "postgresql"
    single_writer = False
    has_schemas = True

    # its index takes rows in any order, and to sort them first costs more
    inserts_by_key = False

    def engine(self, url: sa.URL, *, lock_timeout: float) -> sa.Engine:
        """psycopg 3; `lock_timeout` holds for every statement of its connections."""
        try:
            import psycopg  # noqa: F401
        except ImportError as error:
            raise MissingExtra("postgres", needed_for="a PostgreSQL destination") from error
        settings = f"-c lock_timeout={int(lock_timeout * 1000)} -c timezone=UTC"
        options = " ".join(part for part in (str(url.query.get("options", "")), settings) if part)
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
            connect_args={"options": options, "application_name": "focus-assets", "connect_timeout": 10},
            poolclass=sa.NullPool,
        )

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

    def arrival(self, table: sa.Table) -> sa.ColumnElement[Any]:
        """COPY fills a fresh table from its first page to its last."""
        return sa.literal_column(f'"{table.name}".ctid')

    def latest(self, columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        """GREATEST passes over NULLs, and is NULL when all are."""
        return sa.func.coalesce(sa.func.greatest(*columns), sa.literal_column("'-infinity'::timestamptz"))

    def moment(self, text: str) -> sa.ColumnElement[Any]:
        """A literal: the text was made by us from a parsed time."""
        return sa.cast(sa.literal(text, sa.Text()), pg.TIMESTAMP(timezone=True))

    def write_rows(self, connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]]) -> int:
        """COPY as CSV: JSON arrays without their brackets, for which JSON's quotes and escapes serve."""
        names = ", ".join(_quoted(column.name) for column in lane.columns)
        statement = (
            f"COPY {_quoted(lane.table.name)} ({names}) FROM STDIN "
            "(FORMAT csv, NULL 'null', ESCAPE '\\', ENCODING 'utf8')"
        )
        adapt, written = adapter(lane.columns, _ADAPT), 0
        texts = [place for place, column in enumerate(lane.columns) if column.type.kind in _FREE_TEXT]
        with _cursor(connection) as cursor, cursor.copy(statement) as copy:
            for rows in batches:
                if rows:
                    ready = adapt(rows)
                    copy.write(csv_of(ready, control=_hold_control(ready, texts)))
                    written += len(rows)
        return written

    def analyze(self, connection: sa.Connection, table: sa.Table) -> None:
        """Autovacuum never sees a temporary table, and another one only after a while.

        Of the key alone, by which loads join: to sample wide values takes as long as to copy 100,000 rows.
        """
        name = connection.dialect.identifier_preparer.format_table(table)
        key = ", ".join(_quoted(column.name) for column in _key_of(table))
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


def _key_of(table: sa.Table) -> Iterable[sa.Column[Any]]:
    """The primary key; of a stage, which has none, what its index is over."""
    return table.primary_key.columns or next(iter(table.indexes)).columns


def csv_of(rows: Sequence[Row], *, control: bool = True) -> bytes:
    """Rows as CSV lines for `NULL 'null', ESCAPE '\\'`: a JSON string is a quoted field but for control escapes.

    Without `control` the caller knows that no text holds a control character.

    >>> csv_of([(1, None, 'a"b', "null", "x\\ny")])
    b'1,null,"a\\\\"b","null","x\\ny"\\n'
    """
    data = _encoder.encode_lines(rows)[1:-2].replace(b"]\n[", b"\n") + b"\n"
    return _with_raw_control(data) if control else data


def _with_raw_control(data: bytes) -> bytes:
    data = data.replace(b"\\\\", b"\0")  # a NUL is always escaped: here it can only be ours
    for escape, raw in _RAW.items():
        data = data.replace(escape, raw)
    if _OTHER in data:
        data = _NUMBERED.sub(lambda found: bytes([int(found[1], 16)]), data)
    return data.replace(b"\0", b"\\\\")


def _hold_control(rows: Sequence[Row], places: Sequence[int]) -> bool:
    """Whether a text in one of these places holds a control character; few do, and looking is cheaper than mending."""
    return any(_has_control("".join(filter(None, map(itemgetter(place), rows)))) for place in places)


def _has_control(text: str) -> bool:
    data = text.encode()
    return len(data.translate(None, _CONTROL)) < len(data)


_encoder = msgspec.json.Encoder(decimal_format="string")
_RAW = {b"\\n": b"\n", b"\\r": b"\r", b"\\t": b"\t", b"\\b": b"\b", b"\\f": b"\f"}
_OTHER = b"\\u00"  # the control characters that have no letter
_CONTROL = bytes(range(ord(" ")))
_FREE_TEXT = (Kind.TEXT, Kind.TEXT_LIST)  # every other kind has a form of its own, without control characters
_NUMBERED = re.compile(rb"\\u00([0-9a-f]{2})")


def _hex(value: Value, _type: ColumnType) -> str:
    return "\\x" + cast("bytes", value).hex()


def _array(value: Value, _type: ColumnType) -> str:
    """https://www.postgresql.org/docs/current/arrays.html#ARRAYS-INPUT"""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in cast("list[str]", value))
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


_ADAPT: dict[Kind, Adapt] = {Kind.BYTES: _hex, Kind.TEXT_LIST: _array}


def _quoted(name: str) -> str:
    """For a statement without parameters, where a `%` is a `%`."""
    return '"' + name.replace('"', '""') + '"'


def _cursor(connection: sa.Connection) -> Any:  # psycopg's own: an optional dependency
    driver: Any = connection.connection.driver_connection
    return driver.cursor()


def _refusal(said: str) -> type[DatabaseError]:
    """A server that answers a connection with no has no SQLSTATE to show for it."""
    refused = ("password authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied")
    return DatabaseRefused if any(words in said for words in refused) else DatabaseUnreachable

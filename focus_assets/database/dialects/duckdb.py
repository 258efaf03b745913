"""DuckDB: one file for analysts; one process at a time has it open, and one load at a time writes."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from io import RawIOBase
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from focus_assets.database.dialects.adapt import Adapt, adapter
from focus_assets.database.dialects.csvlines import csv_writer
from focus_assets.database.dialects.dialect import ARRIVAL, Dialect, Lane
from focus_assets.database.dialects.files import make_folder, refuse_second_name
from focus_assets.database.dialects.texts import decimal_text, numeric_view
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
from focus_assets.model.schema import Column, ColumnType, Kind

CATALOG = "_focus"  # no schema from outside can be called so
_LOOK_AGAIN_SECONDS = 0.05
# Each by the word that DuckDB itself says.
_TEXT = sa.VARCHAR()
_MOMENT = pg.TIMESTAMP(timezone=True)
_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.INT16: sa.SmallInteger(),
    Kind.INT32: sa.Integer(),
    Kind.INT64: sa.BigInteger(),
    Kind.FLOAT: sa.DOUBLE(),
    Kind.UUID: pg.UUID(as_uuid=False),
    Kind.TIMESTAMP: _MOMENT,
    Kind.DATE: sa.Date(),
    Kind.BOOL: sa.Boolean(),
    Kind.JSON: sa.JSON(),
    Kind.BYTES: pg.BYTEA(),
    Kind.TEXT_LIST: pg.ARRAY(_TEXT),
}
# By what the error says where its class says too little, then by its class.
_SAID: dict[str, type[DatabaseError]] = {
    "Could not set lock on file": DatabaseBusy,
    "not a valid DuckDB database": DatabaseRefused,
    "Unique file handle conflict": DatabaseBusy,
    "already attached": DatabaseBusy,
    "No space left": StorageFull,
    "Out of Memory": StorageFull,
    "Ambiguous reference": DatabaseRefused,
}
_HELD = re.compile(r"Could not set lock on file .*\((?P<whose>PID \d+)\)")
_NAMES: dict[str, type[DatabaseError]] = {
    "TransactionException": DatabaseBusy,  # somebody else changed the row first
    "IOException": DatabaseUnreachable,
    "PermissionException": DatabaseRefused,
    "CatalogException": DatabaseRefused,
}


class DuckDB(Dialect):
    """Everything has its own type; stages are hashed, not indexed, and written by the appender."""

    name = "duckdb"
    bulk_way = "read_csv from a pipe, or the appender"
    single_writer = True
    one_process = True
    has_schemas = True
    inserts_by_key = False
    indexes_stages = False

    def schema_name(self, service: str) -> str:
        """Whole where duckdb-sqlalchemy would take a part of it for the catalog's name, or DuckDB all of it."""
        if re.fullmatch(r"\w+", service) and service.casefold() not in ("temp", "system"):
            return service
        return f'{CATALOG}."{service.replace(chr(34), chr(34) * 2)}"'

    def engine(self, url: sa.URL, *, lock_timeout: float) -> sa.Engine:
        """The file is attached under a name of ours: under its own, a service of the same name would be ambiguous."""
        try:
            import duckdb_sqlalchemy  # noqa: F401
        except ImportError as error:
            raise MissingExtra("duckdb", needed_for="a DuckDB destination") from error
        file = Path(url.database or "").absolute()
        make_folder(file.parent)
        # A named one in memory is shared by the connections of this process, and gone with the last of them.
        shared = f":memory:focus_{hashlib.sha256(str(file).encode()).hexdigest()[:16]}"
        engine = sa.create_engine(url.set(drivername="duckdb", database=shared), poolclass=sa.NullPool)
        sa.event.listen(engine, "connect", lambda connection, _record: _attach(connection, file, lock_timeout))
        return engine

    def column_type(self, column_type: ColumnType, *, key: int) -> sa.types.TypeEngine[Any]:
        """Texts compare byte by byte; what is too wide for a decimal is a text."""
        if column_type.kind is Kind.DECIMAL and not _is_text(column_type):
            return sa.Numeric(column_type.precision, column_type.scale)
        return _TYPES.get(column_type.kind, _TEXT)

    def temporary(self) -> dict[str, Any]:
        """A temporary table is nobody else's, and spills to disk beside the file."""
        return {"prefixes": ["TEMPORARY"]}

    def numbering(self) -> list[sa.Column[Any]]:
        """Not `rowid`, which a column of that name would hide."""
        return [sa.Column(ARRIVAL, sa.BigInteger())]

    def latest(self, columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        """GREATEST passes over NULLs, and is NULL when all are."""
        return sa.func.coalesce(sa.func.greatest(*columns), sa.literal_column("'-infinity'::timestamptz"))

    def moment(self, text: str) -> sa.ColumnElement[Any]:
        """A literal: the text was made by us from a parsed time."""
        return sa.cast(sa.literal(text, sa.Text()), _MOMENT)

    def write_rows(self, connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]]) -> int:
        """CSV through a pipe to DuckDB's own reader, which works meanwhile; else the appender, a batch at a time."""
        adapt = adapter(lane.columns, _ADAPT if any(_is_text(column.type) for column in lane.columns) else {})
        sink, written = _Sink.of(connection, lane), 0
        for as_text, parts in groupby(sink.prepared(adapt(rows) for rows in batches if rows), key=itemgetter(0)):
            first = _next_number(connection, lane.table)
            written += (sink.pipe if as_text else sink.append)((part for _, part in parts), first)
        return written

    def meet_alembic(self) -> None:
        """duckdb-sqlalchemy does so by itself only where Alembic was imported first."""
        import duckdb_sqlalchemy.alembic_impl  # noqa: F401

    def translate(self, error: BaseException, doing: str) -> DatabaseError | None:
        """By what it says, then by its class."""
        import duckdb

        if not isinstance(error, duckdb.Error):
            return None
        return _named(error)(f"DuckDB could not {doing}: {_said(error)}")

    def views(self, table: sa.Table, columns: Sequence[Column]) -> list[str]:
        """Decimals that are texts compare as texts: a view casts them, rounded to a double."""
        decimals = {column.name for column in columns if _is_text(column.type)}
        quoting = pg.dialect(paramstyle="qmark")  # type: ignore[no-untyped-call]
        return numeric_view(table, quoting, decimals=decimals, cast=lambda column: sa.cast(column, sa.DOUBLE()))


_READER = (
    "auto_detect = false, header = false, delim = ',', quote = '\"', escape = '\\', nullstr = 'null', "
    "allow_quoted_nulls = false"
)
_PIPES = Path("/dev/fd")
_UNWRITTEN = (Kind.BYTES, Kind.TEXT_LIST)  # CSV has no form for them
_LONGEST = 1024 * 1024  # bytes of a batch: the reader refuses a line of more than two million


@dataclass(frozen=True, slots=True)
class _Sink:
    """A table's columns that are written, but for the rows' numbers; `write` is None where CSV will not do."""

    driver: Any
    table: str
    types: dict[str, str]
    write: Callable[[Sequence[Row]], bytes] | None

    @classmethod
    def of(cls, connection: sa.Connection, lane: Lane) -> Self:
        types = {c.name: lane.table.c[c.name].type.compile(connection.dialect) for c in lane.columns}
        writable = _PIPES.exists() and not any(column.type.kind in _UNWRITTEN for column in lane.columns)
        write = csv_writer(lane.columns) if writable else None
        return cls(connection.connection.driver_connection, lane.table.name, types, write)

    def prepared(self, batches: Iterable[Sequence[Row]]) -> Iterator[tuple[bool, Any]]:
        """Each batch as CSV, or as it is."""
        for rows in batches:
            data = self.write(rows) if self.write else b""
            yield (True, data) if 0 < len(data) <= _LONGEST else (False, rows)

    def append(self, batches: Iterable[Sequence[Row]], first: int) -> int:
        """Row by row, numbered from `first`; returns how many there were."""
        number = count(first)
        with self.driver.appender(self.table, columns=[*self.types, ARRIVAL]) as appender:
            for rows in batches:
                appender.append_rows([(*row, next(number)) for row in rows])
                appender.flush()
        return next(number) - first

    def pipe(self, parts: Iterable[bytes], first: int) -> int:
        """All parts by one statement, in a thread of its own; nothing of them is ever on the disk."""
        reading, writing = os.pipe()
        with ThreadPoolExecutor(1, "duckdb-reader") as pool:
            done = pool.submit(self._read, reading, first)
            # a reader that fails closes its end: its error is the one that counts
            with os.fdopen(writing, "wb", buffering=0) as sink, suppress(BrokenPipeError):
                for part in parts:
                    _write_all(sink, part)
        return done.result()

    def _read(self, end: int, first: int) -> int:
        names = ", ".join(map(_quoted, (*self.types, ARRIVAL)))
        types = ", ".join(f"{_literal(name)}: {_literal(kind)}" for name, kind in self.types.items())
        reader = f"read_csv('{_PIPES}/{end}', {_READER}, columns = {{{types}}})"
        # an order of which nothing is said is that of the reader
        numbered = f"SELECT *, row_number() OVER () + {first - 1} FROM {reader}"
        try:
            written = self.driver.execute(f"INSERT INTO {_quoted(self.table)} ({names}) {numbered}").fetchone()
            return int(written[0])
        finally:
            os.close(end)


def _write_all(sink: RawIOBase, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[sink.write(left) :]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _said(error: BaseException) -> str:
    if found := _HELD.search(str(error)):
        return (
            f"another process ({found['whose']}) has the file open, and DuckDB lets in one at a time; "
            "let that one end first, or raise destination.lock_timeout_seconds"
        )
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _named(error: BaseException) -> type[DatabaseError]:
    by_class = next((_NAMES[c.__name__] for c in type(error).__mro__ if c.__name__ in _NAMES), DatabaseFailed)
    return next((_SAID[words] for words in _SAID if words in str(error)), by_class)


def _is_text(column_type: ColumnType) -> bool:
    """https://duckdb.org/docs/stable/sql/data_types/numeric#fixed-point-decimals"""
    return column_type.kind is Kind.DECIMAL and (column_type.precision is None or column_type.precision > 38)


def _decimal(value: Value, column_type: ColumnType) -> Value:
    return decimal_text(value, column_type) if _is_text(column_type) else value


_ADAPT: dict[Kind, Adapt] = {Kind.DECIMAL: _decimal}


def _next_number(connection: sa.Connection, table: sa.Table) -> int:
    # All rows, though there is one: the appender refuses to begin beside a result that was not read to its end.
    highest = connection.execute(sa.select(sa.func.max(table.c[ARRIVAL]))).scalars().all()[0]
    return 0 if highest is None else int(highest) + 1


def _attach(connection: Any, file: Path, patience: float) -> None:
    refuse_second_name(file)
    _patiently(lambda: connection.execute(f"ATTACH IF NOT EXISTS {_literal(file)} AS {CATALOG}"), patience)
    connection.execute(f"USE {CATALOG}")
    connection.execute("SET TimeZone = 'UTC'")
    # What is held in memory alone spills to the working directory, unless it is told where.
    connection.execute(f"SET GLOBAL temp_directory = {_literal(f'{file}.tmp')}")


def _literal(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _patiently(attach: Any, patience: float) -> None:
    """DuckDB does not wait for a file that another process has open, or that this one is about to close: we do."""
    import duckdb

    deadline = time.monotonic() + patience
    while True:
        try:
            attach()
        except duckdb.Error as error:
            if _named(error) is not DatabaseBusy or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return

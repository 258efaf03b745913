"""SQLite: the embedded default; one file, one writer at a time, readers never wait (WAL)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import operators

from focus_assets.database.dialects.adapt import Adapt, adapter
from focus_assets.database.dialects.dialect import Dialect, Lane, laid_out_as
from focus_assets.database.dialects.files import make_folder, refuse_second_name
from focus_assets.database.dialects.texts import decimal_text, list_text, numeric_view
from focus_assets.model.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseRefused,
    DatabaseUnreachable,
    NameRefused,
    StorageFull,
)
from focus_assets.model.feed import Row
from focus_assets.model.schema import Column, ColumnType, Kind

_PLUS: operators.custom_op[Any] = operators.custom_op("+")
_ROWS_AT_ONCE = 50
_PAGE_SIZE = 8192  # bytes; with 4096, which is SQLite's own, there is more to do for each row
_ROW_NUMBERS = ("rowid", "_rowid_", "oid")
_QMARKS = sqlite.dialect()
_NAME, _COLLATION = re.compile(r'"[^"]*"'), re.compile(r"\bCOLLATE\s+(?!BINARY\b)", re.IGNORECASE)
_MADE_BY = sa.text("SELECT sql FROM sqlite_master WHERE lower(name) = lower(:name) AND type IN ('table', 'view')")
_MEDDLERS = sa.text(
    "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(:name) "
    "UNION ALL SELECT 1 FROM pragma_foreign_key_list(:name)"
)
_FILE = "focus_file"  # in a connection's `info`: its path, and which file that was
# https://www.sqlite.org/rescode.html: the primary code is the low byte
_NAMES: dict[int, type[DatabaseError]] = {
    sqlite3.SQLITE_BUSY: DatabaseBusy,
    sqlite3.SQLITE_LOCKED: DatabaseBusy,
    sqlite3.SQLITE_FULL: StorageFull,
    sqlite3.SQLITE_IOERR: StorageFull,
    sqlite3.SQLITE_CANTOPEN: DatabaseUnreachable,
    sqlite3.SQLITE_READONLY: DatabaseRefused,
    sqlite3.SQLITE_PERM: DatabaseRefused,
    sqlite3.SQLITE_AUTH: DatabaseRefused,
    sqlite3.SQLITE_NOTADB: DatabaseRefused,
}
_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.INT16: sa.SmallInteger(),
    Kind.INT32: sa.Integer(),
    Kind.INT64: sa.BigInteger(),
    Kind.FLOAT: sa.REAL(),
    Kind.BOOL: sa.SmallInteger(),
    Kind.BYTES: sa.BLOB(),
}


class SQLite(Dialect):
    """Timestamps, dates, decimals, JSON and lists are texts; booleans 0 and 1."""

    name = "sqlite"
    bulk_way = "executemany"
    single_writer = True
    has_schemas = False
    stage_becomes_table = True
    hashes_full_loads = False

    # in any order the key's index outgrows the page cache, and each of its pages is written again and again
    inserts_by_key = True

    def engine(self, url: sa.URL, *, lock_timeout: float) -> sa.Engine:
        """An engine whose transactions are ours to begin: the driver's own hide commits around DDL."""
        path = Path(url.database or "")
        make_folder(path.parent)
        engine = sa.create_engine(
            url,
            connect_args={"timeout": lock_timeout, "isolation_level": None, "check_same_thread": False},
            poolclass=sa.NullPool,
        )
        sa.event.listen(engine, "do_connect", lambda *_: refuse_second_name(path))
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "connect", lambda _, record: record.info.update({_FILE: (path, _identity(path))}))
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return engine

    def stands(self, connection: sa.Connection) -> bool:
        """Whether its file still lies where it lay: into one that was removed a load would write for nobody."""
        path, opened = connection.info[_FILE]
        return bool(opened == _identity(path))

    def check_session(self, connection: sa.Connection, mark: str) -> None:
        """A file may be put in the place of the one that is open, as a backup is."""
        del mark
        if not self.stands(connection):
            raise DatabaseRefused(
                f"{connection.info[_FILE][0]} was removed or replaced while it was open: what is written to the old "
                "file nobody would see"
            )

    def misfits(
        self, connection: sa.Connection, table: sa.Table, stored: Mapping[str, sa.types.TypeEngine[Any]]
    ) -> list[str]:
        """SQLAlchemy does not read collations, by which texts may be equal that are not."""
        found = super().misfits(connection, table, stored)
        made = connection.execute(_MADE_BY, {"name": table.name}).scalar_one()
        return [*found, "a column has a collation of its own"] if _COLLATION.search(_NAME.sub('""', made)) else found

    def may_meddle(self, connection: sa.Connection, table: sa.Table) -> bool:
        """Triggers, and foreign keys with their actions."""
        return connection.execute(_MEDDLERS, {"name": table.name}).first() is not None

    def column_type(self, column_type: ColumnType, *, key: int) -> sa.types.TypeEngine[Any]:
        """BINARY is SQLite's own default collation, so that a key's text needs none."""
        return _TYPES.get(column_type.kind, sa.TEXT())

    def temporary(self) -> dict[str, Any]:
        """A TEMP table lies in a file of the connection's own: filling it locks nobody out."""
        return {"prefixes": ["TEMPORARY"], "schema": "temp"}

    def first_stage(self, table: sa.Table, constants: Sequence[tuple[str, str]]) -> sa.Table:
        """In the connection's own file, like every stage; the rows bring the constants."""
        del constants
        return laid_out_as(table, "_focus_first", **self.temporary())

    def become(self, connection: sa.Connection, staged: sa.Table, table: sa.Table) -> bool:
        """A table that is empty takes over the rows and the index of another one without looking into them.

        Only where both treat a conflict by the same word: a key's own is another one than a unique index's, although it
        means the same. https://www.sqlite.org/lang_conflict.html, `xferOptimization` in insert.c
        """
        if sa.inspect(connection).has_table(table.name):
            return False
        made = table.to_metadata(sa.MetaData())
        made.primary_key.dialect_options["sqlite"]["on_conflict"] = "ABORT"
        made.create(connection)
        names = map(connection.dialect.identifier_preparer.format_table, (made, staged))
        connection.exec_driver_sql("INSERT INTO {} SELECT * FROM {}".format(*names))
        return True

    def arrival(self, table: sa.Table) -> sa.ColumnElement[Any]:
        """A table without INTEGER PRIMARY KEY numbers its rows itself; a column of the same name hides the number.

        https://www.sqlite.org/lang_createtable.html#rowid
        """
        hidden = {column.name.casefold() for column in table.columns}
        name = next((name for name in _ROW_NUMBERS if name not in hidden), None)
        if name is None:
            raise NameRefused(_ROW_NUMBERS[0], f"SQLite needs one of {', '.join(_ROW_NUMBERS)} for itself")
        return sa.literal_column(f'"{table.name}".{name}', sa.Integer())

    def walked(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """A `+` keeps an index from being used: by it the rows would be read in the order of the key, each from another
        page, where table and stage lie in the order in which they came. https://www.sqlite.org/optoverview.html
        """
        return sa.sql.expression.UnaryExpression(column, operator=_PLUS, type_=column.type)

    def latest(self, columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        """The scalar max() is NULL as soon as one argument is."""
        texts = [sa.func.coalesce(column, "") for column in columns]
        return texts[0] if len(texts) == 1 else sa.func.max(*texts)

    def moment(self, text: str) -> sa.ColumnElement[Any]:
        """Canonical texts compare as the moments that they are."""
        return sa.literal(text, sa.TEXT())

    def begin_write(self, connection: sa.Connection) -> None:
        """Take the write lock at once: a read that becomes a write can fail without having waited."""
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def write_rows(self, connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]]) -> int:
        """`executemany` of ready tuples, many of them a statement: a call into SQLite costs as much as a row."""
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        cursor, adapt = driver.cursor(), adapter(lane.columns, _ADAPT)
        size = max(1, min(_ROWS_AT_ONCE, driver.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(lane.columns)))
        one, many = _insert(lane, 1), _insert(lane, size)
        written = 0
        for rows in batches:
            ready = adapt(rows)
            whole = len(ready) - len(ready) % size
            groups = (ready[start : start + size] for start in range(0, whole, size))
            cursor.executemany(many, map(tuple, map(chain.from_iterable, groups)))
            cursor.executemany(one, ready[whole:])
            written += len(rows)
        return written

    def translate(self, error: BaseException, doing: str) -> DatabaseError | None:
        """By the primary result code."""
        if not isinstance(error, sqlite3.Error):
            return None
        code = getattr(error, "sqlite_errorcode", None)
        named = _NAMES.get(code & 0xFF, DatabaseFailed) if code is not None else DatabaseFailed
        return named(f"SQLite could not {doing}: {error}")

    def views(self, table: sa.Table, columns: Sequence[Column]) -> list[str]:
        """Decimals are texts here and compare as texts: a view casts them, rounded to a double."""
        decimals = {column.name for column in columns if column.type.kind is Kind.DECIMAL}
        return numeric_view(table, sqlite.dialect(), decimals=decimals, cast=lambda column: sa.cast(column, sa.REAL()))


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@lru_cache(maxsize=256)
def _insert(lane: Lane, rows: int) -> str:
    """In the lane's order: SQLAlchemy would write the columns in the table's."""
    preparer = _QMARKS.identifier_preparer
    names = [*(column.name for column in lane.columns), *dict(lane.constants)]
    texts = ("'" + text.replace("'", "''") + "'" for _, text in lane.constants)
    row = f"({', '.join([*'?' * len(lane.columns), *texts])})"
    into = f"{preparer.format_table(lane.table)} ({', '.join(map(preparer.quote_identifier, names))})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * rows)}"


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # WAL: readers see the last commit while a load goes on. https://www.sqlite.org/wal.html
    connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")  # of a file that is being made; any other keeps its own
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


_ADAPT: dict[Kind, Adapt] = {
    Kind.DECIMAL: decimal_text,
    Kind.TEXT_LIST: list_text,
}

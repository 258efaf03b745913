"""Give every schedule an empty database of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from focus_assets.config import Destination
from focus_assets.database.embedded import embedded_postgres
from focus_assets.database.open import Database
from focus_assets.history import runs
from focus_assets.load import ledger
from focus_assets_tests.simulation.transport import SERVICE

_MEMORY = Path("/dev/shm")
_BOOKS = (ledger.BOOKS, runs.BOOKS)


class Empty(Protocol):
    """Makes one database after the other, each empty but for our books."""

    def __call__(self) -> AbstractContextManager[Database]: ...


@contextmanager
def server(database: str) -> Iterator[str]:
    """The URL of what the databases live on; '' for files."""
    if database == "sqlite":
        yield ""
        return
    with embedded_postgres() as url:
        yield url


@contextmanager
def sqlite(url: str = "") -> Iterator[Empty]:
    """Files in memory where the system has such a place: all the same to SQLite, and no disk to wait for.

    One Database for all of them, so that each SQL is made once.
    """
    where = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="focus-simulation-", dir=where, ignore_cleanup_errors=True) as folder:
        file, blank = Path(folder, "mirror.db"), Path(folder, "blank.db")
        database = _database(f"sqlite:///{file}")
        file.rename(blank)

        @contextmanager
        def empty() -> Iterator[Database]:
            for left in Path(folder).glob("mirror.db*"):
                left.unlink()
            shutil.copyfile(blank, file)
            yield database

        yield empty


@contextmanager
def postgresql(url: str) -> Iterator[Empty]:
    """One database a process, emptied before each schedule."""
    with _own_database(url) as own:
        database = _database(own)

        @contextmanager
        def empty() -> Iterator[Database]:
            _clear(database)
            yield database

        yield empty


def _clear(database: Database) -> None:
    tables = [table for books in _BOOKS for table in books.metadata.sorted_tables]
    with database.writing("empty it") as connection:
        connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{SERVICE}" CASCADE')
        for table in tables:
            connection.execute(table.delete())


@contextmanager
def _own_database(url: str) -> Iterator[str]:
    import psycopg

    named = make_url(url).set(database=f"simulation_{os.getpid()}")
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{named.database}"'.encode())
    yield named.render_as_string(hide_password=False)


DATABASES: Mapping[str, Callable[[str], AbstractContextManager[Empty]]] = {"sqlite": sqlite, "postgresql": postgresql}


def _database(url: str) -> Database:
    """With the books in it: what a first run would make."""
    database = Database(Destination(url=SecretStr(url), lock_timeout_seconds=1))
    for books in _BOOKS:
        books.ensure(database)
    return database

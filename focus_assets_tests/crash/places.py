"""Keep one state of a database, and bring it back as often as it is spoilt."""

from __future__ import annotations

import copy
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pydantic import SecretStr
from sqlalchemy.engine import URL, make_url

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets_tests.crash.children import alone

LOCK_SECONDS = 5.0
_MOST_WAITING = 90.0


class Place(Protocol):
    """A database that can be put back to how it was."""

    database: Database

    def empty(self) -> None: ...

    def keep(self) -> None: ...

    def restore(self) -> None: ...

    def settle(self) -> None: ...

    def remove(self) -> None: ...


@contextmanager
def warming(place: Place) -> Iterator[None]:
    """What is done in it is done here once, so that no child has to read certificates, import or make its SQL."""
    struck = place.database
    place.database = copy.copy(struck)  # the one that is struck has to look for every table itself
    place.empty()
    yield
    place.database = struck
    place.empty()
    alone()


class SQLitePlace:
    """A file, and a copy of it."""

    def __init__(self, folder: Path, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self._file, self._kept = folder / "mirror.db", folder / "kept.db"
        self.database = _opened(f"sqlite:///{self._file}", lock_seconds)

    def empty(self) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{self._file}{end}").unlink(missing_ok=True)

    def keep(self) -> None:
        self._kept.unlink(missing_ok=True)
        if self._file.exists():
            shutil.copyfile(self._file, self._kept)

    def restore(self) -> None:
        self.empty()
        if self._kept.exists():
            shutil.copyfile(self._kept, self._file)

    def settle(self) -> None:
        """What a killed process had locked, the system has unlocked."""

    def remove(self) -> None:
        self.empty()
        self._kept.unlink(missing_ok=True)


class PostgresPlace:
    """A database of a server, and another that is its template."""

    def __init__(self, server: str, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self._server = make_url(server)
        self._name, self._kept = f"focus_struck_{os.getpid()}", f"focus_kept_{os.getpid()}"
        url = self._server.set(database=self._name).render_as_string(hide_password=False)
        self.database = _opened(url, lock_seconds)

    def empty(self) -> None:
        self._make(self._name, "template0")

    def keep(self) -> None:
        self.settle()  # nobody may be in a template
        self._make(self._kept, self._name)

    def restore(self) -> None:
        self._make(self._name, self._kept)

    def settle(self) -> None:
        """Wait until the server has seen the end of whoever was killed: what it had been told takes effect or not."""
        until = time.monotonic() + _MOST_WAITING
        asked = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self._name}'"
        with _connected(self._server) as connection:
            while connection.execute(asked).fetchone()[0]:
                assert time.monotonic() < until, "a killed process's session is still there"
                connection.execute("SELECT pg_sleep(0.002)")

    def remove(self) -> None:
        with _connected(self._server) as connection:
            for name in (self._name, self._kept):
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _make(self, name: str, template: str) -> None:
        with _connected(self._server) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')


class MySQLPlace:
    """A database of a MariaDB or MySQL server, and a copy of its tables in another."""

    def __init__(self, server: str, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self._server = make_url(server)
        self._name, self._kept = f"focus_struck_{os.getpid()}", f"focus_kept_{os.getpid()}"
        url = self._server.set(database=self._name, query={"ssl_disabled": "true"})
        self.database = _opened(url.render_as_string(hide_password=False), lock_seconds)

    def empty(self) -> None:
        self._run(f"DROP DATABASE IF EXISTS {self._name}", f"CREATE DATABASE {self._name}")

    def keep(self) -> None:
        self._copy(self._name, self._kept)

    def restore(self) -> None:
        self._copy(self._kept, self._name)

    def settle(self) -> None:
        """Wait until the server has seen the end of whoever was killed."""
        until = time.monotonic() + _MOST_WAITING
        while self._run(f"SELECT id FROM information_schema.processlist WHERE db = '{self._name}'"):
            assert time.monotonic() < until, "a killed process's session is still there"
            time.sleep(0.002)

    def remove(self) -> None:
        self._run(*(f"DROP DATABASE IF EXISTS {name}" for name in (self._name, self._kept)))

    def _copy(self, one: str, other: str) -> None:
        self._run(f"DROP DATABASE IF EXISTS {other}", f"CREATE DATABASE {other}")
        for (table,) in self._run(f"SHOW TABLES FROM {one}"):
            self._run(
                f"CREATE TABLE {other}.`{table}` LIKE {one}.`{table}`",
                f"INSERT INTO {other}.`{table}` SELECT * FROM {one}.`{table}`",
            )

    def _run(self, *statements: str) -> Any:
        import pymysql

        server = self._server
        with (
            pymysql.connect(
                host=server.host, port=server.port or 3306, user=server.username, password=server.password or "",
                autocommit=True, ssl_disabled=True,
            ) as connection,
            connection.cursor() as cursor,
        ):  # fmt: skip
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()


def _connected(server: URL) -> Any:
    import psycopg

    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _opened(url: str, lock_seconds: float) -> Database:
    return Database(Destination(url=SecretStr(url), lock_timeout_seconds=lock_seconds))

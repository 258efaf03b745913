"""Lend the bench a PostgreSQL: a database of its own in a server that is named, or a server of our own."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL, make_url

from benchmarks.corpus import BETWEEN, NOTHING
from benchmarks.meter import Cost, measure
from benchmarks.names import COLUMNS
from focus_assets.database.embedded import embedded_postgres

NAMED = ("FOCUS_BENCH_POSTGRES_URL", "FOCUS_TEST_POSTGRES_URL")
TABLE = """CREATE TABLE promotions (id uuid NOT NULL, country text, sku text, name text, quantity bigint,
price numeric(18,4), pct double precision, active boolean, start_date date, end_date date, attributes jsonb,
created_at timestamptz, updated_at timestamptz)"""
KEY = "ALTER TABLE promotions ADD PRIMARY KEY (id)"
_UTC = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
_SETTINGS = ("server_version", "fsync", "shared_buffers", "max_wal_size", "work_mem")


class Scratch:
    """One database, made anew for every load that begins with nothing."""

    floor_is_exact = True

    def __init__(self, server: URL) -> None:
        self._server, self._name = server.set(drivername="postgresql"), f"focus_bench_{uuid.uuid4().hex[:12]}"
        self._kept: list[str] = []
        self._watch = psycopg.connect(_text(self._server), autocommit=True)
        (address,) = self._watch.execute("SELECT host(inet_server_addr())").fetchone() or (None,)
        self._is_here = address in (None, "127.0.0.1", "::1")

    @property
    def url(self) -> str:
        """For SQLAlchemy and for psycopg."""
        return _text(self._server.set(database=self._name))

    @property
    def settings(self) -> dict[str, str]:
        """What of the server's settings bears on the figures."""
        rows = self._watch.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)", [[*_SETTINGS]]
        )
        return dict(rows.fetchall())

    def renew(self, kept: str | None = None) -> None:
        """Empty or a copy of what was kept, and with nothing of an earlier load still to be written to the disk."""
        self.drop()
        template = "" if kept is None else f' TEMPLATE "{self._name}_{kept}"'
        self._watch.execute(f'CREATE DATABASE "{self._name}"{template}'.encode())
        self.settle()

    def keep(self, kept: str) -> None:
        """Put it aside under a name, vacuumed as the server would do it soon; `renew` copies it."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
        self._kept.append(kept)
        self._watch.execute(f'ALTER DATABASE "{self._name}" RENAME TO "{self._name}_{kept}"'.encode())

    def settle(self) -> None:
        """Write to the disk now what would otherwise be written in the next load's time, where we may."""
        with suppress(psycopg.errors.InsufficientPrivilege):
            self._watch.execute("CHECKPOINT")

    def drop(self) -> None:
        """No database of that name any more."""
        self._drop(self._name)

    def close(self) -> None:
        """Leave nothing behind."""
        for name in (self._name, *(f"{self._name}_{kept}" for kept in self._kept)):
            self._drop(name)
        self._watch.close()

    def _drop(self, name: str) -> None:
        self._watch.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def pids(self) -> list[int]:
        """The server's processes that work for the database, where they are on this machine."""
        if not self._is_here:
            return []
        found = self._watch.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [self._name])
        return [pid for (pid,) in found.fetchall()]

    def floor(self, folder: Path) -> Cost:
        """`psql \\copy` of the same rows as CSV, then the primary key."""
        return self._copied(folder / "rows.csv", "csv")

    def floor_binary(self, folder: Path) -> Cost:
        """The same of rows that PostgreSQL itself has written in its own binary form: nothing is left to understand."""
        file = folder / "rows.copy"
        if not file.exists():
            self._write(file)
        self.renew()
        return self._copied(file, "binary")

    def _write(self, file: Path) -> None:
        said = "COPY promotions TO STDOUT (FORMAT binary)"
        with psycopg.connect(self.url) as connection, connection.cursor().copy(said) as rows:
            file.write_bytes(b"".join(rows))

    def _copied(self, file: Path, form: str) -> Cost:
        with psycopg.connect(self.url) as connection:
            connection.execute(TABLE)
        url = self._server.set(database=self._name, password=None)
        password = {"PGPASSWORD": self._server.password} if self._server.password else {}
        return measure(_copying(_text(url), file, form), env=password, pids=self.pids)

    def digest(self, table: str) -> tuple[int, int]:
        """COUNT(*) and the digest of the corpus."""
        values = [f"coalesce({_shown(name)}, '{NOTHING}')" for name in COLUMNS]
        text = f"concat_ws(chr({ord(BETWEEN)}), {', '.join(values)})"
        part = f"('x' || lpad(left(md5({text}), 10), 16, '0'))::bit(64)::bigint"
        with psycopg.connect(self.url) as connection:
            found = connection.execute(f"SELECT count(*), sum({part}) FROM {table}".encode()).fetchone()
        assert found is not None
        return int(found[0]), int(found[1] or 0)


@contextmanager
def scratch() -> Iterator[Scratch]:
    """In the server of one of NAMED, else in an embedded one."""
    named = next((os.environ[name] for name in NAMED if os.environ.get(name)), None)
    if named:
        yield from _lent(named)
        return
    with embedded_postgres() as url:
        yield from _lent(url)


def _lent(url: str) -> Iterator[Scratch]:
    lent = Scratch(make_url(url))
    try:
        yield lent
    finally:
        lent.close()


def copies_by() -> str:
    """What carries out the floor."""
    return "psql \\copy" if shutil.which("psql") else "psycopg COPY (there is no psql here)"


def _copying(url: str, file: Path, form: str) -> list[str]:
    if psql := shutil.which("psql"):
        quoted = str(file).replace("'", "''")
        copied = f"\\copy promotions from '{quoted}' (format {form})"
        return [psql, "-qX", "-v", "ON_ERROR_STOP=1", url, "-c", copied, "-c", KEY]
    return [sys.executable, "-m", "benchmarks.floors", "copy", url, str(file), form]


def _shown(name: str) -> str:
    return _UTC.format(name) if name.endswith("_at") else f"{name}::text"


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)

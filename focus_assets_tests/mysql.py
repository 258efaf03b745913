"""Give each test a MariaDB or MySQL database of its own, and see that it let go of it."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.engine import URL, make_url

from focus_assets_tests.ports import port_of_our_own
from focus_assets_tests.services import missing

_PROGRAM = shutil.which("mariadbd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
_LOOKING_SECONDS, _STARTING_SECONDS = 60.0, 90.0
_USUAL = "mysql+pymysql://root@127.0.0.1:3306"


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[str]:
    """The URL of a server where databases may be made.

    FOCUS_TEST_MYSQL_URL, else the one on the usual port, else one of our own where MariaDB is installed.
    """
    url = os.environ.get("FOCUS_TEST_MYSQL_URL") or _USUAL
    if _answers(url):
        yield url
    elif "FOCUS_TEST_MYSQL_URL" in os.environ or _PROGRAM is None:
        missing(f"MariaDB or MySQL at {make_url(url).render_as_string()}")
    else:
        with _own_server(_PROGRAM) as own:
            yield own


@pytest.fixture
def own_mysql() -> Iterator[str]:
    """A server for one test alone, whose settings it may change; it has the database `test`."""
    if _PROGRAM is None:
        missing("MariaDB, to start a server of one's own")
    with _own_server(_PROGRAM) as url:
        _run(make_url(url), "CREATE DATABASE IF NOT EXISTS test")
        yield url


def _answers(url: str) -> bool:
    import pymysql

    try:
        _run(make_url(url), "SELECT 1")
    except pymysql.Error:
        return False
    return True


@contextmanager
def _own_server(program: str) -> Iterator[str]:
    """A MariaDB on a port of its own, whose data go away with it."""
    port = port_of_our_own()
    url = f"mysql+pymysql://root@127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="focus-mariadb-") as folder:
        common = ["--no-defaults", f"--datadir={folder}/data", f"--user={getpass.getuser()}"]
        install = [program.replace("mariadbd", "mariadb-install-db").replace("sbin", "bin"), *common]
        subprocess.run([*install, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
        serve = [program, *common, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket"]
        with subprocess.Popen([*serve, f"--log-error={folder}/log"]) as server:
            try:
                _await(url, server)
                yield url
            finally:
                server.terminate()


def _await(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _STARTING_SECONDS
    while not _answers(url):
        assert server.poll() is None, "MariaDB has ended"
        assert time.monotonic() < until, "MariaDB does not answer"
        time.sleep(0.05)


@pytest.fixture
def mysql_url(mysql_server: str) -> Iterator[str]:
    """The SQLAlchemy URL (`mysql+pymysql://`) of an empty database, which goes away after the test."""
    server = make_url(mysql_server)
    name = f"focus_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE DATABASE `{name}`")
    # Over loopback nobody listens, and PyMySQL would read all authorities' certificates for each connection.
    yield server.set(database=name, query={"ssl_disabled": "true"}).render_as_string(hide_password=False)
    left = _still_open(server, name)
    _run(server, f"DROP DATABASE `{name}`")
    assert left == 0, f"{left} connection(s) were left open"


def _still_open(server: URL, name: str) -> object:
    """Connections that stay: a session ends a moment after its client has closed."""
    query = f"SELECT count(*), sleep(0.02) FROM information_schema.processlist WHERE db = '{name}'"
    until = time.monotonic() + _LOOKING_SECONDS
    while count := _run(server, query):
        if time.monotonic() > until:
            return count
    return 0


def _run(server: URL, statement: str) -> object:
    import pymysql

    with (
        pymysql.connect(
            host=server.host, port=server.port or 3306, user=server.username, password=server.password or "",
            connect_timeout=30, autocommit=True, ssl_disabled=True,
        ) as connection,
        connection.cursor() as cursor,
    ):  # fmt: skip
        cursor.execute(statement)
        row = cursor.fetchone()
    return row[0] if row else None

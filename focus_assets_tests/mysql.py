"""Give each test a MariaDB or MySQL database of its own, and see that it let go of it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy.engine import URL, make_url

from focus_assets_tests.services import missing

_USUAL = "mysql+pymysql://root@127.0.0.1:3306"


@pytest.fixture(scope="session")
def mysql_server() -> str:
    """The URL of a server where databases may be made: FOCUS_TEST_MYSQL_URL, else the one on the usual port."""
    import pymysql

    url = os.environ.get("FOCUS_TEST_MYSQL_URL") or _USUAL
    try:
        _run(make_url(url), "SELECT 1")
    except pymysql.Error as error:
        missing(f"MariaDB or MySQL at {make_url(url).render_as_string()} ({error})")
    return url


@pytest.fixture
def mysql_url(mysql_server: str) -> Iterator[str]:
    """The SQLAlchemy URL (`mysql+pymysql://`) of an empty database, which goes away after the test."""
    server = make_url(mysql_server)
    name = f"focus_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE DATABASE `{name}`")
    # Over loopback nobody listens, and PyMySQL would read all authorities' certificates for each connection.
    yield server.set(database=name, query={"ssl_disabled": "true"}).render_as_string(hide_password=False)
    left = _run(server, f"SELECT count(*) FROM information_schema.processlist WHERE db = '{name}'")
    _run(server, f"DROP DATABASE `{name}`")
    assert left == 0, f"{left} connection(s) were left open"


def _run(server: URL, statement: str) -> object:
    import pymysql

    with (
        pymysql.connect(
            host=server.host, port=server.port or 3306, user=server.username, password=server.password or "",
            connect_timeout=5, autocommit=True, ssl_disabled=True,
        ) as connection,
        connection.cursor() as cursor,
    ):  # fmt: skip
        cursor.execute(statement)
        row = cursor.fetchone()
    return row[0] if row else None

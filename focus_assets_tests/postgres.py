"""Give each test a PostgreSQL database of its own, and see that it let go of it."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy.engine import URL, make_url

from focus_assets.database.embedded import embedded_postgres
from focus_assets.model.errors import DatabaseFailed, MissingExtra
from focus_assets_tests.services import missing

_LOOKING_SECONDS = 60.0


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server where databases may be made: FOCUS_TEST_POSTGRES_URL, else one of our own."""
    if named := os.environ.get("FOCUS_TEST_POSTGRES_URL"):
        yield make_url(named).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    try:
        server = embedded_postgres()
        url = server.__enter__()
    except (MissingExtra, DatabaseFailed) as error:
        missing(f"PostgreSQL ({error})")
    try:
        yield url
    finally:
        server.__exit__(None, None, None)


@pytest.fixture
def postgres_url(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The SQLAlchemy URL (`postgresql+psycopg://`) of an empty database, which goes away after the test."""
    server = make_url(postgres_server)
    name = f"{_plain(request.node.name)}_{uuid.uuid4().hex[:8]}"
    _run(server, f'CREATE DATABASE "{name}" STRATEGY file_copy')
    yield server.set(database=name).render_as_string(hide_password=False)
    left = _still_open(server, name)
    _run(server, f'DROP DATABASE "{name}" WITH (FORCE)')
    assert left == 0, f"{left} connection(s) were left open"


def _still_open(server: URL, name: str) -> object:
    """Connections that stay: a backend ends a moment after its client has closed, and a vacuum is nobody's."""
    query = f"SELECT count(*), pg_sleep(0.02) FROM pg_stat_activity WHERE datname = '{name}'"
    until = time.monotonic() + _LOOKING_SECONDS
    while count := _run(server, f"{query} AND backend_type = 'client backend'"):
        if time.monotonic() > until:
            return count
    return 0


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower())[:48]


def _run(server: URL, statement: str) -> object:
    import psycopg

    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall()[0][0] if cursor.description else None

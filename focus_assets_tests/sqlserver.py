"""Give each test an SQL Server database of its own where somebody names a server; there are no such tests without."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

SQLSERVER = "FOCUS_TEST_SQLSERVER_URL"


@pytest.fixture
def mssql_url() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database where readers do not wait for writers; it goes away after the test."""
    server = sa.make_url(os.environ[SQLSERVER]).set(drivername="mssql+mssqlpython")
    name = f"focus_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE DATABASE {name}", f"ALTER DATABASE {name} SET READ_COMMITTED_SNAPSHOT ON")
    yield server.set(database=name).render_as_string(hide_password=False)
    _run(server, f"DROP DATABASE {name}")


def _run(server: sa.URL, *statements: str) -> None:
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)

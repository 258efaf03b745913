"""Which databases the promises are tried on, and how each is opened empty."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets_tests.effort import effort
from focus_assets_tests.sqlserver import SQLSERVER

DIALECTS = ["sqlite", "postgresql", "duckdb", "mysql", *(["mssql"] if os.environ.get(SQLSERVER) else [])]
INSERTED = "mysql-inserted"  # where the server is not told that it could be sent a file


@contextmanager
def opened(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Database]:
    """One empty database of a kind."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'mirror.db'}"
    elif kind == "duckdb":
        url = f"duckdb:///{folder / 'mirror.duckdb'}"
    elif kind == INSERTED:
        url = request.getfixturevalue("mysql_url") + "&local_infile=0"
    else:
        url = request.getfixturevalue({"postgresql": "postgres_url"}.get(kind, f"{kind}_url"))
    found = Database(Destination(url=SecretStr(url), lock_timeout_seconds=1))
    # What opens and closes DuckDB's file anew for each look waits for the disk most of the time.
    held = kind == "duckdb" and effort(1, 0)
    with found.connection() if held else nullcontext():
        yield found

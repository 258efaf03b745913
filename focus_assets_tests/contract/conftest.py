"""Every database there is, empty, and a partition to load into it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets_tests.effort import effort
from focus_assets_tests.sqlserver import SQLSERVER

DIALECTS = ["sqlite", "postgresql", "duckdb", "mysql", *(["mssql"] if os.environ.get(SQLSERVER) else [])]


@pytest.fixture(params=DIALECTS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """One empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'mirror.db'}"
    elif request.param == "duckdb":
        url = f"duckdb:///{tmp_path / 'mirror.duckdb'}"
    else:
        url = request.getfixturevalue({"postgresql": "postgres_url"}.get(request.param, f"{request.param}_url"))
    found = Database(Destination(url=SecretStr(url), lock_timeout_seconds=1))
    # What opens and closes DuckDB's file anew for each look waits for the disk most of the time.
    held = request.param == "duckdb" and effort(1, 0)
    with found.connection() if held else nullcontext():
        yield found

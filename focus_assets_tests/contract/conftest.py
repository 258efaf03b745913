"""Every database there is, empty, and a partition to load into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database

DIALECTS = ["sqlite", "postgresql", "duckdb", "mysql"]


@pytest.fixture(params=DIALECTS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """One empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'mirror.db'}"
    elif request.param == "duckdb":
        url = f"duckdb:///{tmp_path / 'mirror.duckdb'}"
    else:
        url = request.getfixturevalue({"postgresql": "postgres_url", "mysql": "mysql_url"}[request.param])
    return Database(Destination(url=SecretStr(url), lock_timeout_seconds=1))

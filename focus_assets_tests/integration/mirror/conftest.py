"""A scene on each database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets_tests.effort import effort
from focus_assets_tests.integration.mirror.scene import Scene

SetScene = Callable[..., Scene]


def _database(url: str) -> Database:
    return Database(Destination(url=SecretStr(url), lock_timeout_seconds=5))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Where an SQLite may be made."""
    return f"sqlite:///{tmp_path / 'mirror.db'}"


@pytest.fixture
def sqlite(sqlite_url: str) -> Database:
    """An empty SQLite."""
    return _database(sqlite_url)


@pytest.fixture
def duckdb_url(tmp_path: Path) -> str:
    """Where a DuckDB may be made."""
    return f"duckdb:///{tmp_path / 'mirror.duckdb'}"


@pytest.fixture(params=["sqlite", "postgres", *effort((), ("duckdb", "mysql"))])
def database(request: pytest.FixtureRequest) -> Database:
    """One empty database of each kind: of two, and with FOCUS_PROOF=all of every."""
    return _database(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def scene(sqlite: Database, tmp_path: Path) -> Scene:
    """The usual scene, on SQLite."""
    return Scene(sqlite, tmp_path)


@pytest.fixture
def everywhere(database: Database, tmp_path: Path) -> Scene:
    """The usual scene, on every database."""
    return Scene(database, tmp_path)


@pytest.fixture
def set_scene(sqlite: Database, tmp_path: Path) -> SetScene:
    """A scene of a test's own making, on SQLite: `set_scene(rows=…, options=…, overlap_seconds=…)`."""

    def make(**how: Any) -> Scene:
        return Scene(sqlite, tmp_path, **how)

    return make


@pytest.fixture
def set_everywhere(database: Database, tmp_path: Path) -> SetScene:
    """A scene of a test's own making, on every database."""

    def make(**how: Any) -> Scene:
        return Scene(database, tmp_path, **how)

    return make

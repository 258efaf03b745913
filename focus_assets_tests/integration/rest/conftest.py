"""An API on a socket, and a scene on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets_tests.integration.rest.scene import Scene
from focus_assets_tests.integration.rest.server import Api, serving


@pytest.fixture
def api() -> Iterator[Api]:
    """Twenty-five things in pages of ten."""
    with serving(Api()) as found:
        yield found


def _database(url: str) -> Database:
    return Database(Destination(url=SecretStr(url), lock_timeout_seconds=5))


@pytest.fixture
def scene(api: Api, tmp_path: Path) -> Scene:
    """The things into SQLite."""
    return Scene(api, _database(f"sqlite:///{tmp_path / 'mirror.db'}"), tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def everywhere(request: pytest.FixtureRequest, api: Api, tmp_path: Path) -> Scene:
    """The things into each database."""
    sqlite = f"sqlite:///{tmp_path / 'mirror.db'}"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Scene(api, _database(url), tmp_path)

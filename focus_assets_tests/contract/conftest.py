"""Every database there is, empty, and a partition to load into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database

DIALECTS = ["sqlite", "postgresql"]


@pytest.fixture(params=DIALECTS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """One empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'mirror.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    return Database(Destination(url=SecretStr(url), lock_timeout_seconds=1))

"""A gateway before a cluster, over SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from focus_assets_tests.integration.writeback.scene import Scene, cluster, served


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two nodes, and the gateway over SQLite."""
    with cluster(tmp_path, f"sqlite:///{tmp_path / 'writes.db'}") as made, served(made):
        yield made


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Scene]:
    """The same over PostgreSQL."""
    with cluster(tmp_path, postgres_url) as made, served(made):
        yield made

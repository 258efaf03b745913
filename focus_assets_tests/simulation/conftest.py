"""A place for the mirrors of schedules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from focus_assets.database.open import Database
from focus_assets_tests.simulation.destination import Empty, sqlite


@pytest.fixture(scope="session")
def empty() -> Iterator[Empty]:
    """Makes empty databases, one after the other."""
    with sqlite() as made:
        yield made


@pytest.fixture
def database(empty: Empty) -> Iterator[Database]:
    """One empty database."""
    with empty() as made:
        yield made

"""Every database there is, empty, and a partition to load into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from focus_assets.database.open import Database
from focus_assets_tests.contract.databases import DIALECTS, opened


@pytest.fixture(params=DIALECTS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """One empty database of each kind."""
    with opened(request.param, request, tmp_path) as found:
        yield found

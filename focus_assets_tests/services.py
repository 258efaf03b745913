"""Do without a service on a desk, and not in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test because a service is missing; with CI=true fail it."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{what} is missing, and CI may not skip", pytrace=False)
    pytest.skip(f"{what} is missing")

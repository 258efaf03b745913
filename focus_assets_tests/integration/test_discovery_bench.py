"""The measure of a discovery listing runs from start to end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_it_measures_a_listing_beside_httpx_and_json(root: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.discovery", "--items=3000", "--rounds=1", "--growth=50"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr  # so few items say nothing of the ratio
    assert "3,000 items in pages of 100" in done.stdout
    assert "50 listings of 2,000 at once" in done.stdout

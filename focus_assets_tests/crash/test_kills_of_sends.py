"""A sending that is killed anywhere: in the end the API has the table's rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def _killed(root: Path, *arguments: str) -> str:
    # a process of its own: it forks, and must have no threads
    command = [sys.executable, "-m", "focus_assets_tests.crash.kills_of_sends", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_12_kills_on_sqlite_lose_and_orphan_nothing(root: Path) -> None:
    assert _killed(root, "--kills", "12") == "12 kills on sqlite, 0 rows missing, 0 orphans\n"


@pytest.mark.slow
def test_6_kills_on_postgresql_lose_and_orphan_nothing(root: Path, postgres_server: str) -> None:
    said = _killed(root, "--kills", "6", "--postgres", postgres_server)
    assert said == "6 kills on postgresql, 0 rows missing, 0 orphans\n"

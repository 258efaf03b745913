"""Readers see exactly one committed load; of writers who meet, one wins and the others know that they lost."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from focus_assets_tests.crash.readers import Pair, Reading, Seen


def _ran(root: Path, module: str, *arguments: str) -> str:
    # a process of its own: it forks, and must have no threads
    command = [sys.executable, "-m", f"focus_assets_tests.crash.{module}", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_readers_of_sqlite_see_one_committed_load_at_a_time(root: Path) -> None:
    assert _ran(root, "readers", "--reads", "1000").endswith(" loads, 0 wrong\n")


@pytest.mark.slow
def test_readers_of_postgresql_see_one_committed_load_at_a_time(root: Path, postgres_server: str) -> None:
    assert _ran(root, "readers", "--reads", "1000", "--postgres", postgres_server).endswith(" loads, 0 wrong\n")


@pytest.mark.slow
def test_three_writers_of_sqlite_lose_no_update(root: Path) -> None:
    assert _ran(root, "writers", "--trials", "5").endswith("5 trials on sqlite, 0 wrong\n")


@pytest.mark.slow
def test_three_writers_of_postgresql_lose_no_update(root: Path, postgres_server: str) -> None:
    done = _ran(root, "writers", "--trials", "5", "--postgres", postgres_server)
    assert done.endswith("5 trials on postgresql, 0 wrong\n")


def test_a_read_that_no_load_committed_is_wrong() -> None:
    first, second = Pair(1, 2, 2, "a"), Pair(2, 3, 3, "b")
    honest = Seen("in one statement", Counter([first, second]), 0)
    assert Reading([honest], {1: first, 2: second}).wrong() == 0
    for strange in (Pair(1, 2, 3, "b"), Pair(2, 3, 0, ""), Pair(3, 3, 3, "b")):
        seen = Seen("in one statement", Counter([first, strange]), 0)
        assert Reading([seen], {1: first, 2: second}).wrong() == 1
    assert Reading([Seen("in one statement", Counter([first]), 1)], {1: first}).wrong() == 1

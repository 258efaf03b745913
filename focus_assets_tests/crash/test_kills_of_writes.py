"""A create, a delete and a drain that are killed anywhere: in the end the nodes hold what DONE says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from focus_assets_tests.crash.kills_of_writes import STORIES

ENDS = {
    "create": "COMPENSATED, DONE, never recorded",
    "delete": "DONE, never recorded",
    "drain": "COMPENSATED",
}


def _killed(root: Path, *arguments: str) -> list[str]:
    # a process of its own: it forks, and must have no threads
    command = [sys.executable, "-m", "focus_assets_tests.crash.kills_of_writes", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def _ends(said: list[str]) -> dict[str, str]:
    return {line.split(":")[0]: line.partition("ended ")[2] for line in said[:-1]}


def test_every_kill_on_sqlite_orphans_and_deletes_nothing(root: Path) -> None:
    said = _killed(root, "--all")
    assert said[-1].endswith("kills on sqlite, 0 orphans, 0 wrongly deleted")
    assert _ends(said) == ENDS


@pytest.mark.slow
def test_24_kills_on_postgresql_orphan_and_delete_nothing(root: Path, postgres_server: str) -> None:
    said = _killed(root, "--kills", "24", "--postgres", postgres_server)
    assert said[-1] == "24 kills on postgresql, 0 orphans, 0 wrongly deleted"


def test_every_story_is_told_how_it_ends() -> None:
    assert [story.name for story in STORIES] == list(ENDS)

"""A run that is killed anywhere leaves what stood, or all of the new; the next one ends equal to the server."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from focus_assets_tests.crash.held import Damage, Held, damage


def _killed(root: Path, *arguments: str) -> str:
    # a process of its own: it forks, and must have no threads
    command = [sys.executable, "-m", "focus_assets_tests.crash.kills", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_150_kills_on_sqlite_lose_double_and_tear_nothing(root: Path) -> None:
    assert _killed(root, "--kills", "150").endswith("150 kills on sqlite, 0 wrong\n")


@pytest.mark.slow
def test_30_kills_on_postgresql_lose_double_and_tear_nothing(root: Path, postgres_server: str) -> None:
    assert _killed(root, "--kills", "30", "--postgres", postgres_server).endswith("30 kills on postgresql, 0 wrong\n")


@pytest.mark.slow
def test_20_kills_on_mariadb_or_mysql_lose_double_and_tear_nothing(root: Path, mysql_server: str) -> None:
    assert _killed(root, "--kills", "20", "--mysql", mysql_server).endswith("20 kills on mysql, 0 wrong\n")


def _state(generation: int, *rows: tuple[str, str]) -> Held:
    entry = {"generation": generation}
    return Held(tuple({"id": key, "name": name} for key, name in rows), {"_focus_ledger": (entry,)})


OLD, NEW = _state(1, ("a", "1"), ("b", "1")), _state(2, ("a", "2"), ("b", "1"), ("c", "2"))


def test_the_old_state_and_the_new_one_are_no_damage() -> None:
    assert not damage(OLD, OLD, NEW)
    assert not damage(NEW, OLD, NEW)


def test_damage_is_told_by_its_kind() -> None:
    assert damage(_state(1, ("a", "1")), OLD, NEW) == Damage(lost=1, torn=1)
    assert damage(_state(1, ("a", "1"), ("a", "1"), ("b", "1")), OLD, NEW) == Damage(doubled=1, torn=1)
    assert damage(_state(1, ("a", "3"), ("b", "3")), OLD, NEW) == Damage(torn=2)


def test_the_rows_of_one_state_beside_the_ledger_of_the_other_are_torn() -> None:
    assert damage(dataclasses.replace(NEW, books=OLD.books), OLD, NEW) == Damage(torn=1)
    assert damage(dataclasses.replace(OLD, books=NEW.books), OLD, NEW) == Damage(torn=1)

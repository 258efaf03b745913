"""Plant a bug in a copy of the package, and see which test says so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from focus_assets_tests.planted.bugs import Bug

TESTS = "focus_assets_tests"
COPIED = ("focus_assets", TESTS, "pyproject.toml")
# Those that need nothing but the two packages. Left out is what compares with golden files: they say that something
# has changed, not that it is wrong.
QUICK = (
    "unit/model",
    "unit/client",
    "unit/sources",
    "unit/database",
    "unit/load",
    "unit/verify",
    "unit/history",
    "unit/test_config.py",
    "unit/test_fetch.py",
    "unit/test_run.py",
    "contract",
    "integration/mirror",
    "integration/client",
    "integration/truncation",
)
GOLDEN = ("contract/test_sql.py",)
TEST_SECONDS = 600  # of one test: one that takes longer never ends
SUITE_SECONDS = 1800
SEEDS = "0-199"
SEEDS_SECONDS = 600

_FAILED = re.compile(r"^(focus_assets_tests/.+?::.+?) (?:FAILED|ERROR)\b", re.MULTILINE)
_UNREADABLE = re.compile(r"^_+ ERROR collecting (\S+) _+$", re.MULTILINE)
_STARTED = re.compile(r"^(focus_assets_tests/.+?::.+?)(?: PASSED| SKIPPED|$)", re.MULTILINE)
_SEED = re.compile(r"seed \d+|--seeds? \d+")


@dataclass(frozen=True, slots=True)
class Caught:
    """What became of one bug: the test that found it (None: it survived), and after how many seconds."""

    bug: Bug
    by: str | None
    seconds: float


class Bench:
    """A copy of the package and its tests, in which one bug at a time is planted."""

    def __init__(self, root: Path, home: Path, *, postgres: str = "") -> None:
        self._home = home
        for name in COPIED:
            _copy(root / name, home / name)
        self._environment = {**os.environ, "PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
        self._environment |= {"PYTHONUNBUFFERED": "1", "CI": ""}
        if postgres:
            self._environment["FOCUS_TEST_POSTGRES_URL"] = postgres
        self._sound: dict[str, bool] = {}

    def hunt(self, bug: Bug, *, quickly: bool = False) -> Caught:
        """Plant it, run tests and seeds until something fails that does not fail without it, and mend it.

        `quickly`: with the tests that are tried first alone.
        """
        began = time.monotonic()
        looks = (self._first,) if quickly else (self._first, self._rest, self._simulated)
        by = next((by for look in looks if (by := look(bug))), None)
        return Caught(bug, by, time.monotonic() - began)

    def _first(self, bug: Bug) -> str | None:
        chosen = [f"{TESTS}/{test}" for test in bug.tests]
        marks = "not slow and not browser" + ("" if "postgres" in bug.file else " and not postgres")
        return self._failing(bug, chosen, marks) if chosen else None

    def _rest(self, bug: Bug) -> str | None:
        chosen = [f"{TESTS}/{test}" for test in QUICK if (self._home / TESTS / test).exists()]
        return self._failing(bug, chosen, "not slow and not browser")

    def _simulated(self, bug: Bug) -> str | None:
        if not (self._home / TESTS / "simulation" / "__main__.py").exists():
            return None
        command = [sys.executable, "-m", f"{TESTS}.simulation", "--seeds", SEEDS, "--jobs", "1"]
        found = self._with(bug, command, SEEDS_SECONDS)
        if found is None or found.returncode == 0:
            return None
        seed = _SEED.search(found.stdout + found.stderr)
        return f"simulation, {seed[0] if seed else SEEDS}"

    def _failing(self, bug: Bug, chosen: Sequence[str], marks: str) -> str | None:
        """The first test that fails with the bug and passes without it."""
        unsound: list[str] = [f"{TESTS}/{file}" for file in GOLDEN]
        while test := self._pytest(bug, [*chosen, *_without(unsound)], marks):
            if self._passes_without(test):
                return test
            unsound.append(test)
        return None

    def _passes_without(self, test: str) -> bool:
        if test not in self._sound:
            self._sound[test] = self._pytest(None, [test], "") is None
        return self._sound[test]

    def _pytest(self, bug: Bug | None, chosen: Sequence[str], marks: str) -> str | None:
        """The first test that fails or never ends; None where all pass."""
        limits = ["-o", f"faulthandler_timeout={TEST_SECONDS}", "-o", "faulthandler_exit_on_timeout=true"]
        options = ["-x", "-v", "--tb=no", "-p", "no:cacheprovider", "-m", marks, *limits]
        command = [sys.executable, "-m", "pytest", *options, *chosen]
        done = self._with(bug, command, SUITE_SECONDS)
        if done is not None and done.returncode in (0, 5):
            return None
        said = done.stdout if done else ""
        failed = _FAILED.search(said) or _UNREADABLE.search(said)
        if failed:
            return failed[1]
        started = _STARTED.findall(said)
        if not started:
            raise RuntimeError(f"the tests did not run:\n{said}{done.stderr if done else ''}")
        return str(started[-1])

    def _with(self, bug: Bug | None, command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str] | None:
        """What a command says while the bug is there; None where it does not end in time."""
        file = self._home / bug.path if bug else None
        source = file.read_text(encoding="utf-8") if file else ""
        try:
            if bug and file:
                file.write_text(bug.plant(source), encoding="utf-8")
            return subprocess.run(
                command,
                cwd=self._home,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        finally:
            if file:
                file.write_text(source, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _without(tests: Sequence[str]) -> list[str]:
    return [f"--deselect={test}" for test in tests]

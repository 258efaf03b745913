"""The planted bugs still fit the code, and each of them is caught."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from focus_assets_tests.planted.__main__ import choose
from focus_assets_tests.planted.bench import TESTS
from focus_assets_tests.planted.bugs import Bug, read_bugs

ALL = read_bugs()


@pytest.mark.parametrize("bug", ALL, ids=lambda bug: bug.name)
def test_a_planted_bug_fits_the_code_as_it_is(root: Path, bug: Bug) -> None:
    source = (root / bug.path).read_text(encoding="utf-8")
    planted = bug.plant(source)
    ast.parse(planted)
    assert planted != source
    assert bug.rule
    for test in bug.tests:
        assert (root / TESTS / test.split("::")[0]).exists(), f"{test} is not there any more"


def test_there_are_sixty_and_each_has_a_name_of_its_own() -> None:
    assert len({bug.name for bug in ALL}) == len(ALL) >= 60


def test_what_no_longer_fits_is_told() -> None:
    with pytest.raises(ValueError, match="0 times"):
        ALL[0].plant("")


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    assert choose(ALL, sample=6, seed=1) == choose(ALL, sample=6, seed=1) != choose(ALL, sample=6, seed=2)


@pytest.mark.slow
def test_a_sample_of_six_is_caught(root: Path) -> None:
    command = [sys.executable, "-m", "focus_assets_tests.planted", "--sample", "6", "--seed", "20250701"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=3600, check=False)
    assert done.stdout.endswith("6 planted, 6 caught, 0 survived\n"), done.stdout + done.stderr
    assert done.returncode == 0

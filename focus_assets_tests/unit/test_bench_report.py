"""The bench tells what is too slow from what is noise."""

from __future__ import annotations

import pytest

from benchmarks.bench import FLOOR, FULL, Results, Run
from benchmarks.corpus import Corpus
from benchmarks.meter import Cost
from benchmarks.report import is_too_slow


def run(work: str, cpu: float, database_cpu: float) -> Run:
    """One load that took so much of the processors."""
    return Run("postgres", work, 100_000, 1, Cost(9.0, cpu, 1, database_cpu, None, 0.0, ""))


@pytest.mark.parametrize(
    ("rows", "ours", "slow"),
    [
        (100_000, [(9.0, 1.0), (9.0, 1.0)], True),
        (100_000, [(9.0, 1.0), (2.0, 1.0)], False),
        (2_000, [(9.0, 1.0), (9.0, 1.0)], False),
    ],
)
def test_only_what_is_slow_in_every_round_is_too_slow(rows: int, ours: list[tuple[float, float]], slow: bool) -> None:
    runs = [run(FLOOR, 0.25, 0.75), run(FLOOR, 0.25, 2.0), *(run(FULL, *cost) for cost in ours)]
    assert is_too_slow(Results(Corpus(rows, 1, 1, 1, {}, {}), runs)) is slow

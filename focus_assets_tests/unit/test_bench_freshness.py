"""What the bench of freshness plans, and where it says that the seconds went."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.changes import Changed
from benchmarks.daemon import Ran
from benchmarks.freshness import Wanted, planned, stages_of
from focus_assets.model.partition import PartitionRef

REF = PartitionRef("retail", "retail", "promotions", "C000")


def ran(created: float, *partitions: str) -> Ran:
    return Ran("mirror_partitions", "SUCCESS", partitions, created, created + 3, created + 5)


@pytest.mark.parametrize(("changes", "bursts"), [(60, [10, 30]), (75, [10, 10, 30]), (180, [10, 10, 10, 30, 30, 30])])
def test_a_third_changes_alone_and_the_rest_in_bursts_over_different_partitions(
    changes: int, bursts: list[int]
) -> None:
    moments = planned(Wanted(partitions=30, changes=changes, seconds=360, poll_seconds=30))
    assert sorted(len(set(moment.countries)) for moment in moments) == [*[1] * (changes // 3), *bursts]
    assert [moment.after for moment in moments] == sorted(moment.after for moment in moments)


@pytest.mark.parametrize("changes", [1, 2, 4, 7, 100])
def test_a_plan_has_as_many_changes_as_are_wanted(changes: int) -> None:
    moments = planned(Wanted(partitions=3, changes=changes, seconds=1, poll_seconds=30))
    assert sum(len(moment.countries) for moment in moments) == changes


@pytest.mark.parametrize(
    ("looks", "runs", "stages"),
    [
        ((90, 112, 115), [ran(113, str(REF))], [12, 1, 3, 4]),
        ((90, 95), [ran(96, str(REF))], [0, 0, 0, 20]),
        ((112,), [ran(80, str(REF)), ran(113, str(REF)), ran(114, "retail/promotions/C001")], [12, 1, 3, 4]),
    ],
    ids=["by a run of its own", "by a run that was under way", "by the last run of several"],
)
def test_the_stages_add_up_to_the_seconds_until_a_row_is_verified(
    looks: Sequence[float], runs: Sequence[Ran], stages: list[float]
) -> None:
    one = Changed(REF, "key", ("name", "when"), at=100_000_000, together=1, stood=20.0, verified=20.0)
    assert stages_of(one, runs, looks) == stages

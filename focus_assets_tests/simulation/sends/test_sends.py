"""Sendings go through what seeds make of an API, and end with the table's rows there."""

from __future__ import annotations

import pytest

from focus_assets.sandbox.cluster import Whim
from focus_assets_tests.simulation.sends.__main__ import main
from focus_assets_tests.simulation.sends.crew import play
from focus_assets_tests.simulation.sends.schedule import Report

SEEDS = range(40)


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """How the schedules ended."""
    return list(play(SEEDS))


def test_the_api_rests_with_the_rows_of_the_table(reports: list[Report]) -> None:
    assert {report.seed: report.wrong for report in reports if report.wrong} == {}
    assert sum(report.differing + report.touched for report in reports) == 0


def test_everything_that_can_happen_to_a_row_has_happened(reports: list[Report]) -> None:
    happened = set().union(*(report.happened for report in reports))
    figures = {"created", "updated", "deleted", "unchanged", "unknown", "waiting", "dead", "broken", "settled"}
    assert {whim.value for whim in Whim} | figures | {"pause"} <= happened


def test_a_seed_replays_exactly(reports: list[Report]) -> None:
    again = list(play([3, 11, 19]))
    assert [report.events for report in again] == [reports[seed].events for seed in (3, 11, 19)]


@pytest.mark.slow
def test_three_hundred_schedules_end_as_they_should(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "0-299", "--jobs", "2"]) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == "300 schedules of sendings, 0 items that differ, 0 of others touched"

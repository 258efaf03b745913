"""The mirror goes through what seeds make of a world, and is never wrong."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from focus_assets_tests.simulation.__main__ import main
from focus_assets_tests.simulation.crew import Place, play, play_naively
from focus_assets_tests.simulation.destination import Empty
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.schedule import Schedule

_DIGEST = """
from focus_assets_tests.simulation.crew import Place, play
print(*(report.events for report in play([{seeds}], Place())))
"""


def test_fifty_schedules_end_without_a_wrong_row_or_verdict() -> None:
    wrong = {report.seed: report.wrong for report in play(range(50), Place()) if report.wrong}
    assert wrong == {}


def test_a_seed_replays_exactly_and_in_another_process_too() -> None:
    seeds = [3, 11, 19]
    first = [report.events for report in play(seeds, Place())]
    assert [report.events for report in play(seeds, Place())] == first
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    script = _DIGEST.format(seeds=", ".join(map(str, seeds)))
    command = [sys.executable, "-c", script]
    root = Path(__file__).parents[2]
    said = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, cwd=root)
    assert said.stdout.split() == first


def test_what_went_before_does_not_change_a_schedule() -> None:
    alone = [report.events for report in play([7], Place())]
    assert [report.events for report in play([5, 6, 7], Place())][2:] == alone


def test_a_trace_tells_the_events_that_the_digest_is_made_of(empty: Empty) -> None:
    trace: list[str] = []

    async def play_traced() -> str:
        with empty() as database:
            return (await Schedule(1, database, trace=trace).play()).events

    events = run(play_traced())
    assert hashlib.sha256("".join(f"{event}\n" for event in trace).encode()).hexdigest() == events


def test_the_naive_client_ends_wrong_in_most_of_them() -> None:
    found = list(play_naively(range(50)))
    assert sum(wrong for wrong, _ in found) > 25
    assert any(hidden for _, hidden in found)


@pytest.mark.slow
def test_a_thousand_schedules_meet_every_anomaly_and_end_right() -> None:
    assert main(["--seeds", "0-999", "--jobs", "2"]) == 0

"""What schedules found in the mirror, each told in a world of its own, so that no change of the seeds can lose it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from focus_assets.database.open import Database
from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish
from focus_assets_tests.simulation.faults import CALM, Fault, Weather
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.plan import Plan, Step
from focus_assets_tests.simulation.schedule import Report, Schedule
from focus_assets_tests.simulation.test_oracle import KNOBS, QUIET
from focus_assets_tests.simulation.world import SECOND, Options, Transaction

HOUR = 3600 * SECOND


def scene(database: Database, server: Options, *steps: Step) -> Schedule:
    plan = Plan(server, KNOBS, False, False, steps or (QUIET,), HOUR)
    return Schedule(1, database, plan=plan)


def once(place: str, do: Callable[[], None]) -> Callable[[str], None]:
    """Do it the first time that something happens at this place."""
    left = [do]

    def meanwhile(where: str) -> None:
        if place in where and left:
            left.pop()()

    return meanwhile


def played(told: Schedule) -> Report:
    report = run(told.play())
    assert report.wrong == []
    return report


def test_a_high_water_mark_that_an_open_transaction_holds_back_proves_nothing(database: Database) -> None:
    told = scene(database, Options(as_of="horizon", paging="keyset"))
    world = told.world

    def two_updates_around_the_page() -> None:
        read, unread = min(world.current.rows["DE"]), max(world.current.rows["DE"])
        for key in (read, unread):
            world.serial += 1
            world._commit(Transaction(world.now, world.serial, world.now, "update", "DE", (key,), 0))

    def begin() -> None:
        world.pending.append(Transaction(world.now + HOUR, 10**6, world.now - SECOND, "update", "DE", (), HOUR))
        told.server.meanwhile = once("full after 5", two_updates_around_the_page)

    told.server.meanwhile = once("/state", begin)
    report = played(told)
    assert report.verdicts[Verdict.COUNTED] >= 1


@pytest.mark.parametrize("tells_age", [1.0, 0.0])
def test_a_full_load_out_of_a_cache_is_asked_for_again(database: Database, tells_age: float) -> None:
    again = dataclasses.replace(QUIET, gap=HOUR, rest=HOUR, writes=6, wish=Wish(full=True))
    told = scene(database, Options(kinds=("update",)), QUIET, again)
    told.server.tells_age = tells_age
    asked: list[str] = []

    def out_of_a_cache(place: str) -> None:
        asked.extend(["full"] * ("full/lines" in place))
        stale = "full/lines" in place and len(asked) == 2
        told.server.weather = Weather(1.0, (Fault.STALE,)) if stale else CALM

    told.server.meanwhile = out_of_a_cache
    report = played(told)
    assert "stale answer served" in report.windows[1]
    assert len(asked) == 4  # once, twice, and once at the end


def test_a_column_that_comes_with_a_quiet_delta_is_filled_by_the_next_load(database: Database) -> None:
    told = scene(database, Options(as_of="horizon"), QUIET, dataclasses.replace(QUIET, gap=HOUR))
    told.oracle.keeps_contract = True
    asked: list[str] = []

    def widen_after_the_second_run_has_read_the_schema(place: str) -> None:
        asked.extend(["schema"] * ("/schema" in place))
        if len(asked) == 3 and "/state" in place:
            asked.append("widened")
            told.world.add_column()

    told.server.meanwhile = widen_after_the_second_run_has_read_the_schema
    report = played(told)
    assert "widened" in asked
    assert "column added during a run" in report.windows[1]

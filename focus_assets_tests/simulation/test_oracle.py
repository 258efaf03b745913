"""The oracle notices every kind of lie; what it would not notice, the mirror could do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from focus_assets.database.open import Database
from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish
from focus_assets_tests.simulation.faults import CALM
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.oracle import PAUSE, Image, Ran
from focus_assets_tests.simulation.plan import Plan, Step
from focus_assets_tests.simulation.schedule import Schedule
from focus_assets_tests.simulation.transport import Bustle
from focus_assets_tests.simulation.world import SECOND, Options

QUIET = Step(gap=SECOND, writes=0, country="DE", wish=Wish(), weather=CALM, bustle=Bustle())
KNOBS = {"overlap_seconds": 60}


class Told(Schedule):
    """A schedule whose runs can be judged a second time, after they were tampered with."""

    def __init__(self, seed: int, database: Database, **options: object) -> None:
        server = Options(**options)  # type: ignore[arg-type]
        steps = (QUIET, dataclasses.replace(QUIET, gap=3600 * SECOND, writes=20))
        super().__init__(seed, database, plan=Plan(server, KNOBS, False, True, steps, 3600 * SECOND))
        self.runs: list[Ran] = []
        judge = self.oracle.judge

        def judged(ran: Ran) -> list[str]:
            self.runs.append(ran)
            return judge(ran)

        self.oracle.judge = judged  # type: ignore[method-assign]

    def of(self, verdict: Verdict) -> Ran:
        """The first run of that verdict."""
        return next(ran for ran in self.runs if ran.outcome.verdict is verdict)


@pytest.fixture
def told(database: Database) -> Told:
    made = Told(1, database, countries=("DE", "FR"))
    report = run(made.play())
    assert report.wrong == []
    return made


def with_rows(image: Image, change: Callable[[dict[Any, Any]], None]) -> Image:
    rows = dict(image.rows["DE"])
    change(rows)
    return dataclasses.replace(image, rows={**image.rows, "DE": rows})


def drop_one(rows: dict[Any, Any]) -> None:
    del rows[min(rows)]


def change_one(rows: dict[Any, Any]) -> None:
    key = min(rows)
    rows[key] = tuple("another name" if str(value).startswith("v") else value for value in rows[key])


def lie(ran: Ran, change: Callable[[dict[Any, Any]], None]) -> Ran:
    return dataclasses.replace(ran, after=with_rows(ran.after, change))


def test_a_proof_with_a_wrong_value_is_a_lie(told: Told) -> None:
    said = told.oracle._verdict(lie(told.of(Verdict.PROVEN), change_one))
    assert len(said) == 1
    assert said[0].startswith("proven, but it equals no state that was shown; the last one but for 1 keys")


def test_a_count_that_was_never_the_servers_is_a_lie(told: Told) -> None:
    (said,) = told.oracle._verdict(lie(told.of(Verdict.COUNTED), drop_one))
    assert said.startswith("counted, but ")


def test_a_moving_count_outside_of_what_was_shown_is_a_lie(told: Told) -> None:
    ran = told.of(Verdict.COUNTED)
    moving = dataclasses.replace(ran, outcome=dataclasses.replace(ran.outcome, verdict=Verdict.MOVING))
    assert told.oracle._verdict(moving) == []
    assert told.oracle._verdict(lie(moving, drop_one))[0].startswith("moving, but ")


def test_a_row_that_differs_at_the_end_is_no_convergence(told: Told) -> None:
    last = next(ran for ran in reversed(told.runs) if ran.country == "DE").after
    assert told.oracle.equal(last, "DE") == []
    assert told.oracle.equal(with_rows(last, change_one), "DE")[0].startswith("DE does not converge: 1 keys")


def test_a_watermark_beyond_a_change_that_was_not_applied_is_a_hole(told: Told) -> None:
    ran = told.of(Verdict.COUNTED)
    assert told.oracle._holes(ran) == []
    assert "has passed by 1 keys" in told.oracle._holes(lie(ran, change_one))[0]
    assert "has passed by 1 keys" in told.oracle._holes(lie(ran, drop_one))[0]


def test_a_failed_run_that_changed_anything_is_caught(told: Told) -> None:
    ran = told.of(Verdict.COUNTED)
    failed = dataclasses.replace(ran, outcome=dataclasses.replace(ran.outcome, generation=None, verdict=None))
    said = " ".join(told.oracle.judge(failed))
    assert "the rows of DE changed" in said
    assert "the ledger of DE changed" in said


def test_a_run_that_touches_another_country_is_caught(told: Told) -> None:
    ran = next(ran for ran in told.runs if ran.country == "FR" and ran.outcome.generation)
    assert "the rows of DE changed in a run that published nothing of it" in told.oracle.judge(lie(ran, drop_one))


def test_a_ledger_that_says_something_else_is_caught(told: Told) -> None:
    ran = told.of(Verdict.COUNTED)
    for name, value in {"rows": -1, "generation": 99, "verdict": "proven"}.items():
        entry = {**ran.after.ledger["DE"], name: value}
        after = dataclasses.replace(ran.after, ledger={**ran.after.ledger, "DE": entry})
        assert told.oracle.judge(dataclasses.replace(ran, after=after))


def test_a_great_loss_that_nobody_confirmed_is_caught(told: Told) -> None:
    ran = told.of(Verdict.COUNTED)
    many = {(f"x{number}",): () for number in range(150)}
    shrunk = dataclasses.replace(ran, before=with_rows(ran.before, lambda rows: rows.update(many)))
    assert told.oracle._shrink(ran) == []
    assert "was not heard a second time" in told.oracle._shrink(shrunk)[0]
    assert told.oracle._shrink(dataclasses.replace(shrunk, wish=Wish(accept_shrink=True))) == []
    assert told.oracle._shrink(dataclasses.replace(shrunk, states=(ran.fed + PAUSE, ran.fed + PAUSE + 1))) == []


def test_a_delta_may_be_given_up_only_where_feeds_may_lie_and_no_heal_is_allowed(told: Told) -> None:
    outcome = told.of(Verdict.COUNTED).outcome
    given_up = dataclasses.replace(outcome, verdict=Verdict.DIVERGED)
    assert not told.oracle.may_give_up(given_up, heals=False)
    told.oracle.keeps_contract = False
    assert told.oracle.may_give_up(given_up, heals=False)
    assert not told.oracle.may_give_up(given_up, heals=True)
    assert not told.oracle.may_give_up(outcome, heals=False)

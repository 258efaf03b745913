"""What is sent follows from the rows, from what was sent last, and from what is not settled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from focus_assets.model.errors import DeletionsRefused, RepeatedKey
from focus_assets.writeback.intent import Intent, Kind, Standing, State, Step
from focus_assets.writeback.rows.plan import Change, OutgoingRow, SendPlan, SentRow, plan_sending

A, B = '["a"]', '["b"]'


def row(key: str, body: str = "{}") -> OutgoingRow:
    return OutgoingRow(key, body, f"#{body}")


def sent(body: str = "{}", *, waits_until: int = 0) -> SentRow:
    return SentRow(f"#{body}", 3, waits_until)


def earlier(state: State, *, body: str = "{}", standing: Standing = Standing.CLEAR) -> Intent:
    step = Step("items", standing)
    return Intent(
        "operation", Kind.CREATE, A, "operation", body, (step,), 0, 0, 0 if state is State.SENT else None, state
    )


def planned(rows: list[OutgoingRow], known: dict[str, SentRow], unsettled: dict[str, Intent] | None = None) -> SendPlan:
    return plan_sending(rows, known, unsettled or {}, now=100)


def test_new_changed_and_missing_rows_are_told_apart() -> None:
    plan = planned([row(A), row(B, "new")], {B: sent(), '["c"]': sent()})
    assert plan.changes == [
        Change(Kind.DELETE, '["c"]', "", 3),
        Change(Kind.UPDATE, B, "new", 3),
        Change(Kind.CREATE, A, "{}", 0),
    ]


def test_what_was_sent_as_it_is_is_left() -> None:
    assert planned([row(A)], {A: sent()}) == SendPlan(unchanged=1)


@pytest.mark.parametrize("known", [{}, {A: sent("old")}, {A: sent()}])
def test_a_key_waits_for_its_open_write(known: dict[str, SentRow]) -> None:
    plan = planned([row(A)], known, {A: earlier(State.SENT)})
    assert (plan.changes, plan.waiting) == ([], 1)


@pytest.mark.parametrize("rows", [[], [row(A)]])
def test_a_key_waits_while_something_may_be_on_its_way(rows: list[OutgoingRow]) -> None:
    plan = planned(rows, {A: sent("old", waits_until=101)})
    assert (plan.changes, plan.waiting) == ([], 1)
    assert len(planned(rows, {A: sent("old", waits_until=100)}).changes) == 1


def test_what_may_be_of_others_is_looked_at_first() -> None:
    suspect = {A: SentRow("", 3, suspect="late")}
    assert planned([row(A)], suspect).changes == [Change(Kind.CREATE, A, "{}", 3, looks=True)]
    assert planned([], suspect).changes == [Change(Kind.DELETE, A, "late", 3, looks=True)]
    assert planned([], {A: SentRow("", 3, suspect="")}) == SendPlan(forgotten=[A])


def test_what_was_refused_is_not_sent_again_as_it_was() -> None:
    assert planned([row(A)], {}, {A: earlier(State.DEAD)}).dead == 1
    assert planned([], {A: sent()}, {A: earlier(State.DEAD, body="")}).dead == 1
    assert len(planned([row(A, "new")], {}, {A: earlier(State.DEAD)}).creates) == 1
    assert len(planned([row(A, "new")], {A: sent()}, {A: earlier(State.DEAD, body="")}).updates) == 1


def test_a_dead_write_that_nobody_wants_any_more_is_over() -> None:
    assert planned([], {}, {A: earlier(State.DEAD)}).over == ["operation"]
    assert planned([row(A)], {A: sent()}, {A: earlier(State.DEAD, body="other")}).over == ["operation"]


def test_a_dead_create_of_which_nobody_knows_what_it_did_stays() -> None:
    plan = planned([], {}, {A: earlier(State.DEAD, standing=Standing.SENT)})
    assert (plan.over, plan.dead) == ([], 1)


def test_an_open_write_of_a_row_that_is_gone_is_waited_for() -> None:
    assert planned([], {}, {A: earlier(State.SENT)}).waiting == 1


def test_two_rows_of_one_key_are_refused() -> None:
    with pytest.raises(RepeatedKey, match="nothing was sent"):
        planned([row(A), row(A)], {})


@pytest.mark.parametrize(("before", "gone", "refused"), [(100, 100, False), (101, 101, True), (1000, 200, False)])
def test_the_guard_has_the_bounds_of_the_mirrors(before: int, gone: int, refused: bool) -> None:
    known = {f'["{number}"]': sent() for number in range(before)}
    kept = [row(key) for key in list(known)[gone:]]
    if refused:
        with pytest.raises(DeletionsRefused, match="--accept-deletions"):
            planned(kept, known)
        assert len(plan_sending(kept, known, {}, now=0, accept_deletions=True).deletes) == gone
    else:
        assert len(planned(kept, known).deletes) == gone


def test_one_more_than_a_fifth_is_refused() -> None:
    known = {f'["{number}"]': sent() for number in range(1000)}
    with pytest.raises(DeletionsRefused):
        planned([row(key) for key in list(known)[201:]], known)


def test_without_deletes_what_is_gone_stays() -> None:
    known = {f'["{number}"]': sent() for number in range(500)}
    assert plan_sending([], known, {}, now=0, deletes=False) == SendPlan()


def test_an_open_intent_is_one_that_has_not_ended() -> None:
    assert replace(earlier(State.SENT), state=State.UNKNOWN).ended is False

"""What becomes of a write, decided without a database, a socket or a clock."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_assets.writeback.intent import ENDED, Intent, Kind, Standing, State, Step
from focus_assets.writeback.saga import (
    SECOND,
    Answered,
    Begun,
    Cleared,
    Lost,
    Made,
    Outcome,
    Overslept,
    Refused,
    Replayed,
    Stuck,
    Taken,
    Terms,
    decide,
)

TERMS = Terms(lifetime=60, lease=30, give_up=3600, base=1, cap=100)
LIFE = 60 * SECOND
NODES = ("a", "b")
LOST_AT = SECOND
SETTLED = LOST_AT + LIFE  # a create whose answer was lost may have left until then


def intent(kind: Kind = Kind.CREATE, nodes: tuple[str, ...] = NODES) -> Intent:
    standing = Standing.IDLE if kind is Kind.CREATE else Standing.HELD
    steps = tuple(Step(node, standing) for node in nodes)
    return Intent("op", kind, "alpha", "op", "{}", steps, created_at=0, deadline=3600 * SECOND, next_at=30 * SECOND)


def sent(kind: Kind = Kind.CREATE, now: int = 0) -> Intent:
    return decide(intent(kind), Begun(), now, TERMS)


def told(found: Intent, *outcomes: Outcome, now: int = SECOND, chance: float = 0.5) -> Intent:
    return decide(found, Answered(outcomes, chance), now, TERMS)


def taken(found: Intent, now: int = 2 * SECOND) -> Intent:
    return decide(found, Taken(), now, TERMS)


def test_a_create_is_done_when_every_node_has_said_so() -> None:
    done = told(sent(), Made("a", "1"), Made("b", "7"))
    assert done.state is State.DONE
    assert done.next_at is None
    assert [step.identity for step in done.steps] == ["1", "7"]


def test_a_create_that_one_node_has_lost_is_unknown_and_due_at_once() -> None:
    found = told(sent(), Made("a", "1"), Lost("b", "b: no answer"))
    assert (found.state, found.next_at, found.error) == (State.UNKNOWN, SECOND, "b: no answer")
    assert [step.standing for step in found.steps] == [Standing.HELD, Standing.SENT]


def test_a_create_that_every_node_refused_owes_nothing() -> None:
    assert told(sent(), Refused("a", "no"), Refused("b", "no")).state is State.COMPENSATED


def test_a_create_that_one_node_refused_is_undone_where_it_was_made() -> None:
    found = told(sent(), Made("a", "1"), Refused("b", "no"))
    assert found.state is State.COMPENSATING
    assert [step.node for step in found.open_steps] == ["a"]
    assert told(taken(found), Cleared("a", 2 * SECOND, found=True)).state is State.COMPENSATED


def test_a_404_while_the_create_may_still_be_on_its_way_proves_nothing() -> None:
    unknown = told(sent(), Lost("a", "?"), Refused("b", "no"))
    early = told(taken(unknown), Cleared("a", SETTLED - 1, found=False))
    assert early.state is State.COMPENSATING
    assert early.next_at == SETTLED
    assert told(taken(early, SETTLED), Cleared("a", SETTLED, found=False), now=SETTLED).state is State.COMPENSATED


def test_a_delete_that_left_too_early_proves_nothing_however_late_its_answer_comes() -> None:
    unknown = told(sent(), Lost("a", "?"), Refused("b", "no"))
    late = told(taken(unknown), Cleared("a", SETTLED - 1, found=True), now=SETTLED + 5 * SECOND)
    assert late.state is State.COMPENSATING


def test_a_create_may_have_left_as_late_as_its_answer_was_lost() -> None:
    held_up = told(sent(now=0), Lost("a", "?"), Lost("b", "?"), now=5 * LIFE)
    assert {step.sent_at for step in held_up.steps} == {5 * LIFE}
    found = told(taken(held_up), *(Cleared(node, 6 * LIFE - 1, found=False) for node in NODES), now=6 * LIFE)
    assert found.state is State.COMPENSATING


def test_a_create_that_was_recorded_and_never_sent_owes_nothing() -> None:
    assert taken(intent()).state is State.COMPENSATED


def test_a_create_whose_sender_is_gone_is_undone_at_every_node() -> None:
    found = taken(sent())
    assert found.state is State.COMPENSATING
    assert [step.node for step in found.open_steps] == ["a", "b"]


def test_an_unanswered_delete_goes_on_until_every_node_has_answered() -> None:
    found = told(sent(Kind.DELETE), Cleared("a", 0, found=True), Lost("b", "b: 500"))
    assert (found.state, found.error) == (State.UNKNOWN, "b: 500")
    assert [step.node for step in found.open_steps] == ["b"]
    assert told(taken(found), Cleared("b", 3 * SECOND, found=False)).state is State.DONE


def test_a_refusal_that_cannot_heal_is_dead_with_its_reason_once_the_others_are_clear() -> None:
    found = taken(told(sent(), Lost("a", "?"), Lost("b", "?")))
    found = told(found, Stuck("a", "a: 403"), Lost("b", "b: 500"))
    assert found.state is State.COMPENSATING
    dead = told(taken(found), Cleared("b", SETTLED, found=True), now=SETTLED)
    assert (dead.state, dead.error, dead.next_at) == (State.DEAD, "a: 403", None)


def test_what_still_fails_after_the_time_to_give_up_is_dead() -> None:
    found = told(taken(sent()), Lost("a", "a: 500"), Lost("b", "b: 500"), now=3600 * SECOND)
    assert found.state is State.DEAD
    assert "a: 500" in found.error


def test_a_dead_write_can_be_replayed() -> None:
    dead = told(taken(sent()), Stuck("a", "a: 403"), Stuck("b", "b: 403"))
    assert dead.state is State.DEAD
    again = decide(dead, Replayed(), 9 * SECOND, TERMS)
    assert (again.state, again.next_at) == (State.COMPENSATING, 9 * SECOND)
    assert len(again.open_steps) == 2


def test_only_a_dead_write_is_replayed() -> None:
    with pytest.raises(ValueError, match="operation op is SENT"):
        decide(sent(), Replayed(), 0, TERMS)


def test_a_sender_that_overslept_has_its_create_undone_anew() -> None:
    found = taken(sent())
    for node in NODES:
        found = told(found, Cleared(node, LIFE, found=False), now=LIFE)
    assert found.state is State.COMPENSATED
    late = 2 * LIFE
    again = decide(found, Overslept(), late, TERMS)
    assert (again.state, again.next_at) == (State.COMPENSATING, late)
    assert told(again, *(Cleared(node, late + LIFE - 1, found=False) for node in NODES)).state is State.COMPENSATING


def test_a_sender_that_overslept_until_it_was_dead_has_every_node_asked_again() -> None:
    dead = told(taken(sent()), Stuck("a", "a: 403"), Stuck("b", "b: 403"))
    assert len(decide(dead, Overslept(), LIFE, TERMS).open_steps) == 2


def test_waits_between_tries_double_up_to_the_cap() -> None:
    found, waits = taken(sent(Kind.DELETE)), []
    for _ in range(9):
        found = taken(told(found, Lost("a", "?"), Lost("b", "?"), now=0, chance=0.999999))
        waits.append(round((found.next_at or 0) / SECOND))
    assert waits == [1, 2, 4, 8, 16, 32, 64, 100, 100]


# --- any course of events ---


@st.composite
def outcomes(draw: st.DrawFn, clearing: bool, now: int) -> tuple[Outcome, ...]:
    """What the nodes may say to one round of calls that began some time before now."""
    said: list[Outcome] = []
    for node in NODES:
        early = max(0, now - draw(st.integers(0, LIFE)))
        kinds = (
            [Cleared(node, early, found=True), Stuck(node, "no")]
            if clearing
            else [Made(node, "1"), Refused(node, "no")]
        )
        said.append(draw(st.sampled_from([*kinds, Lost(node, "?")])))
    return tuple(said)


class Ghosts:
    """A node as bad as it can be: a create that was sent is applied at the last moment at which it can be."""

    def __init__(self) -> None:
        self.sent_at: dict[str, int] = {}
        self.cleared_at: dict[str, int] = {}
        self.refused: set[str] = set()

    def left(self) -> set[str]:
        """The nodes where a group appears after the last DELETE that they answered."""
        return {
            node
            for node, at in self.sent_at.items()
            if node not in self.refused and self.cleared_at.get(node, -1) < at + LIFE
        }


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_course_of_events_ends_with_a_group_that_nobody_owes(data: st.DataObject) -> None:
    now, ghosts, answered = 0, Ghosts(), False
    found = sent(Kind.CREATE, now)
    ghosts.sent_at = dict.fromkeys(NODES, now)
    for _ in range(12):
        now += data.draw(st.integers(0, LIFE))
        event = data.draw(st.sampled_from(["answer", "take", "oversleep"]))
        if event == "oversleep" and found.state is not State.DONE and not answered:
            found = decide(found, Overslept(), now, TERMS)
            ghosts.sent_at = dict.fromkeys(NODES, now)
        elif event == "take" and not found.ended:
            found = decide(found, Taken(), now, TERMS)
        elif event == "answer" and found.state in (State.SENT, State.COMPENSATING):
            clearing = found.state is State.COMPENSATING
            said = data.draw(outcomes(clearing, now))
            answered |= not clearing
            _note(ghosts, said, found, now)
            found = told(found, *said, now=now)
        assert (found.next_at is None) == (found.state in ENDED)
        if found.state is State.COMPENSATED:
            assert not ghosts.left()
        if found.state is State.DONE:
            assert {step.standing for step in found.steps} == {Standing.HELD}


def _note(ghosts: Ghosts, said: tuple[Outcome, ...], before: Intent, now: int) -> None:
    held = {step.node for step in before.steps if step.standing is Standing.HELD}
    for outcome in said:
        if isinstance(outcome, Refused):
            ghosts.refused.add(outcome.node)
        if isinstance(outcome, Lost) and before.state is State.SENT:
            ghosts.sent_at[outcome.node] = now
        if isinstance(outcome, Made):
            ghosts.sent_at.pop(outcome.node)
        if isinstance(outcome, Cleared):
            ghosts.cleared_at[outcome.node] = max(outcome.asked_at, ghosts.cleared_at.get(outcome.node, -1))
            assert outcome.node not in held or outcome.node not in ghosts.sent_at

"""Each answer leads to one next thing, and a lost one to a look that comes late enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from focus_assets.model.jsontext import Members, read
from focus_assets.writeback.intent import Intent, Kind, Standing, State, Step
from focus_assets.writeback.rows import settle
from focus_assets.writeback.rows.items import Shape, holds
from focus_assets.writeback.rows.settle import (
    Answer,
    Applied,
    Call,
    Found,
    Later,
    Lost,
    Missing,
    Refused,
    Rules,
    Taken,
)
from focus_assets.writeback.saga import SECOND, Terms

RULES = Rules(Terms(lifetime=10, lease=5, give_up=100, base=1, cap=4))
NOW = 1000 * SECOND


def new(kind: Kind, rules: Rules = RULES) -> Intent:
    step = Step("items", settle.standing_of(kind, rules))
    return Intent("operation", kind, '["a"]', "operation", "{}", (step,), NOW, NOW + 100 * SECOND, NOW)


def asked(intent: Intent, answer: Answer, now: int = NOW, rules: Rules = RULES) -> Intent:
    """The intent after its next call got this answer."""
    call = settle.next_call(intent, now, rules)
    assert call is not None
    return settle.after(settle.sending(intent, call, now), call, answer, now, chance=0.5, rules=rules)


def lost(kind: Kind, rules: Rules = RULES) -> Intent:
    return asked(new(kind, rules), Lost("no answer"), rules=rules)


@pytest.mark.parametrize(("kind", "call"), [(Kind.CREATE, "create"), (Kind.UPDATE, "update"), (Kind.DELETE, "delete")])
def test_what_is_done_is_done(kind: Kind, call: str) -> None:
    assert settle.next_call(new(kind), NOW, RULES) == call
    assert asked(new(kind), Applied()).state is State.DONE


@pytest.mark.parametrize("kind", list(Kind))
def test_a_lost_answer_is_looked_for_when_nothing_can_be_on_its_way(kind: Kind) -> None:
    after = lost(kind)
    assert (after.state, after.next_at) == (State.UNKNOWN, NOW + 10 * SECOND)
    assert settle.next_call(after, NOW + 10 * SECOND - 1, RULES) is None
    assert settle.next_call(after, NOW + 10 * SECOND, RULES) is Call.LOOK


@pytest.mark.parametrize(
    ("kind", "answer", "following"),
    [
        (Kind.CREATE, Missing(), Call.CREATE),
        (Kind.UPDATE, Missing(), Call.CREATE),
        (Kind.UPDATE, Found(same=False), Call.UPDATE),
        (Kind.DELETE, Found(same=True), Call.DELETE),
    ],
)
def test_a_look_that_shows_that_it_was_not_done_leads_to_another_try(
    kind: Kind, answer: Answer, following: Call
) -> None:
    after = asked(lost(kind), answer, NOW + 10 * SECOND)
    assert (after.state, settle.next_call(after, NOW, RULES)) == (State.PENDING, following)


@pytest.mark.parametrize(
    ("kind", "answer"), [(Kind.CREATE, Found(same=True)), (Kind.UPDATE, Found(same=True)), (Kind.DELETE, Missing())]
)
def test_a_look_that_shows_that_it_was_done_ends_it(kind: Kind, answer: Answer) -> None:
    assert asked(lost(kind), answer, NOW + 10 * SECOND).state is State.DONE


def test_another_item_under_the_key_is_left_alone_unless_it_may_be_adopted() -> None:
    found = asked(lost(Kind.CREATE), Found(same=False), NOW + 10 * SECOND)
    assert (found.state, found.steps[0].standing) == (State.DEAD, Standing.IDLE)
    adopting = replace(RULES, adopt=True)
    assert settle.next_call(new(Kind.CREATE, adopting), NOW, adopting) is Call.LOOK
    known = asked(new(Kind.CREATE, adopting), Found(same=False), rules=adopting)
    assert settle.next_call(known, NOW, adopting) is Call.UPDATE


def test_an_item_is_looked_at_before_a_put_may_create_it() -> None:
    putting = replace(RULES, puts_new=True)
    assert settle.next_call(new(Kind.CREATE, putting), NOW, putting) is Call.LOOK
    assert asked(new(Kind.CREATE, putting), Found(same=False), rules=putting).state is State.DEAD
    assert settle.next_call(asked(new(Kind.CREATE, putting), Missing(), rules=putting), NOW, putting) is Call.CREATE


def test_a_deletion_of_what_may_be_ours_leaves_another_item_alone() -> None:
    suspect = replace(new(Kind.DELETE), steps=(Step("items", Standing.IDLE),))
    assert settle.next_call(suspect, NOW, RULES) is Call.LOOK
    assert asked(suspect, Found(same=False)).state is State.DONE
    assert settle.next_call(asked(suspect, Found(same=True)), NOW, RULES) is Call.DELETE


def test_only_what_may_have_been_done_leaves_traces() -> None:
    assert settle.leaves_traces(Applied())
    assert settle.leaves_traces(Lost("500"))
    assert not any(map(settle.leaves_traces, (Taken("409"), Refused("422"), Later("429"), Missing())))


def test_a_conflict_leads_to_a_look() -> None:
    taken = asked(new(Kind.CREATE), Taken("409"))
    assert (taken.error, settle.next_call(taken, NOW, RULES)) == ("409", Call.LOOK)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_was_not_done_waits_as_long_as_the_api_asks_for(kind: Kind) -> None:
    after = asked(new(kind), Later("429", 30.0))
    assert (after.state, after.next_at) == (State.PENDING, NOW + 30 * SECOND)
    assert settle.next_call(after, NOW, RULES) is settle.next_call(new(kind), NOW, RULES)


def test_what_was_not_done_after_a_lost_one_stays_unknown() -> None:
    kept = replace(RULES, keys_kept=50.0)
    after = asked(lost(Kind.CREATE, kept), Later("429"), rules=kept)
    assert (after.state, after.steps[0].standing) == (State.UNKNOWN, Standing.SENT)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_refused_is_dead_and_can_be_replayed(kind: Kind) -> None:
    dead = asked(new(kind), Refused("422"))
    assert (dead.state, dead.error, dead.next_at) == (State.DEAD, "422", None)
    again = settle.replayed(dead, NOW + SECOND, RULES)
    assert settle.next_call(again, NOW + SECOND, RULES) is settle.next_call(new(kind), NOW, RULES)
    assert (again.state, again.next_at, again.deadline) == (State.PENDING, NOW + SECOND, NOW + 101 * SECOND)


def test_an_item_that_cannot_be_read_is_dead() -> None:
    dead = asked(lost(Kind.CREATE), Refused("405"), NOW + 10 * SECOND)
    assert (dead.state, dead.error) == (State.DEAD, "the item cannot be read: 405")
    assert settle.replayed(dead, NOW, RULES).state is State.UNKNOWN


@pytest.mark.parametrize("answer", [Lost("500"), Later("503")])
def test_a_look_that_fails_is_repeated(answer: Answer) -> None:
    after = asked(lost(Kind.UPDATE), answer, NOW + 10 * SECOND)
    assert (after.state, after.next_at) == (State.UNKNOWN, NOW + 11 * SECOND)


def test_what_fails_too_long_is_given_up() -> None:
    late = asked(lost(Kind.UPDATE), Lost("500"), NOW + 100 * SECOND)
    assert (late.state, late.error) == (State.DEAD, "given up 0.0 h after it was asked for: 500")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("kept", [None, 500.0])
def test_nothing_is_given_up_while_it_may_be_applied(kind: Kind, kept: float | None) -> None:
    rules, deadline = replace(RULES, keys_kept=kept), NOW + 100 * SECOND
    late = asked(new(kind, rules), Lost("504"), deadline, rules)
    assert (late.state, late.next_at) == (State.UNKNOWN, deadline + 10 * SECOND)
    assert settle.next_call(late, deadline + 10 * SECOND - 1, rules) is None
    assert settle.next_call(late, deadline + 10 * SECOND, rules) is Call.LOOK


@pytest.mark.parametrize(
    ("kind", "answer", "standing"),
    [
        (Kind.CREATE, Missing(), Standing.CLEAR),
        (Kind.UPDATE, Missing(), Standing.CLEAR),
        (Kind.UPDATE, Found(same=False), Standing.HELD),
        (Kind.DELETE, Found(same=True), Standing.HELD),
    ],
)
def test_a_last_look_at_what_was_sent_after_the_deadline_ends_it(
    kind: Kind, answer: Answer, standing: Standing
) -> None:
    late = asked(new(kind), Lost("504"), NOW + 100 * SECOND)
    ended = asked(late, answer, NOW + 110 * SECOND)
    assert (ended.state, ended.steps[0].standing, ended.next_at) == (State.DEAD, standing, None)
    assert ended.error == "given up 0.0 h after it was asked for: 504"


def test_what_was_sent_before_the_deadline_is_tried_once_more_after_it() -> None:
    after = asked(lost(Kind.UPDATE), Found(same=False), NOW + 200 * SECOND)
    assert (after.state, settle.next_call(after, NOW + 200 * SECOND, RULES)) == (State.PENDING, Call.UPDATE)


@pytest.mark.parametrize("kind", list(Kind))
def test_who_takes_over_after_the_deadline_looks_first(kind: Kind) -> None:
    monday = NOW + 1000 * SECOND
    over = settle.taken(settle.sending(new(kind), Call(kind.value), NOW), monday)
    assert settle.next_call(over, monday, RULES) is None
    waiting = settle.unproven(over, monday, RULES)
    assert (waiting.state, waiting.next_at) == (State.UNKNOWN, monday + 10 * SECOND)
    assert settle.next_call(waiting, monday + 10 * SECOND, RULES) is Call.LOOK


def test_a_repeated_write_that_is_refused_is_looked_at_before_it_is_dead() -> None:
    kept = replace(RULES, keys_kept=50.0)
    after = asked(lost(Kind.UPDATE, kept), Refused("422"), rules=kept)
    assert (after.state, after.next_at, after.error) == (State.UNKNOWN, NOW + 10 * SECOND, "422")
    known = asked(after, Found(same=False), NOW + 10 * SECOND, kept)
    dead = asked(known, Refused("422"), NOW + 10 * SECOND, kept)
    assert (dead.state, dead.steps[0].standing) == (State.DEAD, Standing.HELD)


@pytest.mark.parametrize("seconds", [32_000_000.0, 1e12])
def test_what_the_api_asks_for_is_no_reason_to_wait_beyond_the_deadline(seconds: float) -> None:
    after = asked(new(Kind.UPDATE), Later("429", seconds))
    assert (after.state, after.next_at) == (State.PENDING, NOW + 100 * SECOND)
    ended = asked(after, Later("429", seconds), NOW + 100 * SECOND)
    assert (ended.state, ended.error) == (State.DEAD, "given up 0.0 h after it was asked for: 429")


def test_while_the_api_keeps_its_key_the_same_is_sent_again_at_once() -> None:
    kept = replace(RULES, keys_kept=50.0)
    after = lost(Kind.CREATE, kept)
    assert (after.next_at, settle.next_call(after, NOW, kept)) == (NOW + SECOND // 2, Call.CREATE)
    again = settle.sending(after, Call.CREATE, NOW)
    assert settle.idempotency_key(again) == "operation-1"
    assert settle.next_call(after, NOW + 50 * SECOND, kept) is Call.LOOK


def test_who_takes_over_counts_from_now() -> None:
    sent = settle.sending(new(Kind.CREATE), Call.CREATE, NOW)
    over = settle.taken(sent, NOW + 5 * SECOND)
    assert (over.state, over.error, over.steps[0].sent_at) == (State.UNKNOWN, settle.GONE, NOW + 5 * SECOND)
    assert settle.unproven(over, NOW + 5 * SECOND, RULES).next_at == NOW + 15 * SECOND
    unknown = lost(Kind.CREATE)
    assert settle.taken(unknown, NOW) is unknown


def test_who_was_overtaken_has_it_settled_again() -> None:
    late = settle.overtaken(asked(new(Kind.CREATE), Applied()), NOW + 7 * SECOND, RULES)
    assert (late.state, late.next_at) == (State.UNKNOWN, NOW + 17 * SECOND)


def test_only_what_is_dead_is_replayed() -> None:
    with pytest.raises(ValueError, match="is PENDING: that cannot follow"):
        settle.replayed(new(Kind.CREATE), NOW, RULES)


@pytest.mark.parametrize(("call", "answer"), [(Call.LOOK, Applied()), (Call.CREATE, Found(same=True))])
def test_an_answer_to_something_else_is_a_mistake(call: Call, answer: Answer) -> None:
    with pytest.raises(ValueError, match="does not answer"):
        settle.after(new(Kind.CREATE), call, answer, NOW, chance=0.5, rules=RULES)


@pytest.mark.parametrize(
    ("found", "row", "same"),
    [
        ('{"a":1,"b":2}', '{"a":1.0}', True),
        ('{"a":"1"}', '{"a":1}', False),
        ('{"a":true}', '{"a":1}', False),
        ('{"a":"2025-07-01T16:01:00Z"}', '{"a":"2025-07-01T16:01:00.000000Z"}', True),
        ('{"a":{"b":[1,2]}}', '{"a":{"b":[1,2]}}', True),
        ('{"a":{"b":[1]}}', '{"a":{"b":[1,2]}}', False),
        ('{"a":{"b":1,"c":2}}', '{"a":{"b":1}}', False),
        ("{}", '{"a":null}', False),
        ('{"a":null}', '{"a":null}', True),
    ],
)
def test_an_item_holds_a_row_or_not(found: str, row: str, *, same: bool) -> None:
    item = read(found)
    assert isinstance(item, Members)
    assert holds(item, read(row)) is same


def test_a_shape_wraps_and_unwraps() -> None:
    listed = Shape("offers", listed=True)
    assert listed.wrapped('{"a":1}') == '{"offers":[{"a":1}]}'
    assert listed.unwrapped(read('{"offers":[{"a":1}]}')) == {"a": "1"}
    assert [listed.unwrapped(read(text)) for text in ("[]", "{}", '{"offers":[]}', "1")] == [None] * 4
    assert Shape().wrapped("{}") == "{}"

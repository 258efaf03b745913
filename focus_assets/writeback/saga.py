"""Decide what becomes of a write: a function of the intent, what happened, and when. Pure.

A create that every node confirmed is done; any other is undone at every node where it may have been applied. A node is
clear once a DELETE by transaction id was answered that left after the last moment at which a create on its way there
could still be applied: one that left earlier may have come before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from focus_assets.client.retry import full_jitter
from focus_assets.writeback.intent import Intent, Kind, Standing, State, Step

SECOND = 10**6


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds. `lifetime`: how long after it was sent a request can still be applied, by whatever holds it on its way.

    `lease`: how long who works on an intent has it for himself. `give_up`: after this long a write that still fails is
    dead. Between two tries lies a time up to `base`, doubled with each try up to `cap`.
    """

    lifetime: float = 120.0
    lease: float = 60.0
    give_up: float = 24 * 3600.0
    base: float = 1.0
    cap: float = 300.0


@dataclass(frozen=True, slots=True)
class Made:
    """A node has created the group, under this id of its own."""

    node: str
    identity: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A node has said that it did not and will not create the group."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody knows whether a node has done what it was asked."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """A node has answered a DELETE that left at `asked_at`: it had the group, or did not."""

    node: str
    asked_at: int
    found: bool


@dataclass(frozen=True, slots=True)
class Stuck:
    """A node refuses to delete in a way that asking again does not change."""

    node: str
    reason: str


Outcome = Made | Refused | Lost | Cleared | Stuck


@dataclass(frozen=True, slots=True)
class Begun:
    """The calls are about to leave."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one round of calls; `chance` in [0, 1) spreads the next one."""

    outcomes: tuple[Outcome, ...]
    chance: float


@dataclass(frozen=True, slots=True)
class Taken:
    """Whoever drains what is due has taken it."""


@dataclass(frozen=True, slots=True)
class Overslept:
    """Whoever was sending it has found that others took it over: his calls may have left until this moment."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A person wants it tried again."""


Event = Begun | Answered | Taken | Overslept | Replayed


def decide(intent: Intent, event: Event, now: int, terms: Terms) -> Intent:
    """The intent after an event. Raises ValueError for an event that cannot follow its state."""
    match event:
        case Begun():
            return _begun(intent, now)
        case Answered():
            return _answered(intent, event, now, terms)
        case Taken():
            return _taken(intent)
        case Overslept():
            return _overslept(intent, now, terms)
        case Replayed():
            return _replayed(intent, now, terms)


def settled_at(step: Step, terms: Terms) -> int:
    """The moment from which nothing that was sent to a node can be applied any more."""
    return step.sent_at + round(terms.lifetime * SECOND) if step.standing is Standing.SENT else 0


def awaiting(steps: tuple[Step, ...], made: tuple[Step, ...]) -> tuple[Step, ...]:
    """A deletion's steps, that take nothing for the last word while the creation may still be applied at a node."""
    sent = {step.node: step.sent_at for step in made if step.standing is Standing.SENT}
    return tuple(
        replace(step, standing=Standing.SENT, sent_at=sent[step.node]) if step.node in sent else step for step in steps
    )


def _begun(intent: Intent, now: int) -> Intent:
    _expect(intent, State.PENDING)
    steps = _all_sent(intent.steps, now) if intent.kind is Kind.CREATE else intent.steps
    return replace(intent, state=State.SENT, steps=steps)


def _taken(intent: Intent) -> Intent:
    if intent.kind is Kind.DELETE:
        _expect(intent, State.PENDING, State.SENT, State.UNKNOWN)
        return replace(intent, state=State.SENT)
    _expect(intent, State.PENDING, State.SENT, State.UNKNOWN, State.COMPENSATING)
    if intent.state is State.PENDING:
        return _ended(intent, State.COMPENSATED, error="whoever recorded it was gone before it was sent")
    error = intent.error or "whoever sent it was gone before the answers were recorded"
    return replace(intent, state=State.COMPENSATING, error=error)


def _overslept(intent: Intent, now: int, terms: Terms) -> Intent:
    """A deletion by transaction id may come as late as it likes: what it deletes never comes back."""
    if intent.kind is Kind.DELETE:
        return intent
    error = "whoever sent it was held up, and may have sent it after others had begun to undo it"
    late = replace(intent, steps=_all_sent(intent.steps, now), state=State.COMPENSATING, error=error)
    return _reopened(late, now, terms)


def _replayed(intent: Intent, now: int, terms: Terms) -> Intent:
    _expect(intent, State.DEAD)
    steps = tuple(replace(step, stuck="") for step in intent.steps)
    state = State.COMPENSATING if intent.kind is Kind.CREATE else State.UNKNOWN
    return _reopened(replace(intent, steps=steps, state=state), now, terms)


def _answered(intent: Intent, event: Answered, now: int, terms: Terms) -> Intent:
    _expect(intent, State.SENT, State.COMPENSATING)
    by_node = {outcome.node: outcome for outcome in event.outcomes}
    steps = tuple(_stepped(step, by_node.get(step.node), terms) for step in intent.steps)
    error = _reasons(event.outcomes) or intent.error
    after = replace(intent, steps=steps, error=error, attempts=intent.attempts + 1)
    if intent.kind is Kind.CREATE and intent.state is State.SENT:
        return _created(after, now)
    return _undone(after, event, now, terms)


def _stepped(step: Step, outcome: Outcome | None, terms: Terms) -> Step:
    match outcome:
        case Made(_, identity):
            return replace(step, standing=Standing.HELD, identity=identity)
        case Refused():
            return replace(step, standing=Standing.CLEAR)
        case Cleared(_, asked_at, _) if asked_at >= settled_at(step, terms):
            return replace(step, standing=Standing.CLEAR)
        case Stuck(_, reason):
            return replace(step, stuck=reason)
        case _:
            return step


def _created(intent: Intent, now: int) -> Intent:
    standings = {step.standing for step in intent.steps}
    if standings == {Standing.HELD}:
        return _ended(intent, State.DONE)
    if standings == {Standing.CLEAR}:
        return _ended(intent, State.COMPENSATED)
    state = State.UNKNOWN if Standing.SENT in standings else State.COMPENSATING
    # Whoever sent it may have stood still before it left: not later than now.
    steps = tuple(replace(step, sent_at=now) if step.standing is Standing.SENT else step for step in intent.steps)
    return replace(intent, state=state, steps=steps, next_at=now)


def _undone(intent: Intent, event: Answered, now: int, terms: Terms) -> Intent:
    if not intent.open_steps:
        return _cleared(intent)
    lost = {outcome.node for outcome in event.outcomes if isinstance(outcome, Lost)}
    if lost and now >= intent.deadline:
        hours = (now - intent.created_at) / SECOND / 3600
        return _ended(intent, State.DEAD, error=f"given up {hours:.1f} h after it was asked for: {intent.error}")
    again = now + round(SECOND * full_jitter(intent.attempts, terms.base, terms.cap, chance=event.chance))
    # What was answered too early is asked again when the answer will count, and not before.
    times = (again if step.node in lost else max(again, settled_at(step, terms)) for step in intent.open_steps)
    state = State.UNKNOWN if intent.kind is Kind.DELETE else State.COMPENSATING
    return replace(intent, state=state, next_at=min(times))


def _cleared(intent: Intent) -> Intent:
    if stuck := [step.stuck for step in intent.steps if step.stuck]:
        return _ended(intent, State.DEAD, error="; ".join(stuck))
    return _ended(intent, State.DONE if intent.kind is Kind.DELETE else State.COMPENSATED)


def _ended(intent: Intent, state: State, *, error: str | None = None) -> Intent:
    return replace(intent, state=state, next_at=None, error=intent.error if error is None else error)


def _reopened(intent: Intent, now: int, terms: Terms) -> Intent:
    return replace(intent, next_at=now, deadline=now + round(terms.give_up * SECOND), attempts=0)


def _all_sent(steps: Iterable[Step], now: int) -> tuple[Step, ...]:
    return tuple(replace(step, standing=Standing.SENT, sent_at=now, stuck="") for step in steps)


def _reasons(outcomes: Iterable[Outcome]) -> str:
    return "; ".join(one.reason for one in outcomes if isinstance(one, Refused | Lost | Stuck))


def _expect(intent: Intent, *states: State) -> None:
    if intent.state not in states:
        raise ValueError(f"operation {intent.operation_id} is {intent.state}: that cannot follow")

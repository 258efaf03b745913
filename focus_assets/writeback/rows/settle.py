"""Decide what becomes of a row's write: a function of the intent, what the API answered, and when. Pure.

What is known of the item decides which call comes next. A write whose answer was lost may be applied until the longest
life of a request has passed: only then the item is read, and what it says is the answer. An API that applies each
`Idempotency-Key` once is sent the same again instead. Nothing is given up while it may still be applied.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

from focus_assets.client.retry import full_jitter
from focus_assets.writeback.intent import Intent, Kind, Standing, State, Step
from focus_assets.writeback.saga import SECOND, Terms

GONE = "whoever sent it was gone before the answer was recorded"


class Call(enum.StrEnum):
    """What is asked of the API about one item."""

    LOOK = "look"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Rules:
    """How an entry is settled; `keys_kept` is for how many seconds the API knows an `Idempotency-Key` again.

    What `puts_new` creates an item by a PUT, which an API that knows no conditions takes for a change of another's.
    """

    terms: Terms = field(default_factory=Terms)
    adopt: bool = False
    keys_kept: float | None = None
    puts_new: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """The API has done it."""


@dataclass(frozen=True, slots=True)
class Found:
    """The API has the item; `same` says whether it holds all that the row says."""

    same: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """The API has no such item."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The API did not create it: it has an item under this key."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The API did not do it, and will not."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """The API did not do it, and may do it later; `seconds` as it asks for, 0 where it does not."""

    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody knows whether it was done."""

    reason: str


Answer = Applied | Found | Missing | Taken | Refused | Later | Lost


def standing_of(kind: Kind, rules: Rules) -> Standing:
    """What is known of the item before anything is asked; IDLE is nothing."""
    if kind is not Kind.CREATE:
        return Standing.HELD
    return Standing.IDLE if rules.adopt or rules.puts_new else Standing.CLEAR


def leaves_traces(answer: Answer) -> bool:
    """Whether the API may have changed by what was answered so."""
    return isinstance(answer, Applied | Lost)


def next_call(intent: Intent, now: int, rules: Rules) -> Call | None:
    """What to ask now; None while a lost write may still be applied."""
    step = intent.steps[0]
    match step.standing:
        case Standing.IDLE:
            return Call.LOOK
        case Standing.CLEAR:
            return Call.CREATE
        case Standing.HELD:
            return Call.DELETE if intent.kind is Kind.DELETE else Call.UPDATE
    if _repeats(intent, now, rules):
        return Call(step.call)
    return Call.LOOK if now >= _settled_at(step, rules) else None


def sending(intent: Intent, call: Call, now: int) -> Intent:
    """The intent as it is committed before the call leaves."""
    step = intent.steps[0]
    if call is Call.LOOK:
        return intent
    sends = step.sends + (step.standing is not Standing.SENT)
    sent = replace(step, standing=Standing.SENT, call=call.value, sent_at=now, sends=sends)
    return replace(intent, state=State.SENT, steps=(sent,))


def idempotency_key(intent: Intent) -> str:
    """The same for what is sent again while nobody knows; a new one for what is sent after it was known."""
    return f"{intent.operation_id}-{intent.steps[0].sends}"


def taken(intent: Intent, now: int) -> Intent:
    """The intent of whoever takes it over when it is due: an earlier sender may have sent it until now."""
    if intent.state is not State.SENT:
        return intent
    step = replace(intent.steps[0], sent_at=now, doubted=True)
    return replace(intent, state=State.UNKNOWN, steps=(step,), error=intent.error or GONE)


def unproven(intent: Intent, now: int, rules: Rules) -> Intent:
    """The intent when nothing can be asked yet."""
    return _waiting(intent, intent.error, _settled_at(intent.steps[0], rules), _Turn(now, now, rules))


def overtaken(intent: Intent, now: int, rules: Rules) -> Intent:
    """The intent when an earlier sender finds that his call may have left after others took over."""
    step = replace(intent.steps[0], standing=Standing.SENT, sent_at=now, doubted=True)
    return replace(intent, state=State.UNKNOWN, steps=(step,), next_at=_settled_at(step, rules))


def replayed(intent: Intent, now: int, rules: Rules) -> Intent:
    """A dead intent that a person wants tried again. Raises ValueError for one that is not dead."""
    if intent.state is not State.DEAD:
        raise ValueError(f"operation {intent.operation_id} is {intent.state}: that cannot follow")
    state = State.UNKNOWN if intent.steps[0].standing is Standing.SENT else State.PENDING
    deadline = now + round(rules.terms.give_up * SECOND)
    return replace(intent, state=state, next_at=now, deadline=deadline, attempts=0)


def after(intent: Intent, call: Call, answer: Answer, now: int, *, chance: float, rules: Rules) -> Intent:
    """The intent after the answer to a call; `chance` in [0, 1) spreads the tries."""
    tried = replace(intent, attempts=intent.attempts + 1)
    wait = full_jitter(tried.attempts, rules.terms.base, rules.terms.cap, chance=chance)
    turn = _Turn(now, now + round(SECOND * wait), rules)
    return _looked(tried, answer, turn) if call is Call.LOOK else _wrote(tried, call, answer, turn)


@dataclass(frozen=True, slots=True)
class _Turn:
    """When an answer came, when to try again by chance, and the rules."""

    now: int
    again: int
    rules: Rules

    def due(self, seconds: float) -> int:
        """When to try again where the API asks for so many seconds."""
        return max(self.again, self.now + round(seconds * SECOND), self.now + 1)


def _looked(intent: Intent, answer: Answer, turn: _Turn) -> Intent:
    match answer:
        case Found(same):
            return _found(intent, turn, same=same)
        case Missing() if intent.kind is Kind.DELETE:
            return _ended(intent, State.DONE)
        case Missing():
            return _undone(intent, Standing.CLEAR, turn)
        case Refused(reason):
            return _ended(intent, State.DEAD, f"the item cannot be read: {reason}")
        case Later(reason, seconds):
            return _waiting(intent, reason, turn.due(seconds), turn)
        case Lost(reason):
            return _waiting(intent, reason, turn.due(0), turn)
    raise ValueError(f"{answer} does not answer a look")


def _found(intent: Intent, turn: _Turn, *, same: bool) -> Intent:
    if intent.kind is Kind.DELETE:
        return _undone(intent, Standing.HELD, turn) if same else _ended(intent, State.DONE)
    if same:
        return _ended(intent, State.DONE)
    if intent.kind is Kind.UPDATE or turn.rules.adopt:
        return _undone(intent, Standing.HELD, turn)
    held = replace(intent, steps=(replace(intent.steps[0], standing=Standing.IDLE, doubted=False),))
    reason = (
        "the API has another item under this key, and nothing here says that it is ours; "
        "`adopt: true` lets it be overwritten"
    )
    return _ended(held, State.DEAD, reason)


def _undone(intent: Intent, standing: Standing, turn: _Turn) -> Intent:
    """It is tried again, unless the last try left after the deadline."""
    known = _known(intent, standing, turn.now)
    return known if known.steps[0].sent_at < intent.deadline else _given_up(known, intent.error, turn.now)


def _wrote(intent: Intent, call: Call, answer: Answer, turn: _Turn) -> Intent:
    before = _before(intent, call)
    match answer:
        case Applied():
            return _ended(intent, State.DONE)
        case Missing() if call is Call.DELETE:
            return _ended(intent, State.DONE)
        case Missing():
            return _known(intent, Standing.CLEAR, turn.now)
        case Taken(reason):
            return replace(_known(intent, Standing.IDLE, turn.now), error=reason)
        case Refused(reason):
            return _refused(before, reason, turn)
        case Later(reason, seconds):
            return _waiting(before, reason, turn.due(seconds), turn)
        case Lost(reason):
            doubted = replace(intent.steps[0], sent_at=turn.now, doubted=True)
            return _lost(replace(intent, steps=(doubted,), error=reason), turn)
    raise ValueError(f"{answer} does not answer a write")


def _refused(before: Intent, reason: str, turn: _Turn) -> Intent:
    """After a lost one it is looked at, as that may still be applied: the same is not sent again."""
    if before.state is not State.UNKNOWN:
        return _ended(before, State.DEAD, reason)
    return _lost(replace(before, steps=(replace(before.steps[0], call=""),), error=reason), turn)


def _before(intent: Intent, call: Call) -> Intent:
    """What was known before a call that was not done; after a lost one that is nothing."""
    step = intent.steps[0]
    if step.doubted:
        return replace(intent, state=State.UNKNOWN)
    standing = Standing.CLEAR if call is Call.CREATE else Standing.HELD
    return replace(intent, state=State.PENDING, steps=(replace(step, standing=standing),))


def _known(intent: Intent, standing: Standing, now: int) -> Intent:
    step = replace(intent.steps[0], standing=standing, doubted=False)
    return replace(intent, state=State.PENDING, steps=(step,), next_at=now)


def _lost(intent: Intent, turn: _Turn) -> Intent:
    repeats = _repeats(intent, turn.now, turn.rules)
    due = turn.due(0) if repeats else max(_settled_at(intent.steps[0], turn.rules), turn.now + 1)
    return _waiting(replace(intent, state=State.UNKNOWN), intent.error, due, turn)


def _waiting(intent: Intent, reason: str, due: int, turn: _Turn) -> Intent:
    """Until it is due, which is not after its deadline, but for what may still be applied then: that is looked at."""
    step = intent.steps[0]
    last = max(intent.deadline, _settled_at(step, turn.rules) if step.standing is Standing.SENT else 0)
    if turn.now >= last:
        return _given_up(intent, reason, turn.now)
    return replace(intent, next_at=min(due, last) if turn.now < intent.deadline else last, error=reason)


def _given_up(intent: Intent, reason: str, now: int) -> Intent:
    hours = (now - intent.created_at) / SECOND / 3600
    return _ended(intent, State.DEAD, f"given up {hours:.1f} h after it was asked for: {reason}")


def _ended(intent: Intent, state: State, error: str | None = None) -> Intent:
    return replace(intent, state=state, next_at=None, error=intent.error if error is None else error)


def _repeats(intent: Intent, now: int, rules: Rules) -> bool:
    """Whether the API may be sent the same again instead of a look."""
    if rules.keys_kept is None or not intent.steps[0].call:
        return False
    return now < min(intent.deadline, intent.created_at + round(rules.keys_kept * SECOND))


def _settled_at(step: Step, rules: Rules) -> int:
    return step.sent_at + round(rules.terms.lifetime * SECOND)

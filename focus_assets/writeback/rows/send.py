"""Send rows to an API, each write as an intent: read this first, then `plan.py`, then `settle.py`.

settle what is due ─▶ compare the rows with what was sent last ─▶ for each that differs:
    record ─▶ commit ─▶ call ─▶ commit: DONE, and the row is what was sent last
                             └─ nobody knows: looked at when nothing can be on its way any more
"""

from __future__ import annotations

import itertools
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

import anyio

from focus_assets.client.retry import full_jitter
from focus_assets.database.open import Database
from focus_assets.database.threads import in_thread
from focus_assets.model.errors import DatabaseError, KeyBusy, OutdatedPlan, OvertakenWrite
from focus_assets.writeback import intents
from focus_assets.writeback.drain import Pass
from focus_assets.writeback.intent import Intent, Kind, Standing, State, Step
from focus_assets.writeback.rows import sent, settle
from focus_assets.writeback.rows.destination import Destination, bind
from focus_assets.writeback.rows.items import Items
from focus_assets.writeback.rows.outgoing import Selection, key_parts, outgoing
from focus_assets.writeback.rows.plan import Change, SendPlan, plan_sending
from focus_assets.writeback.rows.settle import Answer, Applied, Call, Rules
from focus_assets.writeback.saga import SECOND
from focus_assets.writeback.writes import Blocking, micros_now, new_operation, said_of

_CALLS = 6  # for one intent in one turn: a look, two writes and what 404 and 409 lead to
_REARMS = 20
DAY = 24 * 3600 * SECOND
_log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sender:
    """All that an entry needs of the world to be sent; `now` in microseconds."""

    entry: str
    database: Database
    items: Items
    rules: Rules = field(default_factory=Rules)
    at_once: int = 4
    deletes: bool = True
    kept_days: int = 30
    now: Callable[[], int] = micros_now
    destination: Destination = field(default_factory=dict)
    chance: Callable[[], float] = random.random
    new_operation: Callable[[], str] = new_operation
    blocking: Blocking = in_thread
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep

    @property
    def has_rivals(self) -> bool:
        """Others may write to the destination at the same time."""
        return not self.database.dialect.single_writer

    @property
    def leased(self) -> int:
        """When an intent that is taken now is due for others."""
        return self.now() + round(self.rules.terms.lease * SECOND)

    async def ask(self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Whatever the database says to it. Raises DatabaseError, and what the function raises."""
        return await self.blocking(function, self.database, *args, **kwargs)


@dataclass
class Report:
    """What one sending did: the plan, how many of each kind are done, and in which states the others are.

    `broken` are writes that went wrong here, by their keys, with why; `settled` is what was due before.
    """

    plan: SendPlan
    settled: Pass
    done: Counter[Kind] = field(default_factory=Counter)
    open: Counter[State] = field(default_factory=Counter)
    dead: int = 0
    waiting: int = 0
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, int]:
        """How many rows are created, updated, deleted, unchanged; and how many are not settled, by what is known."""
        return {
            "created": self.done[Kind.CREATE],
            "updated": self.done[Kind.UPDATE],
            "deleted": self.done[Kind.DELETE],
            "unchanged": self.plan.unchanged,
            "unknown": self.open[State.UNKNOWN] + self.open[State.SENT],
            "to_be_repeated": self.open[State.PENDING],
            "waiting": self.waiting + self.plan.waiting,
            "dead": self.dead + self.plan.dead,
            "broken": len(self.broken),
            "settled": self.settled.taken,
        }

    @property
    def whole(self) -> bool:
        """Whether the API now has all the rows, and nothing else that was sent."""
        left = self.open.total() + self.dead + self.waiting + len(self.broken)
        return not (left or self.plan.waiting or self.plan.dead or self.settled.broken)


async def send(sender: Sender, selection: Selection, *, accept_deletions: bool = False) -> Report:
    """Bring the API up to date with the rows. What cannot be settled now goes on by itself, or by `drain_rows`.

    Deletions have been answered, or given up, before the first of the others leaves.
    Raises DeletionsRefused, DestinationChanged, RepeatedKey, RowError, InvalidConfiguration (nothing was sent),
    DatabaseError.
    """
    settled = await drain_rows(sender)
    wish = {"deletes": sender.deletes, "accept_deletions": accept_deletions}
    plan = await sender.ask(planned, sender.entry, selection, now=sender.now(), **wish)
    await sender.ask(_tidy, sender, plan)
    report = Report(plan, settled)
    for changes in (plan.deletes, [*plan.updates, *plan.creates]):
        await _side_by_side(sender, changes, report)
    return report


def planned(
    database: Database,
    entry: str,
    selection: Selection,
    *,
    now: int,
    deletes: bool = True,
    accept_deletions: bool = False,
) -> SendPlan:
    """What would be sent now; nothing is changed. Raises as `send` does."""
    ensure(database)
    with database.reading(f"compare the rows of {entry} with what was sent") as connection:
        known, unsettled = sent.last_sent(connection, entry), intents.unsettled(connection, entry)
        with closing(outgoing(connection, selection)) as rows:
            return plan_sending(rows, known, unsettled, now=now, deletes=deletes, accept_deletions=accept_deletions)


async def drain_rows(sender: Sender) -> Pass:
    """Settle what is due of this entry.

    Raises DestinationChanged (nothing was sent), DatabaseError where not all could be taken.
    """
    await sender.ask(ensure)
    await sender.ask(bind, sender.entry, sender.destination, now=sender.now())
    done, due = Pass(), sender.now()
    waiting = await sender.ask(intents.count_due, due, sender.entry)
    async with anyio.create_task_group() as group:
        for _ in range(min(sender.at_once, waiting)):
            group.start_soon(_settle_due, sender, due, done)
    if done.refusals:
        raise done.refusals[0]
    return done


def ensure(database: Database) -> None:
    """Make the tables that sending keeps. Raises DatabaseError."""
    intents.ensure(database)
    sent.ensure(database)


def _tidy(database: Database, sender: Sender, plan: SendPlan) -> None:
    for operation_id in plan.over:
        dead = intents.read(database, operation_id)
        with suppress(OvertakenWrite):  # by a replay
            intents.save(database, replace(dead, state=State.COMPENSATED), now=sender.now())
    intents.clear_settled(database, sender.entry, sender.now() - sender.kept_days * DAY)
    for key in plan.forgotten:
        with database.writing("forget a row") as connection:
            sent.forget(connection, sender.entry, key)


async def _side_by_side(sender: Sender, changes: Sequence[Change], report: Report) -> None:
    left = iter(changes)
    async with anyio.create_task_group() as group:
        for _ in range(min(sender.at_once, len(changes))):
            group.start_soon(_work, sender, left, report)


async def _work(sender: Sender, changes: Iterator[Change], report: Report) -> None:
    for change in changes:
        try:
            _count(report, await _send(sender, change))
        except (KeyBusy, OutdatedPlan, OvertakenWrite):
            report.waiting += 1
        except Exception as error:  # noqa: BLE001 (whatever it is, the others are sent; its intent tells)
            report.broken[change.key] = f"{type(error).__name__}: {error}"
            _log.error("%s %s: %s", sender.entry, change.key, report.broken[change.key])


def _count(report: Report, intent: Intent) -> None:
    if intent.state is State.DONE:
        report.done[intent.kind] += 1
    elif intent.state is State.DEAD:
        report.dead += 1
    else:
        report.open[intent.state] += 1


async def _send(sender: Sender, change: Change) -> Intent:
    intent = _intent(sender, change)
    call = settle.next_call(intent, sender.now(), sender.rules)
    assert call is not None  # nothing was sent yet
    recorded = settle.sending(intent, call, sender.now())
    current = partial(sent.check_current, entry=sender.entry, change=change, many_writers=sender.has_rivals)
    await sender.ask(intents.record, recorded, now=sender.now(), also=current)
    return await _go_on(sender, recorded, call)


def _intent(sender: Sender, change: Change) -> Intent:
    now, operation_id = sender.now(), sender.new_operation()
    standing = Standing.IDLE if change.looks else settle.standing_of(change.kind, sender.rules)
    step = Step(sender.entry, standing, version=change.version)
    return Intent(
        operation_id=operation_id,
        kind=change.kind,
        key=change.key,
        target=operation_id,
        payload=change.body,
        steps=(step,),
        created_at=now,
        deadline=now + round(sender.rules.terms.give_up * SECOND),
        next_at=sender.leased,
        entry=sender.entry,
    )


async def _settle_due(sender: Sender, due: int, done: Pass) -> None:
    try:
        while operation_id := await _claim(sender, due):
            await _guarded(sender, operation_id, done)
    except DatabaseError as error:
        done.refusals.append(error)


async def _claim(sender: Sender, due: int) -> str | None:
    times = {"due": due, "now": sender.now(), "until": sender.leased}
    return await sender.ask(intents.claim, entry=sender.entry, **times)


async def _guarded(sender: Sender, operation_id: str, done: Pass) -> None:
    said = {"operation_id": operation_id}
    try:
        said["transaction_id"] = await sender.ask(intents.target_of, operation_id)
        done.states[(await _take_over(sender, operation_id)).state] += 1
    except Exception as error:  # noqa: BLE001 (whatever it is, the others are worked on; its lease ends)
        done.broken[operation_id] = f"{type(error).__name__}: {error}"
        _log.error("operation %s: %s", operation_id, done.broken[operation_id], extra=said)


async def _take_over(sender: Sender, operation_id: str) -> Intent:
    found = await sender.ask(intents.read, operation_id)
    intent = settle.taken(found, sender.now())
    call = settle.next_call(intent, sender.now(), sender.rules)
    if call is None:
        return await _save(sender, settle.unproven(intent, sender.now(), sender.rules))
    return await _go_on(sender, await _committed(sender, intent, call), call)


async def _go_on(sender: Sender, intent: Intent, call: Call) -> Intent:
    """Ask, as long as an answer leads on at once."""
    for _ in range(_CALLS):
        answer = await sender.items.ask(call, key_parts(intent.key), intent.payload, settle.idempotency_key(intent))
        intent, following = await _answered(sender, intent, call, answer)
        if following is None:
            break
        intent, call = await _committed(sender, intent, following), following
    return intent


async def _committed(sender: Sender, intent: Intent, call: Call) -> Intent:
    """What is about to leave is known to everybody before."""
    if call is Call.LOOK:
        return intent
    return await _save(sender, replace(settle.sending(intent, call, sender.now()), next_at=sender.leased))


async def _answered(sender: Sender, intent: Intent, call: Call, answer: Answer) -> tuple[Intent, Call | None]:
    """The intent as it is committed after an answer, and what to ask at once; else None."""
    now = sender.now()
    decided = settle.after(intent, call, answer, now, chance=sender.chance(), rules=sender.rules)
    following = None
    if not decided.ended and (decided.next_at or 0) <= now:
        following = settle.next_call(decided, now, sender.rules)
        decided = replace(decided, next_at=sender.leased)
    try:
        return await _save(sender, decided), following
    except (OvertakenWrite, DatabaseError) as error:
        late = isinstance(error, OvertakenWrite) or sender.now() >= (intent.next_at or 0)
        if late and call is not Call.LOOK and settle.leaves_traces(answer):
            await _rearm(sender, intent.operation_id, surely=isinstance(answer, Applied))
        raise


async def _save(sender: Sender, intent: Intent) -> Intent:
    """Commit it; one that has ended together with what the API was sent last."""
    now = sender.now()
    settled = partial(sent.settle, intent=intent, now=now, many_writers=sender.has_rivals)
    saved = await sender.ask(intents.save, intent, now=now, also=settled if intent.ended else None)
    _log.info("%s of %s %s is %s", saved.kind, saved.entry, saved.key, saved.state, extra=said_of(saved))
    return saved


async def _rearm(sender: Sender, operation_id: str, *, surely: bool) -> None:
    """Our call may have left after others had settled it: it has to be settled again.

    Only we know this, so it is tried for as long as somebody may wait for us. Raises DatabaseError after that.
    """
    for attempt in itertools.count(1):
        try:
            await _unsettle(sender, await sender.ask(intents.read, operation_id), surely=surely)
        except OvertakenWrite:
            continue
        except DatabaseError:
            if attempt >= _REARMS:
                raise
            await sender.sleep(full_jitter(attempt, 0.1, 5.0, chance=sender.chance()))
            continue
        return


async def _unsettle(sender: Sender, found: Intent, *, surely: bool) -> None:
    late = settle.overtaken(found, sender.now(), sender.rules)
    if not found.ended:
        await _save(sender, late)
    else:
        await sender.ask(_doubt, late, surely=surely)


def _doubt(database: Database, late: Intent, *, surely: bool) -> None:
    with database.writing("record that a row was sent late") as connection:
        sent.doubt(connection, late, surely=surely, many_writers=not database.dialect.single_writer)

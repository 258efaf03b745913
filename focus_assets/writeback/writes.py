"""Carry one write out: record it, send it, record what came of it. Read this first, then `saga.py`.

record ─▶ commit ─▶ send to all nodes ─▶ commit: DONE, and only then is it a success
                                     └─ anything else: due at once, and `drain` undoes it until nothing is owed
"""

from __future__ import annotations

import itertools
import json
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import anyio

from focus_assets.client.retry import full_jitter
from focus_assets.database.open import Database
from focus_assets.database.threads import in_thread
from focus_assets.model.errors import DatabaseError, KeyBusy, OvertakenWrite, UnknownOperation
from focus_assets.writeback import intents, outbox
from focus_assets.writeback.cluster import Cluster
from focus_assets.writeback.intent import Intent, Kind, Standing, State, Step
from focus_assets.writeback.saga import SECOND, Answered, Begun, Event, Outcome, Overslept, Terms, awaiting, decide
from focus_assets.writeback.sinks import Sink

_REARMS = 20
_log = logging.getLogger(__name__)
Call = Callable[[str], Awaitable[Outcome]]
P = ParamSpec("P")
T = TypeVar("T")


class Blocking(Protocol):
    """Awaits a blocking call."""

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...


def micros_now() -> int:
    """Our clock, in whole microseconds since 1970. Those of all machines that write must agree with each other."""
    return time.time_ns() // 1000


def new_operation() -> str:
    """A name for one write that nobody else has."""
    return str(uuid.uuid4())


def said_of(intent: Intent) -> dict[str, str]:
    """What a log line tells of a write beside its message."""
    return {
        "transaction_id": intent.target,
        "operation_id": intent.operation_id,
        "state": intent.state,
        "reason": intent.error,
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller wants done; without an `operation_id` the write gets one."""

    kind: Kind
    key: str
    target: str = ""
    operation_id: str = ""


@dataclass(frozen=True, slots=True)
class Writer:
    """All that a write needs of the world; `now` in microseconds.

    `undos` is a broker that tells the cluster what to undo, `news` one that tells others how writes ended: no write
    waits for either.
    """

    database: Database
    cluster: Cluster
    terms: Terms = field(default_factory=Terms)
    now: Callable[[], int] = micros_now
    chance: Callable[[], float] = random.random
    new_operation: Callable[[], str] = new_operation
    blocking: Blocking = in_thread
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    undos: Sink | None = None
    news: Sink | None = None

    def intent(self, wanted: Wanted, payload: str = "") -> Intent:
        """A new one; whoever creates it works on it for as long as a lease lasts."""
        now, operation_id = self.now(), wanted.operation_id or self.new_operation()
        kind = wanted.kind
        standing = Standing.IDLE if kind is Kind.CREATE else Standing.HELD
        return Intent(
            operation_id=operation_id,
            kind=kind,
            key=wanted.key,
            target=wanted.target or operation_id,
            payload=payload,
            steps=tuple(Step(node, standing) for node in self.cluster.nodes),
            created_at=now,
            deadline=now + round(self.terms.give_up * SECOND),
            next_at=self.leased(),
        )

    def leased(self) -> int:
        """When an intent that is taken now is due for others."""
        return self.now() + round(self.terms.lease * SECOND)

    def decide(self, intent: Intent, event: Event) -> Intent:
        """The intent after an event that happens now."""
        return decide(intent, event, self.now(), self.terms)

    async def ask(self, function: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Whatever the database says to it. Raises DatabaseError, and what the function raises."""
        return await self.blocking(function, self.database, *args, **kwargs)

    async def save(self, intent: Intent, *, reopened: bool = False) -> Intent:
        """Commit it. Raises OvertakenWrite, DatabaseError; for one that is reopened KeyBusy while a later one is."""
        now = self.now()
        ended = replace(intent, revision=intent.revision + 1) if intent.ended and self.news else None
        also = partial(outbox.keep, intent=ended, now=now) if ended else None
        saved = await self.ask(intents.save, intent, now=now, also=also, reopened=reopened)
        _log.info("%s of %r is %s", saved.kind, saved.key, saved.state, extra=said_of(saved))
        return saved

    async def reopen(self, intent: Intent) -> Intent:
        """Commit one that had ended, with its key where that is free: it only undoes what names its own transaction.

        Raises OvertakenWrite, DatabaseError.
        """
        try:
            return await self.save(intent, reopened=True)
        except KeyBusy:
            return await self.save(intent)

    def answered(self, outcomes: tuple[Outcome, ...]) -> Answered:
        """What came of a round of calls."""
        return Answered(outcomes, self.chance())


async def create(writer: Writer, name: str, fields: Mapping[str, object], *, operation_id: str = "") -> Intent:
    """Create a group at every node, or at none; the name is its key.

    The intent that is returned is DONE, or the create has failed, and is or will be undone. Raises KeyBusy,
    OvertakenWrite (failed, too), DatabaseError (only the intent tells what became of it).
    """
    payload = json.dumps({"name": name, **fields}, ensure_ascii=False)
    intent = await _begun(writer, writer.intent(Wanted(Kind.CREATE, name, operation_id=operation_id), payload))
    outcomes = await at_all(intent.steps, lambda node: writer.cluster.create(node, intent.target, payload))
    try:
        return await writer.save(writer.decide(intent, writer.answered(outcomes)))
    except (OvertakenWrite, DatabaseError) as error:
        if isinstance(error, OvertakenWrite) or writer.now() >= (intent.next_at or 0):
            await _rearm(writer, intent)
        raise


async def delete(
    writer: Writer, key: str, target: str, *, operation_id: str = ""
) -> tuple[Intent, tuple[Outcome, ...]]:
    """Delete the group of a transaction id at every node, and say what each answered.

    An intent that is not DONE goes on by itself until it is, or is DEAD. Raises KeyBusy, OvertakenWrite (it goes on),
    DatabaseError (only the intent tells).
    """
    made = await creation(writer, target)
    intent = writer.intent(Wanted(Kind.DELETE, key, target, operation_id))
    if made is not None:
        intent = replace(intent, steps=awaiting(intent.steps, made.steps))
    return await clear(writer, await _begun(writer, intent))


async def creation(writer: Writer, transaction_id: str) -> Intent | None:
    """The write that created, or failed to create, the group of a transaction; None where it was not one of ours."""
    await writer.ask(intents.ensure)
    try:
        return await writer.ask(intents.read, transaction_id)
    except UnknownOperation:
        return None


async def clear(writer: Writer, intent: Intent) -> tuple[Intent, tuple[Outcome, ...]]:
    """One round of DELETEs at the nodes that may have the group."""
    ask = partial(writer.cluster.clear, transaction_id=intent.target, asked_at=writer.now())
    outcomes = await at_all(intent.open_steps, ask)
    return await writer.save(writer.decide(intent, writer.answered(outcomes))), outcomes


async def at_all(steps: tuple[Step, ...], call: Call) -> tuple[Outcome, ...]:
    """What came of a call at each node; all at once."""
    found: dict[str, Outcome] = {}

    async def ask(node: str) -> None:
        found[node] = await call(node)

    async with anyio.create_task_group() as group:
        for step in steps:
            group.start_soon(ask, step.node)
    return tuple(found[step.node] for step in steps)


async def _begun(writer: Writer, intent: Intent) -> Intent:
    await writer.ask(intents.ensure)
    await writer.ask(intents.record, intent, now=writer.now())
    return await writer.save(writer.decide(intent, Begun()))


async def _rearm(writer: Writer, sent: Intent) -> None:
    """Our calls may have left after others had seen that nothing was there: it has to be seen again.

    Only we know this, so it is tried for as long as somebody may wait for us. Raises DatabaseError after that.
    """
    for attempt in itertools.count(1):
        try:
            found = await writer.ask(intents.read, sent.operation_id)
            if found.state is not State.DONE:  # else it was our own commit whose answer was lost
                late = writer.decide(found, Overslept())
                await (writer.save(late) if late.ended else writer.reopen(late))
        except OvertakenWrite:
            continue
        except DatabaseError:
            if attempt >= _REARMS:
                raise
            await writer.sleep(full_jitter(attempt, 0.1, 5.0, chance=writer.chance()))
            continue
        return

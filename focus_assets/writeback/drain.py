"""Work off what is due: undo failed creates, repeat unanswered deletes. One that goes wrong never ends the pass."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field

import anyio

from focus_assets.model.errors import DatabaseError
from focus_assets.writeback import intents
from focus_assets.writeback.intent import Intent, State
from focus_assets.writeback.relay import relay
from focus_assets.writeback.saga import Replayed, Taken
from focus_assets.writeback.sinks import Post, undo_of
from focus_assets.writeback.writes import Writer, clear

WORKERS = 8
_log = logging.getLogger(__name__)


@dataclass
class Pass:
    """What one pass did: how many intents it left in which state, and those that went wrong, with why.

    `refusals` are the database's: nothing more could be taken. `posts` are the ways to the brokers that there are, by
    what these are told: `undos` and `news`.
    """

    states: Counter[State] = field(default_factory=Counter)
    broken: dict[str, str] = field(default_factory=dict)
    refusals: list[DatabaseError] = field(default_factory=list)
    posts: dict[str, Post] = field(default_factory=dict)

    @property
    def taken(self) -> int:
        """How many intents were due."""
        return self.states.total() + len(self.broken)


async def drain(writer: Writer, *, workers: int = WORKERS) -> Pass:
    """Work on everything that is due now, different keys at once, then tell others what has ended.

    Raises DatabaseError where not all could be taken.
    """
    await writer.ask(intents.ensure)
    done, due = Pass(posts=_posts(writer)), writer.now()
    waiting = await writer.ask(intents.count_due, due)
    async with anyio.create_task_group() as group:
        for _ in range(min(workers, waiting)):
            group.start_soon(_work, writer, due, done)
    if news := done.posts.get("news"):
        await relay(writer, news)
    if done.refusals:
        raise done.refusals[0]
    return done


async def replay(writer: Writer, operation_id: str) -> Intent:
    """Let a DEAD intent be tried again, by the next pass. Raises UnknownOperation, ValueError where it is not DEAD."""
    await writer.ask(intents.ensure)
    intent = await writer.ask(intents.read, operation_id)
    return await writer.reopen(writer.decide(intent, Replayed()))


def _posts(writer: Writer) -> dict[str, Post]:
    sinks = {"undos": writer.undos, "news": writer.news}
    return {what: Post(sink) for what, sink in sinks.items() if sink}


async def _work(writer: Writer, due: int, done: Pass) -> None:
    try:
        while operation_id := await _claim(writer, due):
            await _guarded(writer, operation_id, done)
    except DatabaseError as error:
        done.refusals.append(error)


async def _claim(writer: Writer, due: int) -> str | None:
    return await writer.ask(intents.claim, due=due, now=writer.now(), until=writer.leased())


async def _guarded(writer: Writer, operation_id: str, done: Pass) -> None:
    said = {"operation_id": operation_id}
    try:
        said["transaction_id"] = await writer.ask(intents.target_of, operation_id)
        done.states[await _advance(writer, operation_id, done.posts.get("undos"))] += 1
    except Exception as error:  # noqa: BLE001 (whatever it is, the others are worked on; its lease ends)
        done.broken[operation_id] = f"{type(error).__name__}: {error}"
        _log.error("operation %s: %s", operation_id, done.broken[operation_id], extra=said)


async def _advance(writer: Writer, operation_id: str, undos: Post | None) -> State:
    intent = await writer.ask(intents.read, operation_id)
    taken = await writer.save(writer.decide(intent, Taken()))
    if taken.ended:
        return taken.state
    async with anyio.create_task_group() as group:
        if undos:  # after the commit that says that it is undone, and beside our own DELETE: that alone closes it
            group.start_soon(undos.send, undo_of(taken))
        after, _ = await clear(writer, taken)
    return after.state

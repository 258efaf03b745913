"""Tell the cluster at once what is to be undone, beside the caller's answer; what is not told here a drain tells."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from focus_assets.writeback.intent import Intent
from focus_assets.writeback.saga import SECOND
from focus_assets.writeback.sinks import Post, Sink, undo_of
from focus_assets.writeback.writes import Writer, said_of

AWAY_SECONDS = 30
_MOST = 1000
_log = logging.getLogger(__name__)
Tell = Callable[[Intent], None]


@asynccontextmanager
async def courier(writer: Writer) -> AsyncIterator[Tell]:
    """Whom to hand an intent that is recorded as failed: it takes no time, and never fails. What is left is dropped."""
    if writer.undos is None:
        yield _tell_nobody
        return
    sending, receiving = anyio.create_memory_object_stream[Intent](_MOST)
    with sending, receiving:
        async with anyio.create_task_group() as group:
            group.start_soon(_carry, writer, writer.undos, receiving)
            yield lambda intent: _hand_over(sending, intent)
            group.cancel_scope.cancel()


def _tell_nobody(intent: Intent) -> None:
    """Without a broker."""


def _hand_over(sending: MemoryObjectSendStream[Intent], intent: Intent) -> None:
    if intent.ended:
        return
    try:
        sending.send_nowait(intent)
    except anyio.WouldBlock:
        _log.debug("%s is left to the drain", intent.operation_id)


async def _carry(writer: Writer, sink: Sink, receiving: MemoryObjectReceiveStream[Intent]) -> None:
    """A broker that was away is left alone for a while: each look would last as long as its patience."""
    again = 0
    async for intent in receiving:
        if writer.now() < again:
            continue
        post = Post(sink)
        try:
            await post.send(undo_of(intent))
        except Exception:  # noqa: BLE001 (whatever it is, the drain does it, and callers are answered)
            _log.exception("operation %s is left to the drain", intent.operation_id, extra=said_of(intent))
        if post.away:
            again = writer.now() + AWAY_SECONDS * SECOND

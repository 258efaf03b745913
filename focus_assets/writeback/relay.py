"""Tell others how writes ended: each at least once, those of one key in their order, none passed over."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import anyio

from focus_assets.writeback import outbox
from focus_assets.writeback.sinks import Message, Post
from focus_assets.writeback.writes import Writer

_BATCH, _AT_ONCE = 500, 16


async def relay(writer: Writer, post: Post) -> None:
    """Until nothing is kept any more, or the broker fails: what it has not confirmed stays. Raises DatabaseError."""
    while kept := await writer.ask(outbox.waiting, _BATCH):
        told = await _told(kept, post)
        if told:
            await writer.ask(outbox.forget, told)
        if len(told) < len(kept):
            return


async def _told(kept: list[Message], post: Post) -> list[Message]:
    """What the broker has confirmed of them; different keys at once."""
    confirmed: dict[str, list[Message]] = {}
    turn = anyio.CapacityLimiter(_AT_ONCE)
    async with anyio.create_task_group() as group:
        for key, messages in _by_key(kept).items():
            confirmed[key] = []
            group.start_soon(_in_order, messages, post, turn, confirmed[key])
    return list(chain.from_iterable(confirmed.values()))


async def _in_order(messages: Iterable[Message], post: Post, turn: anyio.CapacityLimiter, out: list[Message]) -> None:
    """One after the other: what follows one that was not confirmed waits with it."""
    async with turn:
        for message in messages:
            if not await post.send(message):
                return
            out.append(message)


def _by_key(kept: Iterable[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in kept:
        found.setdefault(message.key, []).append(message)
    return found

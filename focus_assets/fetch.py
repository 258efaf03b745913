"""Bring the lines of one or more feeds from an API into the stage: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import anyio
import anyio.from_thread
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from focus_assets.database.threads import in_thread
from focus_assets.model.errors import FocusError, LimitExceeded, StaleAnswer
from focus_assets.model.feed import Batch, Block, Feed, Reject, Row, Stamp
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.state import Bracket
from focus_assets.sources.source import Decoder, Source

BLOCKS_IN_FLIGHT = 4
MOST_REJECTS = 10_000

Batches: TypeAlias = Iterator[Sequence[Row]]
Write: TypeAlias = Callable[[Batches], int]
Progress: TypeAlias = Callable[[PartitionRef, int, int], None]


def untold(ref: PartitionRef, lines: int, size: int) -> None:
    """Nobody wants to know how far it is."""
    del ref, lines, size


@dataclass(frozen=True, slots=True)
class Order:
    """What to fetch: feeds of one partition, together, from `since` on.

    `not_beyond` is the server's clock at the run's start in µs: a later change time is no watermark. An answer from
    before `not_before` is not taken. With `packed` rows may be written as PackedRows.
    """

    source: Source
    ref: PartitionRef
    schema: ResourceSchema
    feeds: tuple[Feed, ...]
    since: str | None = None
    not_beyond: int | None = None
    not_before: datetime | None = None
    progress: Progress = untold
    packed: bool = False


@dataclass(slots=True)
class Fetched:
    """What came: lines per feed, decoded bytes, the newest change time, and what was put aside.

    `future` counts lines whose change time lies beyond the server's clock, `unknown` names attributes that the schema
    lacks, `counted` are the feeds whose lines the server had counted.
    """

    lines: dict[Feed, int] = field(default_factory=dict)
    size: int = 0
    newest: Stamp | None = None
    future: int = 0
    unknown: set[str] = field(default_factory=set)
    rejects: list[Reject] = field(default_factory=list)
    counted: set[Feed] = field(default_factory=set)

    def add(self, feed: Feed, batch: Batch, size: int) -> None:
        """Take a decoded block into account. Raises LimitExceeded where far too much of it was put aside."""
        self.lines[feed] = self.lines.get(feed, 0) + len(batch.rows) + len(batch.rejects)
        self.size += size
        self.newest = later(self.newest, batch.newest)
        self.future += batch.future
        self.rejects += batch.rejects
        if len(self.rejects) > MOST_REJECTS:
            problem = f"more than {MOST_REJECTS:,} lines would be put aside; it is not single rows that are wrong"
            raise LimitExceeded(f"{problem}, first of all: {self.rejects[0].reason}", feed=feed.value)

    def absorb(self, other: Fetched) -> None:
        """Take another fetch of the same run into account."""
        for feed, lines in other.lines.items():
            self.lines[feed] = self.lines.get(feed, 0) + lines
        self.size += other.size
        self.newest = later(self.newest, other.newest)
        self.future += other.future
        self.unknown |= other.unknown
        self.rejects += other.rejects
        self.counted |= other.counted

    def uncounted(self, bracket: Bracket) -> bool:
        """Nobody has said how many lines a feed has: one that came empty may have come from something in between."""
        return any(feed not in self.counted and bracket.lines(feed) is None for feed in self.lines)

    def falls_short(self, bracket: Bracket) -> bool:
        """A feed brought fewer lines than the server, before and after it, said that it has."""
        return any(lines < said for feed, lines in self.lines.items() if (said := bracket.lines(feed)) is not None)

    @property
    def rejected_keys(self) -> list[Row]:
        """The keys of lines that were put aside, where they have one."""
        return [reject.key for reject in self.rejects if reject.key is not None]

    def release(self, keys: Sequence[Row]) -> None:
        """Forget the lines that were put aside under these keys: the server has spoken of them again."""
        self.rejects = [reject for reject in self.rejects if reject.key is None or reject.key not in keys]

    @property
    def total_lines(self) -> int:
        """Lines of all feeds."""
        return sum(self.lines.values())


def later(one: Stamp | None, other: Stamp | None) -> Stamp | None:
    """The later of two moments, either of which may be missing."""
    if one is None or other is None:
        return one or other
    return max(one, other)


def refuse_stale(said: datetime | None, not_before: datetime | None) -> None:
    """Raise StaleAnswer for one that is older than the run: something on the way had kept it, and did not say so."""
    if said and not_before and said < not_before:
        raise StaleAnswer(f"the answer is of {said:%Y-%m-%d %H:%M:%S}, from before this run began")


async def fetch(order: Order, write: Write) -> Fetched:
    """Stream the feeds through the decoder into `write`, which runs in a worker thread and is all or nothing.

    It is not called where feeds of changes have not a single line.

    Repeats the whole while its errors are repeatable. Raises ApiError, RowError and DatabaseError.
    """
    return await order.source.repeat(lambda: _attempt(order, write))


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A block of a feed; without one, the feed's clean end, which is `counted` where the server said how many lines."""

    feed: Feed
    block: Block | None
    counted: bool = False


class _Abandoned(Exception):
    """The other side has failed: its error is the one that counts."""


async def _attempt(order: Order, write: Write) -> Fetched:
    fetched = Fetched(lines=dict.fromkeys(order.feeds, 0))
    send, receive = anyio.create_memory_object_stream[_Parcel](BLOCKS_IN_FLIGHT)
    try:
        async with anyio.create_task_group() as group, receive:
            _start_pumps(group, order, send)
            begun = await _beginning(receive, len(order.feeds))
            if Feed.FULL in order.feeds or any(parcel.block for parcel in begun):
                await in_thread(write, _rows(order, begun, receive, fetched))
            else:
                fetched.counted |= {parcel.feed for parcel in begun if parcel.counted}
    except BaseExceptionGroup as errors:
        raise root_of(errors) from None
    return fetched


def _start_pumps(group: TaskGroup, order: Order, send: MemoryObjectSendStream[_Parcel]) -> None:
    with send:
        for feed in order.feeds:
            group.start_soon(_pump, order, feed, send.clone())


async def _pump(order: Order, feed: Feed, send: MemoryObjectSendStream[_Parcel]) -> None:
    async with send, order.source.stream(order.ref, feed, order.since) as lines:
        refuse_stale(lines.server_time, order.not_before)
        async for block in lines:
            await send.send(_Parcel(feed, block))
        await send.send(_Parcel(feed, None, counted=lines.total_lines is not None))


async def _beginning(receive: MemoryObjectReceiveStream[_Parcel], feeds: int) -> list[_Parcel]:
    """The parcels up to the second block, or to the clean end of as many feeds.

    Of a small feed that is all: the thread that writes it need not ask this one for its end.
    """
    found: list[_Parcel] = []
    while not _is_begun(found, feeds):
        found += await _next(receive)
    return found


def _is_begun(found: list[_Parcel], feeds: int) -> bool:
    blocks = sum(parcel.block is not None for parcel in found)
    return blocks > 1 or len(found) - blocks == feeds


def _rows(order: Order, begun: list[_Parcel], receive: MemoryObjectReceiveStream[_Parcel], fetched: Fetched) -> Batches:
    """Runs in the worker thread: decode there, so that the next block arrives meanwhile."""
    decoders: dict[Feed, Decoder] = {
        feed: order.source.decoder(order.ref, order.schema, feed, not_beyond=order.not_beyond, packed=order.packed)
        for feed in order.feeds
    }
    unfinished = set(order.feeds)
    parcels = _parcels(begun, receive)
    while unfinished:
        parcel = next(parcels)
        if parcel.block is None:
            unfinished.discard(parcel.feed)
            fetched.counted |= {parcel.feed} if parcel.counted else set()
            fetched.unknown |= decoders[parcel.feed].ignored
            continue
        batch = decoders[parcel.feed].decode(parcel.block)
        fetched.add(parcel.feed, batch, len(parcel.block.data))
        order.progress(order.ref, fetched.total_lines, fetched.size)
        if batch.rows:
            yield batch.rows


def _parcels(begun: list[_Parcel], receive: MemoryObjectReceiveStream[_Parcel]) -> Iterator[_Parcel]:
    """One by one, in as few visits to the other thread as may be."""
    yield from begun
    while True:
        yield from anyio.from_thread.run(_next, receive)


async def _next(receive: MemoryObjectReceiveStream[_Parcel]) -> list[_Parcel]:
    """All that have come; at least one is awaited."""
    try:
        found = [await receive.receive()]
    except anyio.EndOfStream:
        raise _Abandoned from None
    with suppress(anyio.WouldBlock, anyio.EndOfStream):
        while True:
            found.append(receive.receive_nowait())
    return found


def root_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that began it, out of a group that may also hold its echoes."""
    leaves = list(_leaves(errors))
    ours = [error for error in leaves if isinstance(error, FocusError)]
    others = [error for error in leaves if not isinstance(error, _Abandoned)]
    return (ours or others or leaves)[0]


def _leaves(errors: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error

"""What came is told exactly: lines by feed, the newest of all, what was put aside; and the error that began it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import anyio.from_thread
import pytest

from focus_assets.fetch import MOST_REJECTS, Fetched, Order, fetch, later, untold
from focus_assets.model.errors import LimitExceeded
from focus_assets.model.feed import Batch, Block, Feed, Reject, Stamp
from focus_assets.model.partition import PartitionRef
from focus_assets.model.state import Bracket, State

EARLY, LATE = Stamp(1, "early"), Stamp(2, "late")
BAD = Reject(1, "not a number", "{}", ("k",))


def test_the_newest_line_is_the_newest_in_whatever_order_the_blocks_come() -> None:
    for order in ((EARLY, LATE), (LATE, EARLY), (None, LATE), (LATE, None)):
        fetched, other = Fetched(), Fetched()
        for newest in order:
            fetched.add(Feed.UPDATED, Batch([("a",)], newest), 10)
            other.absorb(Fetched(newest=newest))
        assert fetched.newest == other.newest == LATE
    assert later(None, None) is None


def test_lines_that_were_put_aside_are_lines_that_came() -> None:
    fetched = Fetched()
    fetched.add(Feed.CREATED, Batch([("a",), ("b",)], None, 1, [BAD]), 10)
    fetched.add(Feed.UPDATED, Batch([("a",)], None, 2), 5)
    assert (fetched.total_lines, fetched.size, fetched.future) == (4, 15, 3)
    assert fetched.rejected_keys == [("k",)]
    assert not fetched.falls_short(Bracket(State(9, created=3, updated=1), State(9, created=3, updated=1)))
    assert fetched.falls_short(Bracket(State(9, created=4), State(9, created=4)))


def test_more_lines_than_the_server_said_are_not_too_few() -> None:
    fetched = Fetched(lines={Feed.DELETED: 3})
    assert not fetched.falls_short(Bracket(State(9, deleted=2), State(9, deleted=2)))
    assert not fetched.falls_short(Bracket(State(9), State(9)))
    assert fetched.falls_short(Bracket(State(9, deleted=4), State(9, deleted=4)))


def test_another_fetch_of_the_run_is_added_to_it() -> None:
    one = Fetched({Feed.FULL: 2}, 10, EARLY, 1, {"x"}, [BAD], {Feed.FULL})
    one.absorb(Fetched({Feed.FULL: 1, Feed.DELETED: 4}, 5, LATE, 2, {"y"}, [BAD], {Feed.DELETED}))
    assert one == Fetched(
        {Feed.FULL: 3, Feed.DELETED: 4}, 15, LATE, 3, {"x", "y"}, [BAD, BAD], {Feed.FULL, Feed.DELETED}
    )


def test_a_key_that_is_spoken_of_again_is_no_longer_put_aside_and_a_line_without_a_key_stays() -> None:
    nameless, other = Reject(2, "no key", "{}", None), Reject(3, "not a number", "{}", ("l",))
    fetched = Fetched(rejects=[BAD, nameless, other])
    fetched.release([("k",), ("m",)])
    assert fetched.rejects == [nameless, other]
    assert fetched.rejected_keys == [("l",)]


def test_so_many_lines_are_put_aside_and_no_more() -> None:
    fetched = Fetched()
    fetched.add(Feed.FULL, Batch([], None, 0, [BAD] * MOST_REJECTS), 1)
    with pytest.raises(LimitExceeded, match="not single rows that are wrong, first of all: not a number"):
        fetched.add(Feed.FULL, Batch([], None, 0, [BAD]), 1)


def test_nobody_has_to_listen() -> None:
    untold(PartitionRef("s", "v", "r"), 1, 1)


class Lines:
    """So many blocks of one row each."""

    server_time = None

    def __init__(self, blocks: int) -> None:
        self.total_lines = blocks

    async def __aiter__(self) -> AsyncIterator[Block]:
        for number in range(self.total_lines):
            yield Block(b"%d" % number, number + 1, number)


class Source:
    """Has a feed of so many blocks."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks

    @asynccontextmanager
    async def stream(self, *_: object) -> AsyncIterator[Lines]:
        yield Lines(self.blocks)

    def decoder(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(ignored=frozenset(), decode=lambda block: Batch([(block.data,)], None))

    async def repeat(self, operation: Any) -> Any:
        return await operation()


@pytest.mark.parametrize("blocks", [0, 1, 2, 9])
async def test_who_writes_a_feed_of_one_block_need_not_ask_for_its_end(
    blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Any] = []
    run = anyio.from_thread.run

    def visit(*args: Any) -> Any:
        assert blocks > 1
        return run(*args)

    def write(batches: Iterable[Any]) -> int:
        written.extend(row for rows in batches for row in rows)
        return len(written)

    monkeypatch.setattr(anyio.from_thread, "run", visit)
    ref: Any = PartitionRef("s", "v", "r")
    order = Order(Source(blocks), ref, None, (Feed.FULL,))  # type: ignore[arg-type]
    fetched = await fetch(order, write)
    assert written == [(b"%d" % number,) for number in range(blocks)]
    assert (fetched.total_lines, fetched.counted) == (blocks, {Feed.FULL})

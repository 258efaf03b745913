"""What came is told exactly: lines by feed, the newest of all, what was put aside; and the error that began it."""

from __future__ import annotations

import pytest

from focus_assets.fetch import MOST_REJECTS, Fetched, later, untold
from focus_assets.model.errors import LimitExceeded
from focus_assets.model.feed import Batch, Feed, Reject, Stamp
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

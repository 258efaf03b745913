"""Two states say what a load can be held against, and no more than both of them say."""

from __future__ import annotations

import pytest

from focus_assets.model.feed import Feed
from focus_assets.model.state import Bracket, State


@pytest.mark.parametrize(("before", "after", "countable"), [(3, 3, True), (3, None, False), (None, 3, False)])
def test_without_both_totals_nothing_is_compared(before: int | None, after: int | None, countable: bool) -> None:
    bracket = Bracket(State(before), State(after))
    assert (bracket.countable, bracket.agrees) == (countable, countable)


@pytest.mark.parametrize(
    ("before", "after", "said"), [(4, 4, 4), (0, 0, 0), (4, 5, None), (5, 4, None), (None, 4, None), (4, None, None)]
)
def test_a_feed_has_so_many_lines_where_both_states_say_so(
    before: int | None, after: int | None, said: int | None
) -> None:
    for feed in (Feed.CREATED, Feed.UPDATED, Feed.DELETED):
        bracket = Bracket(State(9, **{feed.value: before}), State(9, **{feed.value: after}))
        assert bracket.lines(feed) == said
        assert bracket.lines(Feed.FULL) is None


@pytest.mark.parametrize(("held", "between"), [(2, False), (3, True), (5, True), (7, True), (8, False)])
def test_a_count_lies_between_the_two_whichever_way_the_server_moved(held: int, between: bool) -> None:
    assert Bracket(State(3), State(7)).spans(held) is between
    assert Bracket(State(7), State(3)).spans(held) is between


def test_only_a_digest_says_that_nothing_moved() -> None:
    assert Bracket(State(3, digest="d"), State(3, digest="d")).quiet
    for one, other in (
        (State(3), State(3)),
        (State(3, as_of="t"), State(3, as_of="t")),
        (State(3, digest="d"), State(3, digest="e")),
        (State(3, digest="d"), State(4, digest="d")),
    ):
        assert not Bracket(one, other).quiet

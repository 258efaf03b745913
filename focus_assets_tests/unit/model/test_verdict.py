"""A load is judged by what the server said before and after it, and claims no more than was checked."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.model.errors import Incomplete, ShrinkRefused, Unsettled
from focus_assets.model.state import Bracket, State
from focus_assets.model.verdict import (
    SETTLING_ROUNDS,
    ConfirmShrink,
    Digest,
    Evidence,
    GiveUp,
    Heal,
    Publish,
    Refuse,
    Verdict,
    closes,
    judge,
    settles,
)


def bracket(before: int | None, after: int | None, **more: str) -> Bracket:
    return Bracket(State(before, **more), State(after, **more))


def evidence(before: int | None = 10, after: int | None = 10, *, rows: int = 10, full: bool = False) -> Evidence:
    return Evidence(bracket=bracket(before, after), rows=rows, full=full, heals_left=3)


def test_equal_states_and_an_equal_count_are_counted() -> None:
    assert judge(evidence()) == Publish(Verdict.COUNTED)


def test_a_delta_never_proves_content() -> None:
    still = dataclasses.replace(evidence(), bracket=bracket(10, 10, as_of="t", digest="d"))
    assert judge(still) == Publish(Verdict.COUNTED)


def test_a_full_load_while_the_server_stood_still_is_proven() -> None:
    still = dataclasses.replace(evidence(full=True), bracket=bracket(10, 10, digest="d"))
    assert judge(still) == Publish(Verdict.PROVEN)


@pytest.mark.parametrize(
    "sign", [{}, {"as_of": "t"}], ids=["nothing", "a high-water mark that an old write holds back"]
)
def test_a_full_load_is_only_counted_where_nothing_says_that_the_server_stood_still(sign: dict[str, str]) -> None:
    assert judge(dataclasses.replace(evidence(full=True), bracket=bracket(10, 10, **sign))) == Publish(Verdict.COUNTED)


def test_a_closing_delta_without_news_proves_a_full_load() -> None:
    closed = dataclasses.replace(evidence(full=True), rounds=1, news=0)
    assert judge(closed) == Publish(Verdict.PROVEN)


def test_a_closing_delta_with_news_does_not() -> None:
    moved = dataclasses.replace(evidence(full=True), rounds=1, news=1, bracket=bracket(10, 10, as_of="t"))
    assert judge(moved) == Publish(Verdict.COUNTED)


def test_quarantined_lines_count_but_prove_nothing() -> None:
    aside = dataclasses.replace(
        evidence(rows=9, full=True), quarantined=1, bracket=bracket(10, 10, as_of="t", digest="d")
    )
    assert judge(aside) == Publish(Verdict.COUNTED)


def test_a_delta_that_does_not_add_up_is_compared_as_a_whole() -> None:
    assert isinstance(judge(evidence(rows=9)), Heal)


def test_once_the_heals_of_the_day_are_used_up_nothing_is_published() -> None:
    assert judge(dataclasses.replace(evidence(rows=9), heals_left=0)) == GiveUp()


def test_a_full_load_that_lacks_rows_is_incomplete() -> None:
    decision = judge(evidence(rows=9, full=True))
    assert isinstance(decision, Refuse)
    assert isinstance(decision.error, Incomplete)


def test_a_source_without_a_total_is_never_more_than_unverified() -> None:
    assert judge(evidence(None, None, full=True)) == Publish(Verdict.UNVERIFIED)


def test_a_total_that_means_something_else_is_not_compared() -> None:
    assert judge(dataclasses.replace(evidence(rows=3), compare_total=False)) == Publish(Verdict.UNVERIFIED)


def test_a_count_between_two_states_is_moving_and_one_outside_is_refused() -> None:
    assert judge(dataclasses.replace(evidence(10, 14, rows=12), rounds=3)) == Publish(Verdict.MOVING)
    refused = judge(dataclasses.replace(evidence(10, 14, rows=15), rounds=3))
    assert isinstance(refused, Refuse)
    assert isinstance(refused.error, Unsettled)


def test_states_that_differ_are_settled_three_times() -> None:
    assert [settles(bracket(1, 2), rounds) for rounds in range(5)] == [True, True, True, False, False]
    assert SETTLING_ROUNDS == 3
    assert not settles(bracket(None, None), 0)


def test_equal_totals_with_different_digests_do_not_agree() -> None:
    moved = Bracket(State(10, digest="a"), State(10, digest="b"))
    assert not moved.agrees
    assert settles(moved, 0)


def test_digests_that_part_call_for_a_full_diff_unless_rows_were_put_aside() -> None:
    parted = dataclasses.replace(evidence(), digest_before=Digest.EQUAL, digest=Digest.DIFFERENT)
    assert isinstance(judge(parted), Heal)
    assert judge(dataclasses.replace(parted, rows=9, quarantined=1)) == Publish(Verdict.COUNTED)


def test_a_full_load_is_closed_once_where_the_server_gives_no_sign_of_rest() -> None:
    assert closes(bracket(5, 5), full=True, rounds=0)
    assert not closes(bracket(5, 5), full=True, rounds=1)
    assert not closes(bracket(5, 5), full=False, rounds=0)
    assert closes(bracket(5, 5, as_of="t"), full=True, rounds=0)
    assert not closes(bracket(5, 5, digest="d"), full=True, rounds=0)


def shrunk(before: int, rows: int, **more: object) -> Evidence:
    base = Evidence(bracket=bracket(rows, rows), rows=rows, full=True, committed_rows=before)
    return dataclasses.replace(base, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "rows", "trips"),
    [(1000, 800, False), (1000, 799, True), (200, 100, False), (200, 99, True), (100, 0, False), (101, 0, True)],
)
def test_the_guard_trips_beyond_a_fifth_and_a_hundred_rows(before: int, rows: int, trips: bool) -> None:
    assert isinstance(judge(shrunk(before, rows)), Publish) is not trips


def test_a_drop_is_heard_twice_then_accepted() -> None:
    assert judge(shrunk(1000, 500)) == ConfirmShrink()
    assert judge(shrunk(1000, 500, shrink_confirmed=True)) == Publish(Verdict.COUNTED)


def test_a_table_is_emptied_only_on_request() -> None:
    refused = judge(shrunk(1000, 0, shrink_confirmed=True))
    assert isinstance(refused, Refuse)
    assert isinstance(refused.error, ShrinkRefused)
    assert judge(shrunk(1000, 0, accept_shrink=True)) == Publish(Verdict.COUNTED)


def test_a_deleted_feed_trips_the_guard_though_as_many_rows_came() -> None:
    swapped = shrunk(1000, 1000, full=False, removed=300)
    assert judge(swapped) == ConfirmShrink()


def test_a_first_load_has_nothing_to_shrink_from() -> None:
    first = Evidence(bracket=bracket(0, 0), rows=0, full=True)
    assert judge(first) == Publish(Verdict.COUNTED)


@given(
    before=st.integers(0, 5),
    after=st.integers(0, 5),
    rows=st.integers(0, 5),
    full=st.booleans(),
    rounds=st.integers(0, 3),
)
def test_counted_and_proven_are_claimed_only_of_an_equal_count(
    before: int, after: int, rows: int, full: bool, rounds: int
) -> None:
    decision = judge(Evidence(bracket=bracket(before, after), rows=rows, full=full, rounds=rounds, news=0))
    if isinstance(decision, Publish) and decision.verdict in (Verdict.COUNTED, Verdict.PROVEN):
        assert before == after == rows


@pytest.mark.parametrize(("digest", "verdict"), [(Digest.EQUAL, Verdict.PROVEN), (Digest.DIFFERENT, Verdict.COUNTED)])
def test_content_whose_digest_differs_is_not_proven(digest: Digest, verdict: Verdict) -> None:
    still = dataclasses.replace(evidence(full=True), bracket=bracket(10, 10, digest="d"), digest=digest)
    assert judge(still) == Publish(verdict)


def test_a_delta_that_lacks_lines_is_compared_as_a_whole_though_the_counts_agree() -> None:
    short = dataclasses.replace(evidence(), short=True)
    assert isinstance(judge(short), Heal)
    assert judge(dataclasses.replace(short, heals_left=0)) == GiveUp()
    assert judge(dataclasses.replace(short, digest=Digest.EQUAL)) == Publish(Verdict.COUNTED)


def test_a_full_load_whose_further_delta_lacks_lines_is_counted_and_not_proven() -> None:
    closed = dataclasses.replace(evidence(full=True), rounds=1, news=0, short=True)
    assert judge(closed) == Publish(Verdict.COUNTED)


def keeping(*, rows: int, staged: int, full: bool = True, before: int = 10, after: int = 10) -> Evidence:
    found = evidence(before, after, rows=rows, full=full)
    return dataclasses.replace(found, keeps=True, staged=staged)


def test_a_table_that_keeps_rows_is_counted_only_where_it_holds_just_what_the_server_says() -> None:
    assert judge(keeping(rows=10, staged=10)) == Publish(Verdict.COUNTED)
    assert judge(keeping(rows=12, staged=10)) == Publish(Verdict.UNVERIFIED)
    assert judge(keeping(rows=12, staged=0, full=False)) == Publish(Verdict.UNVERIFIED)


def test_a_full_load_that_brought_too_little_is_not_saved_by_the_rows_that_were_kept() -> None:
    assert isinstance(refusal := judge(keeping(rows=12, staged=9)), Refuse)
    assert isinstance(refusal.error, Incomplete)


def test_a_delta_that_leaves_fewer_rows_than_the_server_has_is_healed_also_where_rows_are_kept() -> None:
    assert isinstance(judge(keeping(rows=9, staged=1, full=False)), Heal)
    assert judge(dataclasses.replace(keeping(rows=9, staged=1, full=False), heals_left=0)) == GiveUp()


def test_a_moving_server_is_met_by_the_lesser_of_its_totals() -> None:
    assert judge(keeping(rows=10, staged=10, before=10, after=12)) == Publish(Verdict.UNVERIFIED)

"""The model server does what its options say."""

from __future__ import annotations

from random import Random

import pytest

from focus_assets_tests.simulation.world import SECOND, Options, Shown, World

DE = "DE"


def world(**options: object) -> World:
    made = World(Options(keys=12, **options), Random(1))  # type: ignore[arg-type]
    made.populate()
    made.live(60 * SECOND)
    return made


def keys(made: World, feed: str, since: int) -> list[object]:
    return list(made.feed(feed, DE, since))  # type: ignore[arg-type]


def test_a_late_commit_has_the_timestamp_of_its_beginning() -> None:
    made = world(late_share=1.0, latest=100 * SECOND)
    begun = made.now
    made.begin("update")
    assert made.pending
    assert all(row.stamp < begun for row in made.current.rows[DE].values())
    made.rest()
    (changed,) = {row.stamp for row in made.current.rows[DE].values()} - {
        row.stamp for row in made.shown[-2].rows[DE].values()
    }
    assert changed <= begun < made.now


def test_nothing_commits_below_the_horizon() -> None:
    made = world(late_share=0.7, latest=100 * SECOND, nodes=(0, -3 * SECOND, 2 * SECOND), tick=SECOND)
    for _ in range(100):
        horizon, before = made.horizon(), len(made.writes)
        made.live(5 * SECOND, 2)
        assert all(write.stamp > horizon for write in made.writes[before:])


def test_every_state_is_kept_with_its_moment() -> None:
    made = world()
    first = made.now
    made.live(10 * SECOND, 5)
    made.live(10 * SECOND)
    shown = made.states(first, made.now)
    assert isinstance(shown[0], Shown)
    assert shown[0].at <= first
    assert shown[-1] is made.current
    assert [one.at for one in shown] == sorted({one.at for one in shown})


@pytest.mark.parametrize("inclusive", [True, False])
def test_the_boundary_is_in_the_feed_or_not(inclusive: bool) -> None:
    made = world(inclusive=inclusive)
    made.begin("create")
    stamp = made.writes[-1].stamp
    assert bool(keys(made, "created", stamp)) is inclusive
    assert keys(made, "created", stamp - 1)


@pytest.mark.parametrize("kept", [True, False])
def test_a_key_that_lives_again_may_keep_its_tombstone(kept: bool) -> None:
    made = world(keeps_tombstones=kept)
    since = made.now
    made.begin("delete")
    made.begin("recreate")
    again = [write.key for write in made.writes if write.kind == "recreate"]
    assert again
    assert (again[0] in keys(made, "deleted", since)) is kept
    assert again[0] in keys(made, "created", since)


def test_what_comes_into_scope_is_an_update_of_a_row_that_is_new_here() -> None:
    made = world()
    since = made.now
    made.begin("arrive")
    arrived = [write.key for write in made.writes if write.kind == "arrive"]
    assert keys(made, "created", since) == []
    assert keys(made, "updated", since) == sorted(arrived)


@pytest.mark.parametrize("said", [True, False])
def test_what_goes_out_of_scope_may_do_so_without_a_word(said: bool) -> None:
    made = world(scope_tombstones=said)
    since, before = made.now, len(made.current.rows[DE])
    made.begin("leave")
    assert len(made.current.rows[DE]) < before
    assert bool(keys(made, "deleted", since)) is said


def test_tombstones_are_kept_for_a_time() -> None:
    made = world(retention=100 * SECOND)
    since = made.now
    made.begin("delete")
    assert keys(made, "deleted", since)
    made.live(200 * SECOND)
    assert keys(made, "deleted", since) == []
    assert made.forgotten(since)


def test_a_restore_brings_an_earlier_state_back() -> None:
    made = world()
    made.live(100 * SECOND, 10)
    earlier = [one.rows for one in made.shown]
    made.restore()
    assert made.current.rows in earlier


def test_a_new_column_is_in_every_row_and_in_no_delta() -> None:
    made = world()
    since = made.now
    made.add_column()
    key, row = next(iter(made.current.rows[DE].items()))
    assert '"extra0":"' in made.line(key, row)
    assert keys(made, "updated", since) == []


def test_one_seed_makes_one_world() -> None:
    def story(seed: int) -> list[object]:
        made = World(Options(late_share=0.5, latest=50 * SECOND), Random(seed))
        made.populate()
        made.live(1000 * SECOND, 40)
        return list(made.writes)

    assert story(5) == story(5) != story(6)

"""How the world changes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.sandbox import ANCHOR, Change
from focus_assets.sandbox.retail import Sizes, retail
from focus_assets.sandbox.timeline import write_z
from focus_assets.sandbox.view import DeltaFeed, Since, Tombstones, View
from focus_assets.sandbox.world import World
from focus_assets_tests.unit.sandbox.calling import FakeClock

WHERE = ("retail", "promotions", "DE")
FEEDS: tuple[DeltaFeed, ...] = ("created", "updated", "deleted")
FORM = Tombstones(("id",))
COUNTS = st.integers(0, 12)
CHANGES = st.builds(
    Change, creates=COUNTS, updates=COUNTS, deletes=COUNTS, recreates=COUNTS, into_scope=COUNTS, seed=st.integers(0, 9)
)


def _world(size: int = 300, seed: int = 3) -> World:
    services = retail(Sizes(promotions=size), seed=seed)
    return World(services, ("DE", "FR"), clock=FakeClock(), end=ANCHOR, seed=seed, write=write_z)


def _rows(chunks: Any) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in b"".join(chunks).splitlines()]
    rows = {line["id"]: line for line in lines}
    assert len(rows) == len(lines)
    return rows


def _full(view: View) -> dict[str, dict[str, Any]]:
    return _rows(view.full())


@given(changes=st.lists(CHANGES, min_size=1, max_size=6))
def test_a_mirror_that_applies_the_three_feeds_equals_the_full_feed(changes: list[Change]) -> None:
    world = _world(20)
    mirror = _full(world.at(WHERE).view())
    for number, change in enumerate(changes):
        since = Since(ANCHOR + number)
        at = ANCHOR + number + 1
        world.change(WHERE, replace(change, at=at))
        view = world.at(WHERE).view()
        for key in _rows(view.delta("deleted", since, FORM)):
            mirror.pop(key, None)
        mirror |= _rows(view.delta("created", since, FORM)) | _rows(view.delta("updated", since, FORM))
    assert mirror == _full(world.at(WHERE).view())


@given(changes=st.lists(CHANGES, min_size=1, max_size=6), age=st.integers(0, 6))
def test_no_row_is_in_two_feeds_and_the_counts_are_those_of_the_lines(changes: list[Change], age: int) -> None:
    world = _world(20)
    for number, change in enumerate(changes):
        world.change(WHERE, replace(change, at=ANCHOR + number))
    view, since = world.at(WHERE).view(), Since(ANCHOR + age - 1)
    feeds = {feed: _rows(view.delta(feed, since, FORM)) for feed in FEEDS}
    keys = [key for rows in feeds.values() for key in rows]
    assert len(set(keys)) == len(keys)
    assert {feed: view.count(feed, since) for feed in feeds} == {feed: len(rows) for feed, rows in feeds.items()}
    assert view.live == len(_full(view))


def test_a_change_does_as_much_as_it_says() -> None:
    world = _world()
    changed = world.change(WHERE, Change(creates=5, updates=6, deletes=7, recreates=8, into_scope=9))
    counts = [len(keys) for keys in (changed.created, changed.updated, changed.deleted, changed.recreated)]
    assert (*counts, len(changed.into_scope)) == (5, 6, 7, 8, 9)
    assert world.at(WHERE).view().live == 300 + 5 - 7 + 9


def test_nothing_else_changes() -> None:
    world = _world()
    before = _full(world.at(WHERE).view())
    changed = world.change(WHERE, Change(creates=5, updates=6, deletes=7, recreates=8, into_scope=9))
    after = _full(world.at(WHERE).view())
    touched = {key[0] for key in (*changed.updated, *changed.recreated)}
    assert {key for key in before if before[key] != after.get(key)} == touched | {key[0] for key in changed.deleted}
    assert set(after) - set(before) == {key[0] for key in (*changed.created, *changed.into_scope)}


def test_a_deleted_key_that_is_made_again_is_new_in_content_and_in_time() -> None:
    world = _world()
    before = _full(world.at(WHERE).view())
    deleted = world.change(WHERE, Change(deletes=1)).deleted
    recreated = world.change(WHERE, Change(recreates=1))
    assert recreated.recreated == deleted
    row = _full(world.at(WHERE).view())[str(deleted[0][0])]
    assert row["created_at"] == write_z(recreated.at)
    assert row["updated_at"] is None
    assert row["name"] != before[row["id"]]["name"]


def test_a_row_that_comes_into_scope_is_older_than_all_others() -> None:
    world = _world()
    oldest = min(row["created_at"] for row in _full(world.at(WHERE).view()).values())
    changed = world.change(WHERE, Change(into_scope=1))
    view = world.at(WHERE).view()
    row = _rows(view.delta("updated", Since(ANCHOR), FORM))[str(changed.into_scope[0][0])]
    assert row["created_at"] < oldest < row["updated_at"] == write_z(changed.at)


def test_more_than_there_is_cannot_happen() -> None:
    changed = _world(4).change(WHERE, Change(updates=3, deletes=3, recreates=3))
    assert (len(changed.updated), len(changed.deleted), len(changed.recreated)) == (3, 1, 0)


def test_a_change_can_have_been_committed_late() -> None:
    world = _world()
    world.change(WHERE, Change(updates=1, at=ANCHOR + 10))
    world.change(WHERE, Change(updates=1, at=ANCHOR + 5, seed=1))
    assert world.at(WHERE).view().newest == ANCHOR + 10
    assert world.at(WHERE).view().count("updated", Since(ANCHOR + 7)) == 1


def test_a_seed_chooses_the_same_rows_whatever_happened_before() -> None:
    one, other = _world(), _world()
    other.change(("retail", "promotions", "FR"), Change(creates=1))
    change = Change(updates=9, deletes=9, seed=42)
    assert one.change(WHERE, change) == other.change(WHERE, change)


def test_without_a_seed_the_world_goes_on() -> None:
    world = _world()
    assert world.change(WHERE, Change(updates=5)).updated != world.change(WHERE, Change(updates=5)).updated


def test_a_view_stays_as_it_was() -> None:
    world = _world()
    view = world.at(WHERE).view()
    before = (view.live, view.digest(), _full(view))
    world.change(WHERE, Change(creates=5, updates=50, deletes=50, recreates=5))
    assert (view.live, view.digest(), _full(view)) == before


@pytest.mark.parametrize("where", [("retail", "promotions", "XX"), ("retail", "x", "DE"), ("x", "promotions", "DE")])
def test_a_partition_that_is_not_there_is_a_key_error(where: tuple[str, str, str]) -> None:
    with pytest.raises(KeyError, match="there is no"):
        _world().change(where, Change(updates=1))


def test_a_partition_is_found_without_its_service_where_that_is_clear() -> None:
    assert _world().find("promotions", "DE") == WHERE
    with pytest.raises(KeyError):
        _world().find("promotions", "DE", service="reference")

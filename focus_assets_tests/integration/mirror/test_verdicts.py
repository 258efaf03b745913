"""A load is judged before it is published, and nothing claims more than was checked."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from focus_assets.model.errors import Incomplete, ShrinkRefused, Unsettled
from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish
from focus_assets.sandbox import PLAIN, Extensions, Response, SandboxOptions
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import Scene

FULL = Wish(full=True)
PLAINLY = SandboxOptions(extensions=PLAIN)
NO_DIGEST = SandboxOptions(extensions=Extensions(digest=False, total_lines=False))
CLOSING = ["state", "full", "state", "deleted", "created", "updated", "state"]


def _sorted_feeds(scene: Scene) -> list[str]:
    return sorted(scene.server.feeds())


# --- what may be claimed ---


async def test_a_full_diff_of_a_server_that_stood_still_is_proven(everywhere: Scene) -> None:
    assert (await everywhere.loaded()).verdict is Verdict.PROVEN
    assert everywhere.server.feeds() == ["state", "full", "state"]


async def test_a_digest_that_did_not_move_is_enough_for_a_proof(set_scene: SetScene) -> None:
    scene = set_scene(options=SandboxOptions(extensions=Extensions(as_of=False)))
    assert (await scene.loaded()).verdict is Verdict.PROVEN
    assert scene.server.feeds() == ["state", "full", "state"]


async def test_the_time_of_the_last_proof_is_that_of_a_proof(scene: Scene) -> None:
    await scene.loaded()
    proven_at = scene.entry().proven_at
    assert proven_at == scene.entry().server_time
    assert (await scene.loaded()).verdict is Verdict.COUNTED
    assert scene.entry().proven_at == proven_at != scene.entry().server_time
    assert (await scene.mirror(wish=FULL)).verdict is Verdict.PROVEN
    assert scene.entry().proven_at == scene.entry().server_time


async def test_where_nothing_says_that_it_stood_still_a_closing_delta_proves_it(set_everywhere: SetScene) -> None:
    scene = set_everywhere(options=PLAINLY)
    scene.change(updates=2)
    assert (await scene.loaded()).verdict is Verdict.PROVEN
    assert _sorted_feeds(scene) == sorted(CLOSING)


async def test_a_closing_delta_that_brings_news_makes_it_counted(set_everywhere: SetScene) -> None:
    scene = set_everywhere(options=PLAINLY)
    _once(scene, "state", 2, lambda: scene.table().update(5, scene.time()))
    outcome = await scene.loaded()
    assert outcome.verdict is Verdict.COUNTED
    assert _sorted_feeds(scene) == sorted(CLOSING)
    assert scene.stored() == scene.served()


@pytest.mark.parametrize("feed", ["deleted", "created", "updated"])
async def test_a_closing_delta_without_its_count_from_a_server_that_counts_proves_nothing(
    set_scene: SetScene, feed: str
) -> None:
    scene = set_scene(options=SandboxOptions(extensions=Extensions(digest=False, counts=False)))
    scene.server.edits[feed] = lambda answer: Response(200, {"content-length": "0"}, iter(()))
    assert (await scene.loaded()).verdict is Verdict.COUNTED


async def test_a_delta_is_counted_at_most(set_scene: SetScene) -> None:
    for options in (PLAINLY, SandboxOptions()):
        scene = set_scene(options=options)
        await scene.loaded()
        assert (await scene.loaded()).verdict is Verdict.COUNTED


async def test_without_a_total_to_compare_with_nothing_is_claimed(set_scene: SetScene) -> None:
    scene = set_scene(compare_total=False)
    scene.edit_state(lambda payload: payload.update(total_items=4711))
    for load in ("full", "delta"):
        outcome = await scene.loaded()
        assert (outcome.load, outcome.verdict) == (load, Verdict.UNVERIFIED)
    assert scene.entry().verdict is Verdict.UNVERIFIED
    assert scene.entry().proven_at is None


async def test_the_verdict_and_the_count_are_in_the_ledger(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.change(creates=4, deletes=1)
    await everywhere.loaded()
    entry = everywhere.entry()
    assert (entry.verdict, entry.rows, entry.total_items) == (Verdict.COUNTED, 33, 33)


# --- states that agree, and a count that does not ---


async def test_a_full_load_that_holds_other_than_both_states_say_is_incomplete(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.edit_lines("full", lambda lines: lines[:-1])
    error = await everywhere.refused(Incomplete, wish=FULL)
    assert (error.held, error.total_items) == (29, 30)


async def test_a_heal_is_judged_by_what_the_server_says_around_it(scene: Scene) -> None:
    await scene.loaded()
    scene.sql(f"DELETE FROM {scene.shown} WHERE id = 'k00001'")
    _once(scene, "state", 3, lambda: scene.change(creates=2))
    outcome = await scene.loaded()
    assert (outcome.healed, outcome.verdict, outcome.rows) == (True, Verdict.PROVEN, 32)
    assert scene.server.feeds()[-3:] == ["state", "full", "state"]


async def test_a_mismatch_that_no_full_diff_mends_is_tried_three_times_a_day_and_then_diverged(scene: Scene) -> None:
    await scene.loaded()
    scene.edit_state(lambda payload: payload.update(total_items=31))
    before = scene.dump()
    for _ in range(3):
        outcome = await scene.mirror()
        assert isinstance(outcome.error, Incomplete)
        assert outcome.healed
        assert "full" in scene.server.feeds()
    for _ in range(2):
        outcome = await scene.mirror()
        assert (outcome.error, outcome.verdict, outcome.load) == (None, Verdict.DIVERGED, "delta")
        assert not outcome.healthy
        assert "full" not in scene.server.feeds()
    assert scene.dump() == before
    assert [run.verdict for run in scene.history()[-2:]] == ["diverged", "diverged"]


async def test_the_next_day_tries_again(scene: Scene) -> None:
    await scene.loaded()
    scene.edit_state(lambda payload: payload.update(total_items=31))
    for _ in range(4):
        await scene.mirror()
    scene.server.edits.clear()
    scene.sql(f"DELETE FROM {scene.shown} WHERE id = 'k00001'")
    assert (await scene.mirror()).verdict is Verdict.DIVERGED
    outcome = await scene.mirror(after=86_400)
    assert (outcome.verdict, outcome.healed) == (Verdict.PROVEN, True)
    assert scene.stored() == scene.served()


async def test_heals_that_mend_are_not_rationed(scene: Scene) -> None:
    await scene.loaded()
    for number in range(5):
        scene.sql(f"DELETE FROM {scene.shown} WHERE id = 'k0000{number}'")
        outcome = await scene.loaded()
        assert outcome.healed
        assert scene.stored() == scene.served()


async def test_one_partition_s_heals_are_not_another_s(scene: Scene) -> None:
    await scene.loaded("FR")
    await scene.loaded("DE")
    scene.edit_state(lambda payload: payload.update(total_items=31))
    for _ in range(4):
        await scene.mirror("DE")
    assert (await scene.mirror("DE")).verdict is Verdict.DIVERGED
    assert isinstance((await scene.mirror("FR")).error, Incomplete)


async def test_a_scheduled_full_diff_comes_though_the_day_s_heals_are_used_up(set_scene: SetScene) -> None:
    scene = set_scene(full_every_days=1, heals_per_day=0)
    await scene.loaded()
    scene.sql(f"DELETE FROM {scene.shown} WHERE id = 'k00001'")
    assert (await scene.mirror()).verdict is Verdict.DIVERGED
    assert (await scene.mirror(after=86_400)).verdict is Verdict.PROVEN
    assert scene.stored() == scene.served()


# --- equal counts that hide something ---


async def test_a_digest_that_differs_with_equal_counts_is_healed(everywhere: Scene) -> None:
    first = await everywhere.loaded()
    assert (first.digest, everywhere.entry().digest) == ("equal", "equal")
    everywhere.sql(f"UPDATE {everywhere.shown} SET id = 'another' WHERE id = 'k00002'")
    outcome = await everywhere.loaded()
    assert (outcome.load, outcome.healed, outcome.verdict) == ("full", True, Verdict.PROVEN)
    assert outcome.reason == "the counts agree, the digests no longer do"
    assert outcome.digest == "equal"
    assert everywhere.stored() == everywhere.served()


async def test_a_digest_that_never_agreed_is_no_reason_to_heal(set_scene: SetScene) -> None:
    scene = set_scene(options=SandboxOptions(timestamps="offset"))
    first = await scene.loaded()
    assert (first.digest, first.verdict) == ("different", Verdict.COUNTED)
    scene.change(updates=2)
    second = await scene.loaded()
    assert (second.load, second.digest, second.verdict) == ("delta", "different", Verdict.COUNTED)


# --- feeds that bring less than the server says ---


@pytest.mark.parametrize("feed", ["created", "updated", "deleted"])
async def test_a_feed_that_is_shorter_than_the_server_says_is_fetched_again(set_scene: SetScene, feed: str) -> None:
    scene = set_scene(options=NO_DIGEST)
    await scene.loaded()
    scene.change(creates=4, updates=4, deletes=4)
    scene.faults((feed, "cut_clean"))
    outcome = await scene.loaded()
    assert (outcome.load, outcome.verdict) == ("delta", Verdict.COUNTED)
    assert scene.server.feeds().count(feed) == 2
    assert scene.stored() == scene.served()


async def test_a_feed_that_stays_short_is_no_delta_to_build_on(set_everywhere: SetScene) -> None:
    scene = set_everywhere(options=NO_DIGEST)
    await scene.loaded()
    scene.change(updates=4)
    scene.edit_lines("updated", lambda lines: lines[1:])
    outcome = await scene.loaded()
    assert (outcome.load, outcome.healed) == ("full", True)
    assert "fewer lines than the server says" in outcome.reason
    assert scene.stored() == scene.served()


async def test_a_feed_that_stays_short_is_never_published_once_the_heals_are_used_up(set_scene: SetScene) -> None:
    scene = set_scene(options=NO_DIGEST, heals_per_day=0)
    await scene.loaded()
    before = scene.dump()
    scene.change(updates=4)
    scene.edit_lines("updated", lambda lines: lines[1:])
    outcome = await scene.mirror()
    assert outcome.verdict is Verdict.DIVERGED
    assert any("fewer lines" in note for note in outcome.notes)
    assert scene.dump() == before


async def test_an_equal_digest_vouches_for_a_feed_whose_count_is_off(scene: Scene) -> None:
    await scene.loaded()
    scene.change(updates=4)
    scene.edit_state(lambda payload: payload.update(updated=payload.get("updated", 0) + 1))
    outcome = await scene.loaded()
    assert (outcome.load, outcome.digest) == ("delta", "equal")


# --- a server that moves ---


def _once(scene: Scene, endpoint: str, nth: int, happens: Any) -> None:
    seen = []

    def hear(asked: str) -> None:
        if asked == endpoint:
            seen.append(asked)
            if len(seen) == nth:
                happens()

    scene.server.before.append(hear)


@pytest.mark.parametrize("extensions", [PLAIN, Extensions()])
async def test_a_server_that_moves_during_a_full_load_is_settled_by_a_delta(
    set_everywhere: SetScene, extensions: Extensions
) -> None:
    scene = set_everywhere(options=SandboxOptions(extensions=extensions))
    _once(scene, "state", 2, lambda: scene.change(creates=2, deletes=3, updates=2, recreates=1))
    outcome = await scene.loaded()
    assert outcome.load == "full"
    assert outcome.verdict is Verdict.COUNTED
    assert scene.server.feeds().count("deleted") == 1
    assert scene.stored() == scene.served()


async def test_a_server_that_moves_during_a_delta_is_settled_by_another(everywhere: Scene) -> None:
    await everywhere.loaded()
    _once(everywhere, "state", 2, lambda: everywhere.change(creates=2, deletes=3))
    _once(everywhere, "state", 3, lambda: everywhere.change(creates=3, deletes=1))
    outcome = await everywhere.loaded()
    assert (outcome.load, outcome.verdict) == ("delta", Verdict.COUNTED)
    assert everywhere.server.feeds().count("deleted") == 3
    assert everywhere.stored() == everywhere.served()


@pytest.mark.parametrize("load", ["full", "delta"])
async def test_a_server_that_never_stands_still_is_moving_after_three_further_deltas(scene: Scene, load: str) -> None:
    await scene.loaded()
    scene.server.before.append(lambda endpoint: scene.change(creates=1) if endpoint == "state" else None)
    outcome = await scene.mirror(wish=Wish(full=load == "full"))
    assert (outcome.load, outcome.verdict, outcome.error) == (load, Verdict.MOVING, None)
    assert scene.server.feeds().count("deleted") == 3 + (load == "delta")
    assert scene.entry().verdict is Verdict.MOVING
    assert not outcome.healthy
    scene.server.before.clear()
    await scene.loaded()
    assert scene.stored() == scene.served()


async def test_a_count_that_fits_no_state_of_a_moving_server_is_refused(everywhere: Scene) -> None:
    await everywhere.loaded()
    totals = iter(range(100, 200, 10))
    everywhere.edit_state(lambda payload: payload.update(total_items=next(totals)))
    error = await everywhere.refused(Unsettled)
    assert error.held == 30
    assert error.rounds == 3
    assert error.totals == (130, 140)


async def test_what_moved_meanwhile_is_never_called_proven(set_scene: SetScene) -> None:
    scene = set_scene(options=NO_DIGEST)
    _once(scene, "state", 2, lambda: scene.table().update(5, scene.time()))
    outcome = await scene.loaded()
    assert outcome.verdict is Verdict.COUNTED
    assert scene.stored() == scene.served()


# --- the shrink guard ---


@pytest.mark.parametrize("load", ["full", "delta"])
async def test_a_sharp_drop_is_published_when_the_server_says_it_twice(set_everywhere: SetScene, load: str) -> None:
    scene = set_everywhere(rows=300)
    await scene.loaded()
    scene.change(deletes=150)
    scene.time.slept.clear()
    outcome = await scene.mirror(wish=Wish(full=load == "full"))
    assert (outcome.load, outcome.rows, outcome.changes.deleted) == (load, 150, 150)
    assert sum(scene.time.slept) >= 5
    assert any("drop to 150 rows was confirmed" in note for note in outcome.notes)
    assert scene.stored() == scene.served()


@pytest.mark.parametrize("load", ["full", "delta"])
async def test_a_sharp_drop_that_the_server_does_not_repeat_is_refused(set_scene: SetScene, load: str) -> None:
    scene = set_scene(rows=300)
    await scene.loaded()
    scene.change(deletes=150)
    _once(scene, "state", 3, lambda: scene.change(creates=150))
    error = await scene.refused(ShrinkRefused, wish=Wish(full=load == "full"))
    assert (error.before, error.after) == (300, 150)
    assert "--accept-shrink" in str(error)


async def test_many_deletions_are_guarded_even_where_as_many_rows_are_new(set_scene: SetScene) -> None:
    scene = set_scene(rows=300)
    await scene.loaded()
    scene.change(deletes=150, creates=150)
    scene.time.slept.clear()
    outcome = await scene.loaded()
    assert outcome.rows == 300
    assert sum(scene.time.slept) >= 5


@pytest.mark.parametrize(("rows", "deletes", "guarded"), [(300, 100, False), (300, 101, True), (90, 90, False)])
async def test_the_guard_trips_beyond_a_fifth_and_a_hundred_rows(
    set_scene: SetScene, rows: int, deletes: int, guarded: bool
) -> None:
    scene = set_scene(rows=rows)
    await scene.loaded()
    scene.change(deletes=deletes)
    scene.time.slept.clear()
    await scene.loaded()
    assert (sum(scene.time.slept) >= 5) is guarded


@pytest.mark.parametrize("load", ["full", "delta"])
async def test_a_table_is_emptied_only_on_request(set_scene: SetScene, load: str) -> None:
    scene = set_scene(rows=150)
    await scene.loaded()
    scene.change(deletes=150)
    error = await scene.refused(ShrinkRefused, wish=Wish(full=load == "full"))
    assert (error.before, error.after) == (150, 0)
    outcome = await scene.mirror(wish=Wish(full=load == "full", accept_shrink=True))
    assert (outcome.rows, outcome.changes.deleted, outcome.error) == (0, 150, None)
    assert scene.stored() == {}


async def test_the_guard_holds_when_the_address_changes(set_scene: SetScene) -> None:
    scene = set_scene(rows=150)
    await scene.loaded()
    scene.settings["base_url"] = "https://staging.test"
    scene.change(deletes=150)
    await scene.refused(ShrinkRefused)


async def test_where_totals_mean_nothing_a_sharp_drop_is_only_on_request(set_scene: SetScene) -> None:
    scene = set_scene(rows=300, compare_total=False)
    await scene.loaded()
    scene.change(deletes=150)
    await scene.refused(ShrinkRefused)
    assert (await scene.mirror(wish=Wish(accept_shrink=True))).rows == 150
    assert dataclasses.asdict(scene.entry())["rows"] == 150

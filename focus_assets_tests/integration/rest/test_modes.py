"""Upsert and append keep what the API no longer has; nothing that came is said, and wipes nothing."""

from __future__ import annotations

import pytest

from focus_assets.model.errors import Incomplete
from focus_assets.model.outcome import Changes
from focus_assets.model.verdict import Verdict
from focus_assets_tests.integration.rest.scene import Scene
from focus_assets_tests.integration.rest.server import thing

COUNT = {"path": "/count", "at": "things.count"}
CURSOR = {"cursor": "updated_at", "param": "since", "overlap_seconds": 60}


@pytest.mark.parametrize(
    ("mode", "changes", "name"), [("upsert", (1, 1), "thing 1 r1"), ("append", (1, 0), "thing 1 r0")]
)
async def test_rows_that_the_api_no_longer_has_stay(
    everywhere: Scene, mode: str, changes: tuple[int, int], name: str
) -> None:
    scene = everywhere
    scene.describe(mode=mode, total=COUNT)
    first = await scene.load()
    assert (first.status, first.verdict) == ("loaded", Verdict.COUNTED)
    scene.api.things = [thing(1, 1), thing(30)]
    second = await scene.load()
    inserted, updated = changes
    assert second.changes == Changes(inserted=inserted, updated=updated, unchanged=2 - inserted - updated)
    assert (second.error, second.rows, second.verdict) == (None, 26, Verdict.UNVERIFIED)
    assert scene.names()[1] == name
    assert (await scene.verify()).agrees
    assert (await scene.verify()).more


@pytest.mark.parametrize("mode", ["upsert", "append"])
async def test_an_empty_answer_is_skipped_and_is_neither_an_error_nor_a_wipe(everywhere: Scene, mode: str) -> None:
    scene = everywhere
    scene.describe(mode=mode)
    await scene.load()
    before = scene.stored()
    scene.api.things = []
    outcome = await scene.load()
    assert (outcome.error, outcome.status, outcome.changes, outcome.rows) == (None, "skipped", Changes(), 25)
    assert outcome.notes == ("skipped: nothing came, and what is there was left as it is",)
    assert scene.stored() == before


async def test_an_overlap_that_comes_again_is_appended_once(everywhere: Scene) -> None:
    scene = everywhere
    scene.describe(mode="append", incremental=CURSOR)
    scene.api.things = [thing(number, at=number) for number in range(1, 101)]
    await scene.load()
    scene.api.things += [thing(101, at=101)]
    second = await scene.load()
    assert (second.error, second.load, second.changes) == (None, "delta", Changes(inserted=1, unchanged=61))
    assert scene.names() == scene.served()


async def test_a_number_that_only_rises_can_be_a_cursor(everywhere: Scene) -> None:
    scene = everywhere
    rising = {"cursor": "id", "param": "after", "format": "number", "overlap_seconds": 5}
    scene.describe(path="/after", mode="append", incremental=rising, total=COUNT)
    first = await scene.load()
    assert (first.error, first.watermark, first.load) == (None, "25", "full")
    scene.api.things += [thing(number) for number in range(26, 31)]
    second = await scene.load()
    assert (second.error, second.load, second.watermark) == (None, "delta", "30")
    assert second.changes == Changes(inserted=5, unchanged=6)
    assert (second.verdict, scene.api.paths()) == (Verdict.COUNTED, ["/count", "/after?after=20", "/count"])
    third = await scene.load()
    assert (third.changes, third.watermark) == (Changes(unchanged=6), "30")


async def test_another_kind_of_cursor_is_begun_with_a_full_load(scene: Scene) -> None:
    scene.describe(path="/after", incremental={"cursor": "id", "param": "after", "format": "number"})
    await scene.load()
    scene.describe(path="/all", incremental=CURSOR)
    second = await scene.load()
    assert (second.error, second.load, second.watermark) == (None, "full", "2025-07-01T16:00:00.000000Z")


async def test_replace_compares_everything_each_time(everywhere: Scene) -> None:
    scene = everywhere
    scene.describe(mode="replace")
    await scene.load()
    scene.api.things = scene.api.things[5:]
    second = await scene.load()
    assert (second.error, second.changes) == (None, Changes(deleted=5, unchanged=20))


async def test_rows_that_were_kept_do_not_stand_in_for_rows_that_did_not_come(scene: Scene) -> None:
    scene.describe(mode="upsert", total=COUNT)
    await scene.load()
    scene.api.spoil = lambda call, reply: reply if call.path == "/count" else reply.first(20)
    outcome = await scene.load()
    assert isinstance(outcome.error, Incomplete)


async def test_another_mode_is_another_mirror_and_is_compared_as_a_whole(scene: Scene) -> None:
    scene.describe(mode="upsert", incremental=CURSOR)
    await scene.load()
    scene.api.things = scene.api.things[1:]
    scene.describe(mode="mirror")
    second = await scene.load()
    assert (second.error, second.load, second.changes.deleted) == (None, "full", 1)
    assert second.reason == "the API's address, service or scope has changed"

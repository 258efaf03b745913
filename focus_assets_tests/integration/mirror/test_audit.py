"""An audit compares and changes nothing; foresight says what a run would do."""

from __future__ import annotations

import pytest

from focus_assets.audit import audit, foresee, ledger_of, recount
from focus_assets.model.audit import Audit
from focus_assets.model.plan import DeltaLoad, FullLoad
from focus_assets.model.wish import Wish
from focus_assets.sandbox import PLAIN, Change, SandboxOptions
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import Scene


async def _audited(scene: Scene, country: str = "DE") -> Audit:
    before = scene.dump()
    async with scene.source() as source:
        found = await audit(source, scene.database, scene.ref(country))
    after = scene.dump()
    assert {name: after[name] for name in before} == before
    return found


async def test_a_mirror_that_holds_what_the_server_says_agrees(everywhere: Scene) -> None:
    await everywhere.loaded()
    found = await _audited(everywhere)
    assert (found.rows, found.held, found.total_items, found.difference) == (30, 30, 30, 0)
    assert (found.agrees, found.moving, found.entry) == (True, False, everywhere.entry())


async def test_only_the_partition_is_counted(everywhere: Scene) -> None:
    await everywhere.loaded("DE")
    everywhere.change("FR", creates=4)
    await everywhere.loaded("FR")
    assert (await _audited(everywhere, "DE")).rows == 30
    assert (await _audited(everywhere, "FR")).rows == 34


async def test_a_row_that_is_missing_or_too_many_differs(scene: Scene) -> None:
    await scene.loaded()
    scene.sql(f"DELETE FROM {scene.shown} WHERE id = 'k00001'")
    found = await _audited(scene)
    assert (found.agrees, found.difference) == (False, -1)
    scene.table().delete(1, scene.time())
    scene.table().delete(2, scene.time())
    found = await _audited(scene)
    assert (found.agrees, found.difference) == (False, 1)


async def test_after_a_load_the_rows_are_counted_again_and_the_server_is_not_asked(everywhere: Scene) -> None:
    everywhere.change("DE", deletes=1)
    outcome = await everywhere.loaded()
    everywhere.server.asked.clear()
    async with everywhere.source() as source:
        found = await recount(source, everywhere.database, outcome)
        assert (found.rows, found.total_items, found.agrees) == (29, 29, True)
        everywhere.sql(f"DELETE FROM {everywhere.shown} WHERE id = 'k00001'")
        found = await recount(source, everywhere.database, outcome)
        assert (found.rows, found.agrees, found.difference) == (28, False, -1)
    assert everywhere.server.asked == []


async def test_what_is_put_aside_counts_as_held(set_scene: SetScene) -> None:
    scene = set_scene(bad_rows="quarantine")
    scene.shelves["DE"].spoiled[3] = {"amount": '"many"'}
    await scene.mirror()
    found = await _audited(scene)
    assert (found.rows, found.quarantined, found.held, found.agrees) == (29, 1, 30, True)


async def test_no_table_is_no_mirror_not_even_of_nothing(set_scene: SetScene) -> None:
    scene = set_scene(rows=0)
    found = await _audited(scene)
    assert (found.rows, found.total_items, found.difference, found.agrees) == (None, 0, 0, False)
    assert found.entry is None


async def test_a_server_that_moves_is_compared_again(scene: Scene) -> None:
    await scene.loaded()
    seen: list[str] = []

    def move_once(endpoint: str) -> None:
        if endpoint == "state":
            seen.append(endpoint)
            if len(seen) == 2:
                scene.change(creates=2)

    scene.server.before.append(move_once)
    found = await _audited(scene)
    assert (found.moving, found.total_items, found.rows, found.agrees) == (False, 32, 30, False)


async def test_a_server_that_never_stands_still_is_moving_and_not_agreed_with(scene: Scene) -> None:
    await scene.loaded()
    totals = iter((33, 32, 31, 30, 29))
    scene.edit_state(lambda payload: payload.update(total_items=next(totals)))
    scene.server.asked.clear()
    found = await _audited(scene)
    assert (found.moving, found.difference, found.agrees) == (True, 0, False)
    assert scene.server.feeds().count("state") == 4


def test_without_a_total_there_is_no_difference(scene: Scene) -> None:
    found = Audit(scene.ref(), rows=3, quarantined=0, total_items=None, moving=False, entry=None)
    assert (found.difference, found.agrees) == (None, False)


async def test_a_first_run_is_foreseen_to_fetch_everything(scene: Scene) -> None:
    async with scene.source() as source:
        found = await foresee(source, scene.database, scene.ref())
    assert found.plan == FullLoad("no full load has completed")
    assert found.lines == 30
    assert await ledger_of(scene.database) == {}


async def test_a_delta_is_foreseen_with_the_lines_of_its_feeds(scene: Scene) -> None:
    await scene.loaded()
    scene.time.pass_by(3600)
    scene.server.world.change(("retail", "things", "DE"), Change(creates=3, updates=2, deletes=1))
    async with scene.source() as source:
        found = await foresee(source, scene.database, scene.ref())
        asked_for = await foresee(source, scene.database, scene.ref(), wish=Wish(full=True))
    assert isinstance(found.plan, DeltaLoad)
    assert found.lines is not None
    assert found.lines >= 6
    assert (asked_for.plan, asked_for.lines) == (FullLoad("it was asked for"), 32)
    assert await ledger_of(scene.database) == {scene.ref(): scene.entry()}


@pytest.mark.parametrize("options", [SandboxOptions(extensions=PLAIN)])
async def test_where_the_server_does_not_count_its_feeds_a_delta_s_lines_are_not_known(
    set_scene: SetScene, options: SandboxOptions
) -> None:
    scene = set_scene(options=options)
    scene.change(updates=1)
    await scene.loaded()
    async with scene.source() as source:
        found = await foresee(source, scene.database, scene.ref())
    assert isinstance(found.plan, DeltaLoad)
    assert found.lines is None

"""Where a source is configured so, a bad row is put aside: counted, never stored, and released in time."""

from __future__ import annotations

import dataclasses

import pytest

from focus_assets.database.open import Database
from focus_assets.model.errors import DuplicateName, UnexpectedBody
from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish
from focus_assets.sandbox import PLAIN, Extensions, Response, SandboxOptions
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import Scene

FULL = Wish(full=True)
BAD = {"amount": '"many"'}


@pytest.fixture
def scene(set_everywhere: SetScene, database: Database) -> Scene:
    """Each database, and each kind of server, once."""
    extensions = Extensions() if database.dialect.has_schemas else PLAIN
    return set_everywhere(options=SandboxOptions(extensions=extensions), bad_rows="quarantine")


def rejects(scene: Scene) -> list[tuple[str, str]]:
    """The keys that are put aside, and their raw lines."""
    return [tuple(row) for row in scene.sql("SELECT row_key, raw FROM _focus_rejects ORDER BY row_key")]


async def test_what_is_stored_and_what_is_put_aside_are_the_server_s_total(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: BAD, 8: {"name": '"\\u0000"'}}
    outcome = await scene.loaded()
    assert (outcome.rows, outcome.quarantined, outcome.total_items) == (28, 2, 30)
    assert outcome.verdict is Verdict.COUNTED
    assert [key for key, _ in rejects(scene)] == ['["k00003"]', '["k00008"]']
    assert '"amount":"many"' in rejects(scene)[0][1]
    assert (scene.entry().rows, scene.entry().quarantined) == (28, 2)
    assert any("2 lines were put aside" in note for note in outcome.notes)


async def test_a_reason_with_line_and_column_stands_beside_what_was_put_aside(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: BAD}
    assert "1 line was put aside in _focus_rejects" in (await scene.loaded()).notes
    ((reason, line),) = scene.sql("SELECT reason, line FROM _focus_rejects")
    assert line == 4
    assert "BadValue" in reason
    assert "'amount'" in reason


@pytest.mark.parametrize("load", ["full", "delta"])
async def test_a_row_whose_new_version_is_bad_is_not_left_stale(scene: Scene, load: str) -> None:
    await scene.loaded()
    scene.shelves["DE"].spoiled = {3: BAD}
    scene.table().update(3, scene.time())
    outcome = await scene.mirror(wish=Wish(full=load == "full"))
    assert (outcome.load, outcome.rows, outcome.quarantined) == (load, 29, 1)
    assert outcome.verdict is Verdict.COUNTED
    assert "k00003" not in scene.stored()


@pytest.mark.parametrize("load", ["full", "delta"])
async def test_a_row_is_released_when_the_server_mends_it(scene: Scene, load: str) -> None:
    scene.shelves["DE"].spoiled = {3: BAD, 4: BAD}
    await scene.loaded()
    del scene.shelves["DE"].spoiled[3]
    scene.table().update(3, scene.time())
    outcome = await scene.mirror(wish=Wish(full=load == "full"))
    assert (outcome.load, outcome.rows, outcome.quarantined) == (load, 29, 1)
    assert [key for key, _ in rejects(scene)] == ['["k00004"]']


async def test_a_row_that_the_server_mends_during_the_load_is_not_put_aside(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: BAD}

    def mend(answer: Response) -> Response:
        body = [*answer.body]
        scene.shelves["DE"].spoiled = {}
        scene.table().update(3, scene.time())
        return dataclasses.replace(answer, body=body)

    scene.server.edits["full"] = mend
    outcome = await scene.loaded()
    assert (outcome.rows, outcome.quarantined, rejects(scene)) == (30, 0, [])
    assert scene.stored() == scene.served()


async def test_a_row_is_released_when_the_server_deletes_it(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: BAD, 4: BAD}
    await scene.loaded()
    scene.table().delete(3, scene.time())
    outcome = await scene.mirror()
    assert (outcome.load, outcome.rows, outcome.quarantined, outcome.total_items) == ("delta", 28, 1, 29)
    assert outcome.verdict is Verdict.COUNTED


async def test_a_delta_that_speaks_of_others_leaves_what_was_put_aside(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: BAD}
    await scene.loaded()
    scene.table().update(9, scene.time())
    for _ in range(2):
        outcome = await scene.loaded()
        assert (outcome.load, outcome.rows, outcome.quarantined) == ("delta", 29, 1)


async def test_what_is_bad_twice_is_put_aside_once(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: BAD}
    scene.table().update(3, scene.time())
    for wish in (Wish(), Wish(), FULL):
        outcome = await scene.mirror(wish=wish)
        assert (outcome.rows, outcome.quarantined, outcome.verdict) == (29, 1, Verdict.COUNTED)


async def test_a_row_without_a_key_is_put_aside_once(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: {"id": "null"}, 5: {"id": "null"}}
    scene.table().update(3, scene.time())
    for wish in (Wish(), Wish(), FULL):
        outcome = await scene.mirror(wish=wish)
        assert (outcome.error, outcome.rows, outcome.quarantined) == (None, 28, 2)
        assert not outcome.healed


async def test_two_countries_put_aside_on_their_own(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: BAD}
    scene.shelves["FR"].spoiled = {3: BAD, 4: BAD}
    assert (await scene.loaded("DE")).quarantined == 1
    assert (await scene.loaded("FR")).quarantined == 2
    assert (await scene.loaded("DE")).quarantined == 1
    held = scene.sql('SELECT partition, row_key FROM "_focus_rejects" ORDER BY partition, row_key')
    assert [tuple(row) for row in held] == [("DE", '["k00003"]'), ("FR", '["k00003"]'), ("FR", '["k00004"]')]


async def test_a_failed_run_leaves_the_quarantine_as_it_was(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: BAD}
    await scene.loaded()
    scene.shelves["DE"].spoiled = {4: BAD}
    scene.edit_lines("full", lambda lines: [*lines[:9], b"no json\n", *lines[9:]])
    await scene.refused(UnexpectedBody, wish=FULL)


async def test_a_body_that_is_none_is_refused_and_never_put_aside(scene: Scene) -> None:
    await scene.loaded()
    scene.faults(*[("full", "html")] * 3)
    await scene.refused(UnexpectedBody, wish=FULL)


async def test_a_name_that_comes_twice_is_put_aside(scene: Scene) -> None:
    scene.shelves["DE"].appended = {2: ',"name":"again"'}
    outcome = await scene.loaded()
    assert (outcome.rows, outcome.quarantined) == (29, 1)
    assert DuplicateName.__name__ in scene.sql("SELECT reason FROM _focus_rejects")[0][0]

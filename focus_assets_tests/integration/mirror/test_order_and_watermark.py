"""What is asked in which order, from which moment on, and which moment is remembered."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish
from focus_assets.sandbox import PLAIN, Extensions, Response, SandboxOptions
from focus_assets.sandbox.timeline import TimestampForm, write_naive, write_z
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import Scene

PLAINLY = SandboxOptions(extensions=PLAIN)
UNCOUNTED = SandboxOptions(extensions=Extensions(digest=False, counts=False))
SECOND = 1_000_000


# --- order ---


async def test_the_state_is_read_first_and_last_and_deletions_before_the_rest(scene: Scene) -> None:
    await scene.loaded()
    assert scene.server.feeds() == ["state", "full", "state"]
    await scene.loaded()
    first, second, *between, last = scene.server.feeds()
    assert (first, second, sorted(between), last) == ("state", "deleted", ["created", "updated"], "state")


async def test_deletions_have_ended_before_anything_else_is_asked(scene: Scene) -> None:
    def noted(answer: Response) -> Response:
        def body() -> Iterator[bytes]:
            yield from answer.body
            scene.server.asked.append(("the end of deleted", ""))

        return dataclasses.replace(answer, body=body())

    await scene.loaded()
    scene.change(deletes=5, updates=5)
    scene.server.edits["deleted"] = noted
    await scene.loaded()
    feeds = scene.server.feeds()
    assert (
        feeds.index("deleted") + 1
        == feeds.index("the end of deleted")
        == min(map(feeds.index, ("created", "updated"))) - 1
    )


@pytest.mark.parametrize("disjoint", [True, False])
@pytest.mark.parametrize("extensions", [PLAIN, Extensions()])
async def test_a_key_that_was_deleted_and_made_again_is_there(
    set_everywhere: SetScene, disjoint: bool, extensions: Extensions
) -> None:
    scene = set_everywhere(options=SandboxOptions(disjoint=disjoint, extensions=extensions))
    await scene.loaded()
    scene.change(recreates=4, deletes=2, into_scope=3, creates=2, updates=2)
    outcome = await scene.loaded()
    assert outcome.load == "delta"
    assert scene.stored() == scene.served()


async def test_a_row_that_is_deleted_while_the_delta_is_read_is_deleted_by_the_next_round(scene: Scene) -> None:
    await scene.loaded()
    gone = iter([True])

    def a_row_goes(endpoint: str) -> None:
        if endpoint == "updated" and next(gone, False):
            scene.table().delete(3, scene.time())

    scene.change(updates=2)
    scene.server.before.append(a_row_goes)
    outcome = await scene.loaded()
    assert outcome.verdict is Verdict.COUNTED
    assert scene.server.feeds().count("deleted") == 2
    assert "k00003" not in scene.stored()


async def test_a_deletion_of_what_was_never_here_is_no_matter(scene: Scene) -> None:
    await scene.loaded()
    table = scene.table()
    table.delete(table.insert(scene.time()), scene.time())
    outcome = await scene.loaded()
    assert (outcome.load, outcome.changes.deleted) == ("delta", 0)


async def test_an_update_of_what_was_never_here_is_a_row(scene: Scene) -> None:
    await scene.loaded()
    scene.change(into_scope=3)
    outcome = await scene.loaded()
    assert (outcome.changes.inserted, outcome.changes.updated) == (3, 0)


@pytest.mark.parametrize("as_id", [True, False])
async def test_deletions_are_understood_by_either_name_of_the_key(set_scene: SetScene, as_id: bool) -> None:
    scene = set_scene(options=SandboxOptions(deleted_as_id=as_id))
    await scene.loaded()
    scene.change(deletes=3)
    assert (await scene.loaded()).changes.deleted == 3


async def test_a_delta_never_puts_an_older_version_over_a_newer_one(set_scene: SetScene) -> None:
    scene = set_scene(options=UNCOUNTED)
    await scene.loaded()
    scene.change(updates=3)
    await scene.loaded()
    newest = scene.stored()
    older = scene.sql(f"SELECT id FROM {scene.shown} WHERE name LIKE '%r1'")
    scene.edit_lines("updated", lambda lines: [line.replace(b"r1", b"r0") for line in _aged(lines)])
    outcome = await scene.loaded()
    assert len(older) == 3
    assert (outcome.load, outcome.changes.updated, outcome.fetched) == ("delta", 0, 3)
    assert scene.stored() == newest


def _aged(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"updated_at":"2025-07-01T17', b'"updated_at":"2025-07-01T15') for line in lines]


# --- the watermark ---


async def test_the_server_s_own_mark_at_the_start_is_kept_word_for_word(scene: Scene) -> None:
    scene.change(updates=1)
    at_the_start = write_z(scene.time())
    scene.server.before.append(lambda endpoint: scene.change(updates=1) if endpoint == "full" else None)
    outcome = await scene.mirror()
    assert outcome.watermark == scene.entry().watermark == at_the_start
    assert scene.entry().as_of == at_the_start


@pytest.mark.parametrize("form", ["z", "offset", "naive"])
async def test_else_the_newest_line_is_kept_word_for_word(set_everywhere: SetScene, form: TimestampForm) -> None:
    scene = set_everywhere(options=dataclasses.replace(PLAINLY, timestamps=form))
    scene.change(updates=2)
    newest = scene.table().base.write(scene.time())
    await scene.loaded()
    assert scene.entry().watermark == newest
    scene.time.pass_by(600)
    scene.change(updates=2, deletes=1)
    await scene.loaded()
    assert scene.entry().watermark == scene.server.world.at(("retail", "things", "DE")).base.write(
        scene.time() - 60 * SECOND
    )
    assert scene.stored() == scene.served()


@pytest.mark.parametrize("seconds", [0, 1, 300])
async def test_a_delta_asks_from_the_watermark_less_the_overlap(set_scene: SetScene, seconds: int) -> None:
    scene = set_scene(overlap_seconds=seconds)
    scene.time.micros += 123_457
    scene.change(updates=1)
    changed = scene.time()
    await scene.loaded()
    await scene.loaded()
    asked = {since for endpoint, since in scene.server.asked if endpoint in ("deleted", "created", "updated", "state")}
    assert asked == {write_naive(changed - seconds * SECOND)}


async def test_a_delta_without_lines_leaves_the_watermark_where_it_was(set_scene: SetScene) -> None:
    scene = set_scene(options=PLAINLY)
    await scene.loaded()
    before = scene.entry().watermark
    for _ in range(2):
        await scene.mirror(after=7200)
        assert scene.entry().watermark == before


async def test_a_mark_that_the_server_begins_to_give_never_moves_a_watermark_back(set_scene: SetScene) -> None:
    scene = set_scene(options=UNCOUNTED)
    scene.edit_state(lambda payload: payload.pop("as_of") and None)
    scene.change(updates=1)
    await scene.loaded()
    before = scene.entry().watermark
    scene.edit_state(lambda payload: payload.update(as_of=write_z(scene.time() - 7200 * SECOND)))
    outcome = await scene.loaded()
    assert outcome.load == "delta"
    assert scene.entry().watermark == before


async def test_lines_that_come_again_never_move_the_watermark_back(set_scene: SetScene) -> None:
    scene = set_scene(options=PLAINLY)
    scene.change(updates=3)
    scene.time.pass_by(10)
    scene.table().update(5, scene.time())
    await scene.loaded()
    before = scene.entry().watermark
    scene.table().delete(5, scene.time())
    await scene.loaded()
    assert scene.entry().watermark == before


@pytest.mark.parametrize("extensions", [PLAIN, Extensions(digest=False)])
async def test_a_line_from_the_future_is_kept_said_and_no_watermark(
    set_everywhere: SetScene, extensions: Extensions
) -> None:
    scene = set_everywhere(options=SandboxOptions(extensions=extensions))
    scene.change(updates=1)
    present = write_z(scene.time())
    scene.table().update(7, scene.time() + 400 * 86_400 * SECOND)
    outcome = await scene.loaded()
    assert any("later than the server's clock" in note for note in outcome.notes)
    assert scene.entry().watermark == present
    assert scene.stored() == scene.served()
    scene.change(updates=3)
    changed = write_z(scene.time())
    outcome = await scene.loaded()
    assert (outcome.load, scene.entry().watermark) == ("delta", changed)
    assert scene.stored() == scene.served()


async def test_what_changed_while_a_long_load_went_on_is_no_watermark(set_scene: SetScene) -> None:
    scene = set_scene(options=PLAINLY)
    scene.change(updates=1)
    at_the_start = write_z(scene.time())

    def the_load_takes_long(endpoint: str) -> None:
        if endpoint == "full":
            scene.time.pass_by(600)
            scene.change(updates=2)

    scene.server.before.append(the_load_takes_long)
    await scene.loaded()
    assert scene.entry().watermark == at_the_start
    assert scene.stored() == scene.served()


async def test_a_row_from_the_future_yields_to_what_the_server_says_next(set_scene: SetScene) -> None:
    scene = set_scene(options=PLAINLY)
    scene.table().update(7, scene.time() + 400 * 86_400 * SECOND)
    await scene.loaded()
    scene.table().update(7, scene.time())
    await scene.loaded()
    assert scene.stored() == scene.served()


async def test_a_mark_from_the_future_is_not_believed(scene: Scene) -> None:
    scene.change(updates=1)
    present = write_z(scene.time())
    scene.edit_state(lambda payload: payload.update(as_of="2999-01-01T00:00:00Z"))
    await scene.loaded()
    assert scene.entry().watermark == present


async def test_what_is_committed_late_is_found_within_the_overlap(set_scene: SetScene) -> None:
    scene = set_scene(options=PLAINLY)
    scene.change(updates=2)
    await scene.loaded()
    scene.table().update(9, scene.time() - 250 * SECOND)
    await scene.loaded()
    assert scene.stored() == scene.served()


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("extensions", [PLAIN, Extensions()])
async def test_rows_of_one_microsecond_are_neither_lost_nor_doubled(
    set_scene: SetScene, inclusive: bool, extensions: Extensions
) -> None:
    scene = set_scene(options=SandboxOptions(inclusive=inclusive, extensions=extensions), overlap_seconds=1)
    moment = scene.time() - 2 * SECOND
    scene.table().update(1, moment)
    await scene.loaded()
    scene.table().update(2, moment)
    scene.table().insert(moment)
    await scene.loaded()
    assert scene.stored() == scene.served()


async def test_without_a_date_everything_still_arrives(set_scene: SetScene) -> None:
    scene = set_scene(options=dataclasses.replace(PLAINLY, date_header=False))
    assert (await scene.loaded()).verdict is Verdict.COUNTED
    scene.change(creates=2, updates=3, deletes=2)
    assert (await scene.loaded()).load == "delta"
    assert scene.stored() == scene.served()


# --- a full load is a diff by value ---


async def test_a_full_diff_counts_what_it_does_and_leaves_equal_rows_alone(everywhere: Scene) -> None:
    await everywhere.loaded("FR")
    await everywhere.loaded("DE")
    written = dict(everywhere.sql(f"SELECT id, _synced_at FROM {everywhere.shown} WHERE _country = 'DE'"))
    everywhere.change("DE", creates=2, updates=3, deletes=4)
    outcome = await everywhere.mirror(wish=Wish(full=True))
    changes = outcome.changes
    assert (changes.inserted, changes.updated, changes.deleted, changes.unchanged) == (2, 3, 4, 23)
    assert (outcome.rows, outcome.total_items, outcome.fetched) == (28, 28, 28)
    now = dict(everywhere.sql(f"SELECT id, _synced_at FROM {everywhere.shown} WHERE _country = 'DE'"))
    assert sum(written.get(key) == moment for key, moment in now.items()) == 23
    assert everywhere.stored("FR") == everywhere.served("FR")


async def test_a_full_diff_that_finds_nothing_writes_nothing(everywhere: Scene) -> None:
    await everywhere.loaded()
    before = everywhere.dump()
    outcome = await everywhere.mirror(wish=Wish(full=True))
    assert (outcome.changes.written, outcome.changes.unchanged) == (0, 30)
    things = [name for name in before if name.endswith("things")]
    assert [everywhere.dump()[name] for name in things] == [before[name] for name in things]


async def test_a_full_diff_believes_content_that_changed_without_a_new_time(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.shelves["DE"].spoiled = {
        4: {"amount": "77"},
        5: {"price": "null"},
        6: {"extra": "[]"},
        7: {"weight": "-0.0"},
    }
    outcome = await everywhere.mirror(wish=Wish(full=True))
    assert outcome.changes.updated == 4
    again = await everywhere.mirror(wish=Wish(full=True))
    assert again.changes.written == 0


async def test_the_same_row_in_another_spelling_is_the_same_row(everywhere: Scene) -> None:
    await everywhere.loaded()
    spelled = {
        "amount": "4000",
        "price": "4.25",
        "weight": "41e-1",
        "extra": '{ "r" : 0 }',
        "name": '"thing \\u0034 r0"',
    }
    everywhere.shelves["DE"].spoiled = {4: spelled}
    outcome = await everywhere.mirror(wish=Wish(full=True))
    assert outcome.changes.written == 0

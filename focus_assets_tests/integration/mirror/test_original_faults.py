"""What the usual client of this protocol got wrong: one promise for each of its twelve faults."""

from __future__ import annotations

import re

from focus_assets.model.errors import ServerFailed, Truncated
from focus_assets.model.outcome import Changes
from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish
from focus_assets.sandbox import PLAIN, Attribute, Extensions, Kind, SandboxOptions
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import THINGS, Scene


async def test_updates_and_deletes_of_the_last_batch_are_applied(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.change(updates=4, deletes=3)
    outcome = await everywhere.loaded()
    assert (outcome.load, outcome.changes.updated, outcome.changes.deleted) == ("delta", 4, 3)
    assert everywhere.stored() == everywhere.served()


async def test_an_error_is_the_outcome_and_no_run_with_one_is_called_good(scene: Scene) -> None:
    scene.faults(rate=1, kinds=[Kind.CUT_LINE])
    outcome = await scene.mirror()
    assert isinstance(outcome.error, Truncated)
    assert outcome.verdict is None
    assert not outcome.healthy
    assert [run.error for run in scene.history()] == ["Truncated"]


async def test_equal_counts_claim_the_number_alone_and_a_full_diff_finds_what_they_hide(
    set_everywhere: SetScene,
) -> None:
    scene = set_everywhere(options=SandboxOptions(extensions=Extensions(digest=False)))
    await scene.loaded()
    stale, missing = sorted(scene.stored())[:2]
    scene.sql(f"UPDATE {scene.shown} SET name = 'stale' WHERE id = '{stale}'")
    scene.sql(f"UPDATE {scene.shown} SET id = 'undeleted' WHERE id = '{missing}'")
    counted = await scene.loaded()
    assert (counted.load, counted.verdict) == ("delta", Verdict.COUNTED)
    proven = await scene.mirror(wish=Wish(full=True))
    assert proven.verdict is Verdict.PROVEN
    assert proven.changes == Changes(inserted=1, updated=1, deleted=1, unchanged=28)
    assert scene.stored() == scene.served()


async def test_the_watermark_never_moves_past_changes_that_were_not_applied(scene: Scene) -> None:
    await scene.loaded()
    before = scene.entry()
    scene.change(creates=2, updates=6)
    scene.faults(*[("updated", "cut_clean")] * 3)
    assert isinstance((await scene.mirror()).error, Truncated)
    assert scene.entry() == before
    await scene.loaded()
    assert scene.stored() == scene.served()


async def test_a_cut_first_full_load_leaves_no_row_and_the_next_load_is_full_again(everywhere: Scene) -> None:
    everywhere.faults(*[("full", "cut_line")] * 3)
    assert isinstance((await everywhere.mirror()).error, Truncated)
    assert everywhere.stored() == {}
    outcome = await everywhere.loaded()
    assert (outcome.load, outcome.reason) == ("full", "no full load has completed")
    assert everywhere.stored() == everywhere.served()


async def test_an_answer_that_is_not_200_is_an_error(scene: Scene) -> None:
    await scene.loaded()
    before = scene.dump()
    scene.faults(*[("deleted", "500")] * 3)
    error = (await scene.mirror()).error
    assert isinstance(error, ServerFailed)
    assert error.status == 500
    assert scene.dump() == before


async def test_a_float64_keeps_its_eight_bytes(everywhere: Scene) -> None:
    everywhere.shelves["DE"].spoiled[7] = {"weight": "0.1234567890123456"}
    await everywhere.loaded()
    assert everywhere.sql(f"SELECT weight FROM {everywhere.shown} WHERE id = 'k00007'") == [(0.1234567890123456,)]


async def test_json_values_and_lines_with_a_key_more_or_less_are_rows_like_others(everywhere: Scene) -> None:
    shelf = everywhere.shelves["DE"]
    shelf.spoiled[3] = {"extra": '{"quote":"it\'s \\"so\\"","list":[1,null,{"a":"b,c"}],"n":null}'}
    shelf.appended[4] = ',"unheard_of":{"x":[1]}'
    shelf.without = frozenset({"price"})
    outcome = await everywhere.loaded()
    assert everywhere.stored() == everywhere.served()
    assert any("unheard_of" in note for note in outcome.notes)
    assert everywhere.sql(f"SELECT count(*) FROM {everywhere.shown} WHERE price IS NOT NULL") == [(0,)]


async def test_two_countries_share_a_table_and_never_a_row(everywhere: Scene) -> None:
    await everywhere.loaded("DE")
    await everywhere.loaded("FR")
    everywhere.change("FR", updates=1, deletes=5, creates=2)
    await everywhere.mirror("FR", wish=Wish(full=True))
    for country in ("DE", "FR"):
        assert everywhere.stored(country) == everywhere.served(country)
    assert everywhere.sql(f"SELECT count(*) FROM {everywhere.shown}") == [(57,)]


async def test_names_from_the_api_are_quoted_in_every_statement(set_everywhere: SetScene) -> None:
    odd = ('na"me', "select", "100% :x", "Group By", "semi;colon--", "ünïcödé")
    scene = set_everywhere(attributes=(*THINGS, *(Attribute(name, "string") for name in odd)))
    await scene.loaded()
    scene.change(updates=3, deletes=2, creates=2)
    await scene.loaded()
    assert scene.stored() == scene.served()
    assert set(odd) < set(scene.columns())


async def test_a_token_is_renewed_when_it_ends_within_a_long_load(scene: Scene) -> None:
    ended = iter([True])

    def the_token_ends(endpoint: str) -> None:
        if endpoint == "full" and next(ended, False):
            scene.server.revoke_tokens()

    scene.server.before.append(the_token_ends)
    scene.faults(("full", "reset"))
    await scene.loaded()
    logins = [endpoint for endpoint, _ in scene.server.asked].count("auth")
    assert logins == 2
    assert scene.stored() == scene.served()


async def test_every_feed_is_asked_with_the_same_timestamp_and_a_t_in_it(set_scene: SetScene) -> None:
    scene = set_scene(options=SandboxOptions(extensions=PLAIN))
    await scene.loaded()
    scene.change(updates=1)
    await scene.loaded()
    asked = {(endpoint, since) for endpoint, since in scene.server.asked if endpoint not in ("auth", "schema")}
    assert {endpoint for endpoint, _ in asked} == {"state", "deleted", "created", "updated"}
    (since,) = {since for _, since in asked}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", since)

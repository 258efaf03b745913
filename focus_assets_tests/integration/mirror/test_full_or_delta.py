"""Full or delta is decided by what the ledger knows, and a full load says why."""

from __future__ import annotations

import dataclasses
import json

import pytest

from focus_assets.model.errors import SchemaChanged
from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish
from focus_assets.sandbox import PLAIN, Extensions, Response, SandboxOptions
from focus_assets.sandbox.alteration import Alteration
from focus_assets.sandbox.exchange import json_response
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import THINGS, Scene

PLAINLY = SandboxOptions(extensions=PLAIN)


async def test_a_first_load_is_full_and_the_next_is_a_delta(everywhere: Scene) -> None:
    first, second = await everywhere.loaded(), await everywhere.loaded()
    assert (first.load, first.reason) == ("full", "no full load has completed")
    assert second.load == "delta"
    assert [run.load for run in everywhere.history()] == ["full", "delta"]


async def test_rows_without_a_ledger_are_compared_as_a_whole(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.sql("DELETE FROM _focus_ledger")
    outcome = await everywhere.loaded()
    assert (outcome.load, outcome.changes.unchanged, outcome.changes.written) == ("full", 30, 0)


async def test_an_empty_first_load_is_followed_by_a_full_one(set_scene: SetScene) -> None:
    scene = set_scene(rows=0, options=PLAINLY)
    await scene.loaded()
    assert scene.entry().watermark is None
    scene.change(creates=3)
    outcome = await scene.loaded()
    assert (outcome.load, outcome.reason) == ("full", "there is no watermark to ask from")
    assert scene.stored() == scene.served()
    assert (await scene.loaded()).load == "delta"


async def test_a_resource_without_change_times_is_always_loaded_in_full(set_scene: SetScene) -> None:
    untimed = tuple(attribute for attribute in THINGS if not attribute.name.endswith("_at"))
    scene = set_scene(attributes=untimed, options=PLAINLY)
    scene.shelves["DE"].without = frozenset({"created_at", "updated_at"})
    await scene.loaded()
    scene.change(updates=4, deletes=1)
    outcome = await scene.loaded()
    assert (outcome.load, outcome.reason) == ("full", "there is no watermark to ask from")
    assert scene.stored() == scene.served()


@pytest.mark.parametrize("extensions", [PLAIN, SandboxOptions().extensions])
async def test_a_delta_that_the_server_no_longer_keeps_becomes_full_in_the_same_run(
    set_scene: SetScene, extensions: Extensions
) -> None:
    scene = set_scene(options=SandboxOptions(tombstone_retention=600, extensions=extensions))
    await scene.loaded()
    scene.change(deletes=3, updates=2)
    outcome = await scene.mirror(after=3600)
    assert outcome.error is None
    assert outcome.load == "full"
    assert "410" in outcome.reason
    assert (outcome.changes.deleted, outcome.changes.updated) == (3, 2)
    assert "410" in scene.history()[-1].reason
    assert scene.stored() == scene.served()


@pytest.mark.parametrize("extensions", [PLAIN, SandboxOptions().extensions])
async def test_a_server_that_forgets_sooner_than_the_overlap_can_still_be_mirrored(
    set_scene: SetScene, extensions: Extensions
) -> None:
    scene = set_scene(options=SandboxOptions(tombstone_retention=60, extensions=extensions))
    for _ in range(2):
        await scene.loaded()
        scene.change(creates=1, deletes=1, updates=1)
    outcome = await scene.loaded()
    assert outcome.load == "full"
    assert scene.stored() == scene.served()


async def test_what_changes_during_a_load_from_a_server_that_forgets_soon_is_called_moving(scene: Scene) -> None:
    scene.server.options = dataclasses.replace(scene.options, tombstone_retention=60)
    scene.server._endpoints._options = scene.server.options
    scene.server.before.append(lambda endpoint: scene.change(creates=1) if endpoint == "full" else None)
    assert (await scene.mirror()).verdict is Verdict.MOVING
    scene.server.before.clear()
    await scene.loaded()
    assert scene.stored() == scene.served()


async def test_a_changed_address_is_compared_as_a_whole(scene: Scene) -> None:
    await scene.loaded()
    scene.settings["base_url"] = "https://another.test"
    outcome = await scene.loaded()
    assert (outcome.load, outcome.reason) == ("full", "the API's address, service or scope has changed")
    assert outcome.changes.written == 0
    assert (await scene.loaded()).load == "delta"


async def test_a_changed_language_is_compared_as_a_whole(scene: Scene) -> None:
    await scene.loaded()
    scene.settings["lang"] = "de"
    assert (await scene.loaded()).reason == "the API's address, service or scope has changed"


async def test_another_service_gets_a_table_of_its_own(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.server.world.services["outlet"] = everywhere.server.world.services.pop("retail")
    everywhere.settings["business_service"] = "outlet"
    outcome = await everywhere.loaded()
    assert (outcome.load, outcome.reason) == ("full", "the API's address, service or scope has changed")
    assert outcome.changes.inserted == 30
    assert everywhere.sql(f"SELECT count(*) FROM {everywhere.shown.replace('retail', 'outlet')}") == [(30,)]
    assert everywhere.stored() == everywhere.served()


async def test_a_server_whose_clock_moved_back_is_compared_as_a_whole(set_scene: SetScene) -> None:
    scene = set_scene(options=PLAINLY)
    await scene.loaded()
    scene.time.pass_by(-1800)
    outcome = await scene.loaded()
    assert outcome.load == "full"
    assert "clock moved back by 0:29:00" in outcome.reason


async def test_a_clock_that_moved_back_less_than_the_overlap_is_no_matter(set_scene: SetScene) -> None:
    scene = set_scene(options=PLAINLY)
    await scene.loaded()
    scene.time.pass_by(-200)
    assert (await scene.loaded()).load == "delta"


async def test_a_restored_server_is_believed_though_its_rows_are_older(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.change(updates=5, creates=2, deletes=2)
    await everywhere.loaded()
    restored = Scene(everywhere.database, everywhere.home)
    restored.time, restored.runs = everywhere.time, everywhere.runs
    outcome = await restored.loaded()
    assert outcome.load == "full"
    assert "high-water mark moved back" in outcome.reason
    assert restored.stored() == restored.served()


async def test_a_table_that_is_gone_is_made_and_filled_again(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.sql(f"DROP TABLE {everywhere.shown}")
    outcome = await everywhere.loaded()
    assert (outcome.load, outcome.reason) == ("full", "the table is gone")
    assert everywhere.stored() == everywhere.served()


async def test_a_partition_that_was_emptied_behind_our_back_is_filled_again(everywhere: Scene) -> None:
    await everywhere.loaded("DE")
    await everywhere.loaded("FR")
    everywhere.sql(f"DELETE FROM {everywhere.shown} WHERE _country = 'DE'")
    outcome = await everywhere.loaded("DE")
    assert (outcome.load, outcome.reason) == ("full", "the table is empty, the ledger says 30 rows")
    assert everywhere.stored("DE") == everywhere.served("DE")


async def test_the_schedule_of_full_diffs_is_kept_by_the_server_s_clock(set_scene: SetScene) -> None:
    scene = set_scene(full_every_days=2, options=SandboxOptions(token_life=1e9))
    await scene.loaded()
    assert (await scene.mirror(after=86_400)).load == "delta"
    outcome = await scene.mirror(after=86_400)
    assert (outcome.load, outcome.reason) == ("full", "the last full load is 2 days old")
    assert (await scene.loaded()).load == "delta"


async def test_a_full_load_can_be_asked_for(scene: Scene) -> None:
    await scene.loaded()
    outcome = await scene.mirror(wish=Wish(full=True))
    assert (outcome.load, outcome.reason, outcome.verdict) == ("full", "it was asked for", Verdict.PROVEN)


async def test_a_mismatch_forces_a_full_diff_in_the_same_run(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.sql(f"DELETE FROM {everywhere.shown} WHERE id IN ('k00003', 'k00004')")
    outcome = await everywhere.loaded()
    assert (outcome.load, outcome.healed) == ("full", True)
    assert outcome.reason == "the mirror would hold 28 rows, the server says 30"
    assert (outcome.changes.inserted, outcome.changes.unchanged) == (2, 28)
    assert everywhere.stored() == everywhere.served()
    assert (await everywhere.loaded()).load == "delta"


# --- what the ledger remembers ---


async def test_the_ledger_has_one_row_a_partition_with_all_that_a_later_run_needs(everywhere: Scene) -> None:
    await everywhere.loaded("DE")
    outcome = await everywhere.loaded("FR")
    rows = everywhere.sql("SELECT l.source, l.service, l.resource, l.partition FROM _focus_ledger l ORDER BY 4")
    assert rows == [("shop", "retail", "things", "DE"), ("shop", "retail", "things", "FR")]
    entry = everywhere.entry("FR")
    assert (entry.generation, entry.rows, entry.total_items, entry.load) == (1, 30, 30, "full")
    assert (entry.verdict, entry.run_id) == (Verdict.PROVEN, outcome.run_id)
    assert entry.full_at == entry.proven_at == entry.server_time
    assert entry.started_at <= entry.finished_at


async def test_a_delta_keeps_when_the_last_full_load_and_the_last_proof_were(scene: Scene) -> None:
    await scene.loaded()
    first = scene.entry()
    await scene.loaded()
    second = scene.entry()
    assert (second.generation, second.load, second.verdict) == (2, "delta", Verdict.COUNTED)
    assert (second.full_at, second.proven_at) == (first.full_at, first.proven_at)
    assert second.server_time != first.server_time


async def test_a_failed_run_leaves_everything_and_the_next_carries_on(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.change(creates=2, updates=2, deletes=2)
    before = everywhere.dump()
    for _ in range(2):
        everywhere.faults(*[("state", "500")] * 3)
        assert (await everywhere.mirror()).error is not None
        assert everywhere.dump() == before
    await everywhere.loaded()
    assert everywhere.stored() == everywhere.served()
    assert everywhere.entry().generation == 2


# --- schema drift ---


async def test_an_added_column_is_added_and_filled_by_a_full_diff(everywhere: Scene) -> None:
    await everywhere.loaded("DE")
    await everywhere.loaded("FR")
    everywhere.server.alter("things", Alteration(add={"colour": ("string", "red")}))
    for country in ("DE", "FR"):
        outcome = await everywhere.loaded(country)
        assert (outcome.load, outcome.reason) == ("full", "the schema has changed")
        assert outcome.changes.updated == 30
        assert (await everywhere.loaded(country)).load == "delta"
    assert everywhere.sql(f"SELECT DISTINCT colour FROM {everywhere.shown}") == [("red",)]


LOSSY = [
    Alteration(drop=frozenset({"amount"})),
    Alteration(retype={"amount": "string"}),
    Alteration(retype={"price": "decimal(20,4)"}),
    Alteration(drop=frozenset({"extra"}), add={"more": ("string", "x")}),
]


@pytest.mark.parametrize("alteration", LOSSY)
async def test_a_column_that_goes_or_changes_its_type_is_for_a_person_to_decide(
    scene: Scene, alteration: Alteration
) -> None:
    await scene.loaded()
    scene.server.alter("things", alteration)
    error = await scene.refused(SchemaChanged)
    assert "drop the table" in str(error)
    await scene.refused(SchemaChanged, wish=Wish(full=True))


async def test_a_key_that_changes_is_for_a_person_to_decide(scene: Scene) -> None:
    await scene.loaded()
    things = scene.server.world.services["retail"][0]
    widened = tuple(dataclasses.replace(one, key=one.name in ("id", "amount")) for one in things.attributes)
    scene.server.world.services["retail"] = (dataclasses.replace(things, attributes=widened),)
    await scene.refused(SchemaChanged)
    scene.sql(f"DROP TABLE {scene.shown}")
    assert (await scene.loaded()).reason == "the primary key has changed"


async def test_dropping_the_table_takes_the_new_schema_for_every_country(everywhere: Scene) -> None:
    await everywhere.loaded("DE")
    await everywhere.loaded("FR")
    everywhere.server.alter("things", Alteration(drop=frozenset({"extra"}), retype={"price": "float64"}))
    everywhere.sql(f"DROP TABLE {everywhere.shown}")
    for country in ("DE", "FR"):
        await everywhere.loaded(country)
        assert everywhere.stored(country) == everywhere.served(country)
        assert (await everywhere.loaded(country)).load == "delta"
    assert "extra" not in everywhere.columns()


@pytest.mark.parametrize("alteration", LOSSY)
async def test_a_country_that_is_new_never_fills_a_table_of_another_schema(
    scene: Scene, alteration: Alteration
) -> None:
    await scene.loaded("DE")
    scene.server.alter("things", alteration)
    await scene.refused(SchemaChanged, "FR")


async def test_a_country_without_rows_never_fills_a_table_of_another_schema(everywhere: Scene) -> None:
    everywhere.shelves["FR"].size = 0
    await everywhere.loaded("FR")
    await everywhere.loaded("DE")
    everywhere.server.alter("things", Alteration(retype={"amount": "string"}))
    await everywhere.refused(SchemaChanged, "FR")


async def test_a_schema_that_moves_during_a_full_load_is_refused(everywhere: Scene) -> None:
    await everywhere.loaded()
    moved = iter([True])

    def the_schema_moves(endpoint: str) -> None:
        if endpoint == "full" and next(moved, False):
            everywhere.server.alter("things", Alteration(add={"colour": ("string", "red")}))

    everywhere.server.before.append(the_schema_moves)
    await everywhere.refused(SchemaChanged, wish=Wish(full=True))
    await everywhere.loaded()
    assert everywhere.sql(f"SELECT DISTINCT colour FROM {everywhere.shown}") == [("red",)]


async def test_a_resource_that_leaves_the_schema_during_a_load_is_refused(scene: Scene) -> None:
    await scene.loaded()
    scene._in_plain()

    def without_it(answer: Response) -> Response:
        said = json.loads(b"".join(answer.body))
        said["resources"]["others"] = said["resources"].pop("things")
        return json_response(200, said)

    def the_resource_goes(endpoint: str) -> None:
        if endpoint == "full":
            scene.server.edits["schema"] = without_it

    scene.server.before.append(the_resource_goes)
    await scene.refused(SchemaChanged, wish=Wish(full=True))


async def test_a_schema_that_moves_during_a_delta_is_refused(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.change(updates=5)
    moved = iter([True])

    def the_schema_moves(endpoint: str) -> None:
        if endpoint == "updated" and next(moved, False):
            everywhere.server.alter("things", Alteration(drop=frozenset({"extra"})))

    everywhere.server.before.append(the_schema_moves)
    await everywhere.refused(SchemaChanged)


async def test_a_column_that_was_dropped_behind_our_back_is_for_a_person_to_mend(everywhere: Scene) -> None:
    await everywhere.loaded("DE")
    await everywhere.loaded("FR")
    if not everywhere.database.dialect.has_schemas:
        everywhere.sql("DROP VIEW IF EXISTS retail__things__numeric")
    everywhere.sql(f"ALTER TABLE {everywhere.shown} DROP COLUMN weight")
    for country in ("DE", "FR"):
        error = await everywhere.refused(SchemaChanged, country)
        assert "has lost weight" in str(error)
    everywhere.sql(f"DROP TABLE {everywhere.shown}")
    for country in ("DE", "FR"):
        await everywhere.loaded(country)
    assert everywhere.sql(f"SELECT count(*) FROM {everywhere.shown} WHERE weight IS NULL") == [(0,)]


async def test_the_order_of_columns_is_no_drift(scene: Scene) -> None:
    await scene.loaded()
    things = scene.server.world.services["retail"][0]
    turned = dataclasses.replace(things, attributes=tuple(reversed(things.attributes)))
    scene.server.world.services["retail"] = (turned,)
    scene.change(updates=3)
    assert (await scene.loaded()).load == "delta"
    assert scene.stored() == scene.served()

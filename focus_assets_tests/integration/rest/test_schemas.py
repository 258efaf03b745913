"""Columns that nobody named are inferred from a whole first load, frozen, and never guessed again."""

from __future__ import annotations

from focus_assets.fleet import open_fleet
from focus_assets.model.errors import BadValue, InvalidSchema, SchemaChanged
from focus_assets.model.verdict import Verdict
from focus_assets.sources.snapshots import stored_schemas
from focus_assets_tests.integration.rest.scene import Scene, frozen
from focus_assets_tests.integration.rest.server import thing

INFERRED = {"id": "int64", "name": "string", "price": "decimal", "updated_at": "time"}
TOKEN = {"path": "/token", "records": "items", "pagination": {"kind": "cursor", "at": "next"}, "columns": None}


async def test_the_first_sync_looks_at_every_record_and_freezes_what_it_saw(everywhere: Scene) -> None:
    scene = everywhere
    scene.describe(**TOKEN)
    for one in scene.api.things[:10]:
        one["name"] = None  # which the last pages know better
    assert stored_schemas(scene.config, "library") is None
    first = await scene.load()
    assert (first.error, first.rows) == (None, 25)
    assert frozen(scene) == {"things": INFERRED}
    assert scene.api.paths() == ["/token", "/token?cursor=10", "/token?cursor=20"] * 2
    assert (await scene.load()).error is None
    assert len(scene.api.asked) == 3  # a frozen schema is not inferred again


async def test_a_later_value_that_does_not_fit_is_named_and_nothing_is_cast(everywhere: Scene) -> None:
    scene = everywhere
    scene.describe(**TOKEN)
    await scene.load()
    before = scene.ledger(), scene.stored()
    scene.api.things[11]["id"] = "12"
    outcome = await scene.load()
    assert isinstance(outcome.error, BadValue)
    assert "record 12 (id='12'), column 'id': expected an integer" in str(outcome.error)
    assert (scene.ledger(), scene.stored()) == before
    assert frozen(scene) == {"things": INFERRED}


async def test_a_later_value_that_does_not_fit_is_put_aside_where_the_source_says_so(scene: Scene) -> None:
    scene.source["bad_rows"] = "quarantine"
    scene.describe(**TOKEN)
    await scene.load()
    scene.api.things[11]["price"] = "twelve"
    outcome = await scene.load()
    assert (outcome.error, outcome.rows, outcome.quarantined) == (None, 24, 1)


async def test_a_new_attribute_is_taken_up_by_a_refresh_alone(scene: Scene) -> None:
    scene.describe(**TOKEN)
    await scene.load()
    for one in scene.api.things:
        one["colour"] = "red"
    assert (await scene.load()).notes == ("lines have attributes that the schema lacks: colour",)
    async with open_fleet(scene.config, scene.database) as fleet:
        found = await fleet.sources["library"].schemas(fresh=True)
    assert "colour" in {column.name for column in found["things"].columns}


async def test_a_frozen_column_that_is_retyped_by_a_refresh_is_for_a_person_to_decide(scene: Scene) -> None:
    from focus_assets.sources.snapshots import write_snapshot

    scene.describe(**TOKEN)
    await scene.load()
    before = scene.stored()
    for one in scene.api.things:
        one["price"] = "free"
    async with open_fleet(scene.config, scene.database) as fleet:
        write_snapshot(scene.config, "library", await fleet.sources["library"].schemas(fresh=True))
    outcome = await scene.load()
    assert isinstance(outcome.error, SchemaChanged)
    assert "retyped price" in str(outcome.error)
    assert scene.stored() == before


async def test_nothing_can_be_inferred_from_nothing(scene: Scene) -> None:
    scene.describe(**TOKEN)
    scene.api.things = []
    outcome = await scene.load()
    assert isinstance(outcome.error, InvalidSchema)
    assert "name them under columns" in str(outcome.error)
    assert stored_schemas(scene.config, "library") is None


async def test_a_key_that_no_record_has_is_named_with_what_they_have(scene: Scene) -> None:
    scene.describe(**TOKEN, primary_key=["uuid"])
    outcome = await scene.load()
    assert isinstance(outcome.error, InvalidSchema)
    assert "no record has the primary key 'uuid'; they have id, name, price, updated_at" in str(outcome.error)


async def test_a_key_that_the_frozen_columns_lack_is_looked_for_again(scene: Scene) -> None:
    scene.describe(**TOKEN)
    await scene.load()
    scene.describe(primary_key=["code"])
    assert isinstance((await scene.load()).error, InvalidSchema)
    for one in scene.api.things:
        one["code"] = f"c{one['id']}"
    assert isinstance((await scene.load()).error, SchemaChanged)  # the table has another key: for a person to decide
    assert frozen(scene)["things"]["code"] == "string"


async def test_what_is_put_aside_is_no_witness_of_its_columns(scene: Scene) -> None:
    scene.source["bad_rows"] = "quarantine"
    scene.api.things[3]["price"] = "free"
    scene.describe(**TOKEN, transform=[{"cast": {"price": "float64"}}, {"rename": {"price": "cost"}}])
    outcome = await scene.load()
    assert (outcome.error, outcome.rows, outcome.quarantined) == (None, 24, 1)
    assert frozen(scene)["things"]["cost"] == "float64"


async def test_times_without_a_zone_can_be_a_cursor(scene: Scene) -> None:
    for number, one in enumerate(scene.api.things):
        one["updated_at"] = f"2025-07-01T16:00:{number:02}"
    scene.describe(**TOKEN, incremental={"cursor": "updated_at", "param": "since"})
    assert (await scene.load()).watermark == "2025-07-01T16:00:24.000000Z"
    assert frozen(scene)["things"]["updated_at"] == "time"


async def test_a_date_can_be_a_cursor_and_is_sent_as_one(scene: Scene) -> None:
    for number, one in enumerate(scene.api.things, 1):
        one["updated_at"] = f"2025-07-{number:02}"
    how = {"cursor": "updated_at", "param": "since", "format": "date", "overlap_seconds": 86_400}
    scene.describe(**TOKEN, incremental=how, total="all")
    first = await scene.load()
    assert (first.error, first.watermark) == (None, "2025-07-25T00:00:00.000000Z")
    scene.api.things.append({**thing(26), "updated_at": "2025-07-26"})
    second = await scene.load()
    assert (second.error, second.load, second.verdict) == (None, "delta", Verdict.COUNTED)
    assert (second.changes.inserted, second.changes.unchanged) == (1, 2)
    assert "/token?since=2025-07-24" in scene.api.paths()


async def test_texts_of_xml_and_csv_become_what_all_of_them_are(everywhere: Scene) -> None:
    scene = everywhere
    thing_ = '<thing id="{0}"><price>{0}.50</price><on>2025-07-0{0}</on><note>n{0}</note></thing>'
    scene.api.texts = {
        "/xml": f"<things>{''.join(thing_.format(number) for number in (1, 2))}</things>",
        "/csv": "id;price;on;note\n1;1.50;2025-07-01;n1\n2;2.50;2025-07-02;\n",
    }
    scene.resources = {
        "from_xml": {
            "path": "/xml",
            "format": "xml",
            "records": "things.thing",
            "transform": [{"rename": {"@id": "id"}}],
            "primary_key": ["id"],
        },
        "from_csv": {"path": "/csv", "format": "csv", "delimiter": ";", "primary_key": ["id"]},
    }
    assert [outcome.error for outcome in await scene.sync()] == [None, None]
    types = {"price": "decimal", "on": "date", "note": "string", "id": "int64"}
    assert frozen(scene) == {"from_xml": types, "from_csv": types}
    assert [(row["id"], str(row["price"]), str(row["on"]), row["note"]) for row in scene.stored("from_csv")] == [
        (1, "1.5", "2025-07-01", "n1"),
        (2, "2.5", "2025-07-02", None),
    ]

"""A REST API is mirrored, verified, changed, mirrored again; what was deleted there is found."""

from __future__ import annotations

from focus_assets.model.outcome import Changes
from focus_assets.model.verdict import Verdict
from focus_assets_tests.integration.rest.scene import Scene
from focus_assets_tests.integration.rest.server import thing

INCREMENTAL = {"cursor": "updated_at", "param": "since", "overlap_seconds": 0}


async def test_everything_is_fetched_and_compared_by_value(everywhere: Scene) -> None:
    scene = everywhere
    scene.describe(path="/linked", records="rows", total="filtered_table_rows_count")
    scene.describe(pagination={"kind": "next_link", "at": "next_url"})
    first = await scene.load()
    assert (first.error, first.verdict, first.load, first.rows) == (None, Verdict.COUNTED, "full", 25)
    assert first.reason == "no full load has completed"
    assert scene.names() == scene.served()
    assert (await scene.verify()).agrees

    scene.api.things = [thing(1, 1), *scene.api.things[1:24], thing(40)]
    assert (await scene.verify()).difference == 0  # which a count cannot see
    second = await scene.load()
    assert (second.error, second.verdict, second.reason) == (None, Verdict.COUNTED, "the source has no deltas")
    assert second.changes == Changes(inserted=1, updated=1, deleted=1, unchanged=23)
    assert scene.names() == scene.served()
    assert [entry.generation for entry in scene.ledger().values()] == [2]


async def test_changes_alone_are_asked_for_from_the_newest_applied_cursor_on(everywhere: Scene) -> None:
    scene = everywhere
    scene.describe(path="/token", records="items", total="all", incremental=INCREMENTAL)
    scene.describe(pagination={"kind": "cursor", "at": "next"})
    scene.api.things = [thing(number, at=number) for number in range(1, 26)]
    first = await scene.load()
    assert (first.error, first.verdict, first.watermark) == (None, Verdict.PROVEN, "2025-07-01T16:00:25.000000Z")

    scene.api.things[0] = thing(1, 1, at=25)  # equal to the watermark: asked for, kept, upserted
    scene.api.things.append(thing(26, at=90))
    second = await scene.load()
    assert (second.error, second.verdict, second.load) == (None, Verdict.COUNTED, "delta")
    assert second.changes == Changes(inserted=1, updated=1, unchanged=1)
    assert "/token?since=2025-07-01T16%3A00%3A25.000000Z" in scene.api.paths()
    assert scene.names() == scene.served()
    assert second.watermark == "2025-07-01T16:01:30.000000Z"


async def test_a_deletion_that_no_delta_tells_of_is_healed_by_the_total(everywhere: Scene) -> None:
    scene = everywhere
    scene.describe(path="/token", records="items", total="all", incremental=INCREMENTAL)
    scene.describe(pagination={"kind": "cursor", "at": "next"})
    await scene.load()
    scene.api.things = scene.api.things[3:]
    healed = await scene.load()
    assert (healed.error, healed.healed, healed.changes.deleted) == (None, True, 3)
    assert healed.reason == "the mirror would hold 25 rows, the server says 22"
    assert scene.names() == scene.served()


async def test_without_a_total_nothing_is_claimed(everywhere: Scene) -> None:
    outcome = await everywhere.load()
    assert (outcome.error, outcome.verdict, outcome.total_items) == (None, Verdict.UNVERIFIED, None)
    assert everywhere.names() == everywhere.served()
    assert everywhere.api.paths() == ["/all"]


async def test_a_count_of_its_own_brackets_the_load(scene: Scene) -> None:
    scene.describe(total={"path": "/count", "at": "things.count"})
    assert (await scene.load()).verdict is Verdict.COUNTED
    assert scene.api.paths() == ["/count", "/all", "/count"]


async def test_identifiers_are_partitions_and_their_key_column_is_filled(everywhere: Scene) -> None:
    scene = everywhere
    days = {"2024-01-02": {"open": 1.5, "close": 2}, "2024-01-03": {"open": 2.5, "close": None}}
    scene.api.prices = {"AAPL": days, "MSFT": {"2024-01-02": {"open": 7, "close": 8}}}
    scene.resources = {
        "stock_prices": {
            "path": "/historical",
            "params": {"interval": "1d", "symbol": "{partition}"},
            "partitions": ["AAPL", "MSFT"],
            "records": "prices",
            "transform": [
                {"explode_keys": {"as": "day"}},
                {"rename": {"open": "open_price"}},
                {"cast": {"day": "date"}},
            ],
            "primary_key": ["symbol", "day"],
            "mode": "upsert",
        }
    }
    outcomes = await scene.sync()
    assert [(one.ref.partition, one.error, one.rows) for one in outcomes] == [("AAPL", None, 2), ("MSFT", None, 1)]
    rows = scene.stored("stock_prices")
    assert [(row["_partition"], row["symbol"], str(row["day"])) for row in rows] == [
        ("AAPL", "AAPL", "2024-01-02"),
        ("AAPL", "AAPL", "2024-01-03"),
        ("MSFT", "MSFT", "2024-01-02"),
    ]
    assert [str(row["open_price"]) for row in rows] == ["1.5", "2.5", "7"]
    assert list(scene.ledger()) == ["AAPL", "MSFT"]

"""A REST API's resources are assets beside the exchange's: whole ones and partitioned ones, with the same checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from focus_assets.config import load_config
from focus_assets.defs.catalog import Catalog
from focus_assets.sandbox import SandboxServer
from focus_assets_tests.acceptance.conftest import Site, configuration
from focus_assets_tests.integration.rest.server import Api, serving, thing

COUNT, CONTENT, FRESH, SCHEMA = "count_matches_server", "content_matches_server", "fresh", "schema_unchanged"
THINGS, PRICES = dg.AssetKey(["library", "things"]), dg.AssetKey(["library", "prices"])
DAYS = {"2024-01-02": {"open": 1.5}, "2024-01-03": {"open": 2.5}}


@pytest.fixture
def api() -> Iterator[Api]:
    with serving(Api(prices={"AAPL": DAYS, "MSFT": {"2024-01-02": {"open": 7.0}}})) as found:
        yield found


@pytest.fixture
def both(tmp_path: Path, server: SandboxServer, api: Api, instance: dg.DagsterInstance) -> Site:
    """An exchange and a REST API in one focus.yaml."""
    configuration(tmp_path, server.url)
    file = tmp_path / "focus.yaml"
    document = yaml.safe_load(file.read_text())
    document["sources"]["library"] = {
        "kind": "rest",
        "base_url": api.base,
        "retry": {"attempts": 1},
        "resources": {
            "things": {
                "path": "/linked",
                "records": "rows",
                "total": "filtered_table_rows_count",
                "pagination": {"kind": "next_link", "at": "next_url"},
                "primary_key": ["id"],
            },
            "prices": {
                "path": "/historical",
                "params": {"symbol": "{partition}"},
                "partitions": ["AAPL", "MSFT"],
                "records": "prices",
                "transform": [{"explode_keys": {"as": "day"}}],
                "primary_key": ["symbol", "day"],
                "columns": {"day": "date", "open": "decimal"},
                "mode": "upsert",
            },
        },
    }
    file.write_text(yaml.safe_dump(document))
    return Site(server, load_config(file, {"SANDBOX_PASSWORD": "sandbox"}), instance)


def refreshed(site: Site) -> Site:
    """The same, once the snapshots are written."""
    assert site.run("refresh_schema").success
    return site


def test_a_resource_without_columns_or_snapshot_waits_for_a_refresh_and_the_others_do_not(both: Site) -> None:
    graph = both.defs.resolve_asset_graph()
    assert graph.has(PRICES)
    assert not graph.has(THINGS)
    assert graph.has(dg.AssetKey(["retail", "promotions"]))
    (problem,) = Catalog.of(both.config).problems
    assert "lacks things" in problem
    assert refreshed(both).defs.resolve_asset_graph().has(THINGS)


def test_each_resource_has_the_partitions_and_the_checks_that_can_be_decided(both: Site) -> None:
    graph = refreshed(both).defs.resolve_asset_graph()
    assert graph.get(THINGS).partitions_def is None
    prices = graph.get(PRICES).partitions_def
    assert prices is not None
    assert prices.get_partition_keys() == ["AAPL", "MSFT"]
    checks = {
        (key.asset_key.path[-1], key.name) for key in graph.asset_check_keys if key.asset_key.path[0] == "library"
    }
    assert checks == {("things", COUNT), ("things", FRESH), ("prices", FRESH)}


@pytest.mark.parametrize(
    ("asset", "said"),
    [
        (THINGS, "The last load is not older than `fresh_for_hours`."),
        (PRICES, "The last load of this identifier is not older than `fresh_for_hours`."),
        (dg.AssetKey(["retail", "promotions"]), "The last load of this country is not older than `fresh_for_hours`."),
    ],
)
def test_a_check_says_what_a_partition_is(both: Site, asset: dg.AssetKey, said: str) -> None:
    (described,) = [
        spec.description
        for checks in refreshed(both).defs.asset_checks or ()
        for spec in checks.check_specs
        if (spec.asset_key, spec.name) == (asset, FRESH)
    ]
    assert described == said


def test_a_whole_resource_is_materialised_and_judged(both: Site, api: Api) -> None:
    site = refreshed(both)
    assert site.materialize(asset="things", service="library").success
    found = site.materialized(None, "things", "library")
    assert (found["dagster/partition_row_count"], found["verdict"]) == (25, "counted")
    assert site.sql("SELECT count(*) FROM library__things") == [(25,)]
    assert passed(site, COUNT, None, "things")

    api.things = [*api.things[2:], thing(90)]
    result = site.execute_checks("things", "library")
    assert result.success
    assert not passed(site, COUNT, None, "things")
    assert site.materialize(asset="things", service="library").success
    found = site.materialized(None, "things", "library")
    assert (found["inserted"], found["deleted"]) == (1, 2)
    assert passed(site, COUNT, None, "things")


def test_each_identifier_is_a_partition_with_its_own_checks(both: Site) -> None:
    site = refreshed(both)
    assert site.materialize("AAPL", "MSFT", asset="prices", service="library").success
    for symbol, rows in (("AAPL", 2), ("MSFT", 1)):
        assert site.materialized(symbol, "prices", "library")["dagster/partition_row_count"] == rows
        assert passed(site, FRESH, symbol, "prices")
    assert site.sql("SELECT _partition, symbol, day FROM library__prices ORDER BY 1, 3") == [
        ("AAPL", "AAPL", "2024-01-02"),
        ("AAPL", "AAPL", "2024-01-03"),
        ("MSFT", "MSFT", "2024-01-02"),
    ]


def test_the_jobs_take_every_source_together(both: Site) -> None:
    site = refreshed(both)
    assert site.run("mirror_everything").success
    assert site.materialized(None, "things", "library")["verdict"] == "counted"
    assert site.materialized("DE")["verdict"] == "proven"
    assert passed(site, FRESH, "MSFT", "prices")
    assert site.run("verify_everything").success
    assert site.run("mirror_partitions", partitions=["library/things", "library/prices/AAPL"]).success


def passed(site: Site, name: str, partition: str | None, asset: str) -> Any:
    """Whether the latest result of a check, which must be there, is good."""
    result = site.check(name, partition, asset)
    assert result is not None
    return result.passed

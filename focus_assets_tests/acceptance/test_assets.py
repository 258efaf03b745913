"""Materialising an asset brings its partitions up to date and judges them."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from focus_assets.defs.snapshots import read_snapshot
from focus_assets.sandbox import Alteration, Sandbox, SandboxOptions, SandboxServer
from focus_assets_tests.acceptance.conftest import COUNTRIES, PROMOTIONS, Site, configuration


def test_materialising_a_partition_fills_the_table_and_its_checks_are_green(site: Site) -> None:
    assert site.materialize("DE").success
    assert site.sql("SELECT count(*) FROM retail__promotions WHERE _country = 'DE'") == [(60,)]
    found = site.materialized("DE")
    assert found["dagster/partition_row_count"] == found["dagster/row_count"] == 60
    assert (found["load"], found["reason"]) == ("full", "no full load has completed")
    assert found["verdict"] == "proven"
    for name in ("count_matches_server", "content_matches_server", "fresh"):
        result = site.check(name, "DE")
        assert result is not None
        assert result.passed, result.description
    schema = site.check("schema_unchanged", None)
    assert schema is not None
    assert schema.passed


def test_a_change_at_the_server_comes_as_a_delta(site: Site) -> None:
    site.materialize("DE")
    site.sandbox.change("promotions", "DE", creates=3, updates=2, deletes=1)
    assert site.materialize("DE").success
    found = site.materialized("DE")
    assert (found["load"], found["inserted"], found["updated"], found["deleted"]) == ("delta", 3, 2, 1)
    assert found["dagster/partition_row_count"] == found["server_total_items"] == 62


def test_a_range_is_one_run_with_a_result_for_each_country(site: Site) -> None:
    assert site.materialize(*COUNTRIES).success
    for country in COUNTRIES:
        assert site.materialized(country)["dagster/partition_row_count"] == 60
        assert site.materialized(country)["dagster/row_count"] == 180
        result = site.check("count_matches_server", country)
        assert result is not None
        assert result.passed
    assert len(site.instance.get_runs()) == 1
    assert site.check("count_matches_server", None) is None


def test_a_backfill_of_a_thousand_partitions_is_ten_runs(site: Site) -> None:
    countries = [f"C{number:03}" for number in range(1000)]
    many = site.at(site.configured(retail={"resources": ["promotions"], "countries": countries}))
    asset = many.defs.resolve_assets_def(PROMOTIONS)
    policy = asset.backfill_policy
    assert policy is not None
    ranges = policy.max_partitions_per_run
    assert asset.partitions_def is not None
    assert ranges is not None
    assert -(-len(asset.partitions_def.get_partition_keys()) // ranges) == 10


def test_one_forbidden_country_fails_the_run_by_name_and_the_others_are_recorded(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    options = SandboxOptions(
        username="sandbox", password="sandbox", countries=COUNTRIES, forbidden=frozenset({"promotions/FR"})
    )
    with SandboxServer(Sandbox(options)) as server:
        site = Site(server, configuration(tmp_path, server.url), instance)
        result = site.materialize(*COUNTRIES)
    assert not result.success
    failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert failure.description.startswith("1 of 3 partitions failed. retail/promotions/FR: PermissionDenied: ")
    assert list(failure.metadata["failed"].value) == ["retail/promotions/FR"]
    loaded = [country for country in COUNTRIES if site.materialized(country)]
    assert loaded == ["DE", "NO"]
    assert site.materialized("DE")["dagster/partition_row_count"] == 1000


def test_the_launchpad_can_ask_for_a_full_load(site: Site) -> None:
    site.materialize("DE")
    wish = {"ops": {"retail__promotions": {"config": {"full": True}}}}
    assert site.materialize("DE", config=wish).success
    found = site.materialized("DE")
    assert (found["load"], found["reason"], found["unchanged"]) == ("full", "it was asked for", 60)


def test_a_run_may_bring_its_own_server_and_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_DATABASE", "sqlite:///other/place.db")
    lost = site.at(site.configured(retail={"base_url": "http://127.0.0.1:9"}))
    resources = {
        "retail_api": {"config": {"base_url": site.server.url}},
        "destination": {"config": {"url": {"env": "OTHER_DATABASE"}}},
    }
    assert lost.materialize("DE", config={"resources": resources}).success
    assert (site.config.home / "other" / "place.db").exists()
    assert not (site.config.home / "data").exists()


def test_no_secret_is_kept_by_dagster(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_PASSWORD", "a-wrong-secret")
    resources = {"retail_api": {"config": {"password": {"env": "API_PASSWORD"}}}}
    result = site.materialize("DE", config={"resources": resources})
    assert not result.success
    assert "AuthenticationFailed" in result.get_step_failure_events()[0].step_failure_data.user_failure_data.description
    kept = [str(entry) for entry in site.instance.all_logs(result.run_id)]
    kept.append(str(site.instance.get_run_by_id(result.run_id)))
    assert not [text for text in kept if "a-wrong-secret" in text]


def test_refreshing_the_schema_writes_the_snapshot_that_the_next_load_of_the_definitions_reads(site: Site) -> None:
    site.sandbox.alter("promotions", Alteration(add={"colour": ("string", "red")}))
    assert site.run("refresh_schema").success
    assert site.config.schema_path("retail").is_file()
    schema = read_snapshot(site.config, "retail")
    assert schema is not None
    assert "colour" in [column.name for column in schema["promotions"].columns]

"""Materialising an asset brings its partitions up to date and judges them."""

from __future__ import annotations

from focus_assets_tests.acceptance.conftest import COUNTRIES, Site


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

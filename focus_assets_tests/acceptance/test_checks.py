"""The checks see what happens to the mirror behind its back, country by country."""

from __future__ import annotations

from focus_assets.sandbox import Alteration
from focus_assets_tests.acceptance.conftest import COUNTRIES, Site


def passed(site: Site, name: str, country: str | None) -> bool:
    found = site.check(name, country)
    assert found is not None, f"{name} was not evaluated for {country}"
    return found.passed


def test_a_row_that_vanished_turns_its_country_red_and_a_full_diff_makes_it_green_again(site: Site) -> None:
    site.materialize(*COUNTRIES)
    site.sql("DELETE FROM retail__promotions WHERE id = (SELECT min(id) FROM retail__promotions WHERE _country = 'FR')")

    assert site.run("verify_everything").success
    found = site.check("count_matches_server", "FR")
    assert found is not None
    assert not found.passed
    assert found.description == "59 rows here, 60 at the server: -1"
    numbers = {name: value.value for name, value in found.metadata.items()}
    assert numbers == {"client_rows": 59, "server_total_items": 60, "difference": -1, "quarantined": 0}
    assert passed(site, "count_matches_server", "DE")

    assert site.run("full_diff", partitions=["retail/promotions/FR"]).success
    assert passed(site, "count_matches_server", "FR")
    assert site.materialized("FR")["inserted"] == 1


def test_a_changed_value_that_no_count_can_see_is_healed_by_the_full_diff(site: Site) -> None:
    site.materialize("DE")
    site.sql("UPDATE retail__promotions SET name = 'corrupted' WHERE id = (SELECT min(id) FROM retail__promotions)")
    site.run("verify_everything", partitions=["retail/promotions/DE"])
    assert passed(site, "count_matches_server", "DE")
    assert site.run("full_diff", partitions=["retail/promotions/DE"]).success
    assert site.materialized("DE")["updated"] == 1
    assert passed(site, "content_matches_server", "DE")


def test_what_was_never_loaded_is_red_and_says_what_to_do(site: Site) -> None:
    assert site.run("verify_everything").success
    for name in ("count_matches_server", "content_matches_server", "fresh"):
        found = site.check(name, "NO", asset="stores")
        assert found is not None
        assert not found.passed
        assert found.description == "no load has completed yet: materialize this partition"


def test_execute_all_without_a_partition_evaluates_every_country(site: Site) -> None:
    site.materialize("DE")
    assert site.execute_checks().success
    assert passed(site, "count_matches_server", "DE")
    assert not passed(site, "count_matches_server", "FR")


def test_a_new_column_at_the_server_is_a_warning_of_the_schema_check(site: Site) -> None:
    defs = site.defs
    site.sandbox.alter("promotions", Alteration(add={"colour": ("string", "red")}))
    site.run("verify_everything", partitions=["retail/promotions/DE"], defs=defs)
    found = site.check("schema_unchanged", None)
    assert found is not None
    assert (found.passed, found.severity.value) == (False, "WARN")
    assert "added colour" in str(found.description)


def test_checks_say_in_one_sentence_that_the_server_is_down(site: Site) -> None:
    site.materialize("DE")
    away = site.configured(retail={"base_url": "http://127.0.0.1:9", "retry": {"attempts": 1}})
    assert site.at(away).run("verify_everything", partitions=["retail/promotions/DE"]).success
    for name, country in (("count_matches_server", "DE"), ("schema_unchanged", None)):
        found = site.check(name, country)
        assert found is not None
        assert (found.passed, found.severity.value) == (False, "WARN")
        assert "ApiUnreachable" in str(found.description)
    assert passed(site, "content_matches_server", "DE")


def test_a_check_with_no_total_to_compare_is_not_there(site: Site) -> None:
    uncounted = site.at(site.configured(retail={"compare_total": False}))
    names = {key.name for checks in uncounted.defs.asset_checks or () for key in checks.check_keys}  # type: ignore[union-attr]
    assert names == {"content_matches_server", "fresh", "schema_unchanged"}

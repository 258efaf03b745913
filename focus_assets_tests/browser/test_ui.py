"""What a data engineer does in Dagster's UI: press Materialize, look at the checks of each country."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from focus_assets_tests.browser.conftest import Dev

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ASSET = "assets/reference/airports"


def test_every_country_of_an_asset_is_materialised_by_the_button(dev: Dev, page: Page, screenshots: Path) -> None:
    page.goto(f"{dev.ui}/{ASSET}?view=partitions")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("button", name="All", exact=True).click()
    page.locator("button", has_text="Launch").last.click()
    expect(page.get_by_text("Materialized (3)")).to_be_visible()
    page.screenshot(path=screenshots / "partitions.png")
    with sqlite3.connect(dev.database) as database:
        counts = dict(database.execute("SELECT _country, count(*) FROM reference__airports GROUP BY 1").fetchall())
    database.close()
    assert set(counts) == {"DE", "FR", "NO"}
    assert all(counts.values())


def test_the_overview_shows_rows_columns_table_and_kind(dev: Dev, page: Page, screenshots: Path) -> None:
    page.goto(f"{dev.ui}/{ASSET}?view=overview")
    for shown in ("icao", "_country", "reference__airports", "SQLite", "Row count"):
        expect(page.get_by_text(shown, exact=False).first).to_be_visible()
    page.screenshot(path=screenshots / "overview.png", full_page=True)


@pytest.mark.parametrize("check", ["count_matches_server", "content_matches_server", "fresh"])
def test_each_check_has_a_verdict_for_each_country(dev: Dev, page: Page, screenshots: Path, check: str) -> None:
    page.goto(f"{dev.ui}/{ASSET}?view=checks&checkDetail={check}")
    expect(page.get_by_text("Execution history", exact=True)).to_be_visible()
    tabs = page.get_by_text("Partitions", exact=True)
    expect(tabs).to_have_count(2)  # the asset's is there first; that of the check comes with its details
    tabs.last.click()
    expect(page.get_by_text("Passed (3)")).to_be_visible()
    for country in ("DE", "FR", "NO"):
        expect(page.get_by_text(country, exact=True).first).to_be_visible()
    page.screenshot(path=screenshots / f"check-{check}.png")


def test_no_page_of_the_code_location_shows_an_error(dev: Dev, page: Page, screenshots: Path) -> None:
    for name in ("locations", "automation", "jobs", "asset-groups"):
        page.goto(f"{dev.ui}/{name}")
        page.wait_for_load_state("networkidle")
        expect(page.get_by_text("Failed to load")).to_have_count(0)
        page.screenshot(path=screenshots / f"{name}.png")


def asked(ui: str, query: str) -> Any:
    """An answer of the UI's GraphQL."""
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{ui}/graphql", data=body, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.load(answer)["data"]


def test_sensors_and_schedules_run(dev: Dev) -> None:
    states = asked(
        dev.ui,
        """query { repositoriesOrError { ... on RepositoryConnection { nodes {
        sensors { name sensorState { status } } schedules { name scheduleState { status } } } } } }""",
    )
    (repository,) = states["repositoriesOrError"]["nodes"]
    running = {one["name"] for one in repository["sensors"] if one["sensorState"]["status"] == "RUNNING"}
    running |= {one["name"] for one in repository["schedules"] if one["scheduleState"]["status"] == "RUNNING"}
    assert {"server_changed", "delta", "nightly_full_diff"} <= running

"""The walk of `docs/how-to/add-a-rest-api.md`: its twelve lines in the project's focus.yaml, looked at in the UI."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from focus_assets_tests.browser.conftest import Dev, developing
from focus_assets_tests.examples.servers import Server, datasette

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGE = "docs/how-to/add-a-rest-api.md"
ASSET = "assets/library/places"


@pytest.fixture
def library(root: Path, tmp_path: Path) -> Iterator[Server]:
    """The page's Datasette."""
    shutil.copy(root / "examples" / "01-datasette" / "world.sql", tmp_path)
    with datasette(tmp_path) as found:
        yield found


@pytest.fixture
def walk(root: Path, tmp_path: Path, library: Server, postgres_url: str) -> Iterator[Dev]:
    """`focus dev` on the project's focus.yaml with the page's lines in it, into PostgreSQL."""
    page = (root / PAGE).read_text(encoding="utf-8")
    shown = re.search(r"```yaml\nsources:\n(.*?)```", page, re.DOTALL)
    assert shown
    lines = shown[1].replace("http://127.0.0.1:8001", library.url)
    assert len(lines.splitlines()) == 11
    usual = (root / "focus.yaml").read_text(encoding="utf-8")
    by_hand = "schedules: {delta: null, full_diff: null}\n"  # no tick mends what is to be seen red
    written = usual.replace("sources:\n", f"sources:\n{lines}", 1) + by_hand
    (tmp_path / "focus.yaml").write_text(written, encoding="utf-8")
    with developing(tmp_path, FOCUS_DATABASE_URL=postgres_url) as found:
        yield found


def test_a_datasette_stands_beside_the_exchange_and_its_checks_see_what_changes(
    walk: Dev, library: Server, postgres_url: str, page: Page, screenshots: Path
) -> None:
    page.goto(f"{walk.ui}/asset-groups")
    for group in ("library", "reference", "retail"):
        expect(page.get_by_text(group, exact=True).first).to_be_visible()
    page.screenshot(path=screenshots / "rest-groups.png")

    materialize(walk, page)
    see_check(walk, page, "1,200 rows here, 1,200 at the server", "Passed")
    page.screenshot(path=screenshots / "rest-check-green.png")
    page.goto(f"{walk.ui}/{ASSET}?view=overview")
    for shown in ("area_km2", "library.places", "PostgreSQL", "Primary key"):
        expect(page.get_by_text(shown, exact=False).first).to_be_visible()
    page.screenshot(path=screenshots / "rest-overview.png", full_page=True)

    library.change()
    page.goto(f"{walk.ui}/{ASSET}?view=checks&checkDetail=count_matches_server")
    page.get_by_text("Execute", exact=True).first.click()
    see_check(walk, page, "1,200 rows here, 1,198 at the server: +2", "Failed")
    page.screenshot(path=screenshots / "rest-check-red.png")

    materialize(walk, page)
    see_check(walk, page, "1,198 rows here, 1,198 at the server", "Passed")
    with closing(psycopg.connect(postgres_url.replace("+psycopg", ""))) as connection:
        assert connection.execute("SELECT count(*) FROM library.places").fetchone() == (1198,)


def materialize(walk: Dev, page: Page) -> None:
    """Press the button."""
    page.goto(f"{walk.ui}/{ASSET}?view=overview")
    page.get_by_role("button", name="Materialize").first.click()
    expect(page.get_by_text("Launched run").first).to_be_visible()


def see_check(walk: Dev, page: Page, said: str, verdict: str) -> None:
    """Wait until the page of the check says so."""
    page.goto(f"{walk.ui}/{ASSET}?view=checks&checkDetail=count_matches_server")
    expect(page.get_by_text(said, exact=True).first).to_be_visible()
    expect(page.get_by_text(verdict, exact=True).first).to_be_visible()

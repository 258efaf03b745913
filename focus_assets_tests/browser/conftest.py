"""`focus dev` in a folder of its own, and a Chromium to look at it with."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from focus_assets_tests.processes import started
from focus_assets_tests.services import missing

PROGRAM = "import sys; from focus_assets.cli import main; sys.exit(main())"
PATIENCE = 90_000.0  # milliseconds
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Dev:
    """Where the UI and the sandbox are, and the folder whose mirror it is."""

    ui: str
    sandbox: str
    folder: Path

    @property
    def database(self) -> Path:
        """The mirror."""
        return self.folder / "data" / "focus.db"


@contextmanager
def developing(folder: Path, **variables: str) -> Iterator[Dev]:
    """A running `focus dev`: sandbox, sensors and schedules as a user has them."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("FOCUS_", "DAGSTER_"))}
    command = [sys.executable, "-c", PROGRAM, "dev"]
    with started(command, folder=folder, environ=ours | variables) as said:
        yield Dev(said.wait_for(r"Dagster's UI: (http://\S+)"), said.wait_for(r"sandbox: (http://\S+)"), folder)


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """The built-in configuration."""
    with developing(tmp_path_factory.mktemp("dev")) as found:
        yield found


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    """One page of a headless Chromium."""
    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if program is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page
        browser.close()


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> None:
    """The browser's threads last as long as the page that the tests share."""


@pytest.fixture(scope="session")
def screenshots(root: Path) -> Path:
    """A folder that git ignores: look at them."""
    folder = root / ".artifacts" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

"""Hold every test to the same promises: it leaves nothing behind, and golden files are what they were."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

from focus_assets_tests.kafka import kafka
from focus_assets_tests.memory import roomy_memory
from focus_assets_tests.mysql import mysql_server, mysql_url, own_mysql
from focus_assets_tests.postgres import postgres_server, postgres_url
from focus_assets_tests.rabbit import broker, own_rabbit, rabbit_url
from focus_assets_tests.sqlserver import mssql_url

__all__ = [
    "anyio_backend",
    "broker",
    "golden",
    "kafka",
    "mssql_url",
    "mysql_server",
    "mysql_url",
    "nothing_is_left_running",
    "own_mysql",
    "own_rabbit",
    "postgres_server",
    "postgres_url",
    "rabbit_url",
    "root",
]

_ENDING_SECONDS = 90.0
_TESTS = Path(__file__).parent
_MEASURED = frozenset({"contract", "integration", "unit"})  # they reach all of the core; the rest is spared the tracing

# A busy machine is slow, and no example the slower for it; what is tried is the same each time.
settings.register_profile("focus", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("focus")


class Golden(Protocol):
    """Compares a text with the file that holds what it was."""

    def __call__(self, path: Path | str, text: str) -> None: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--golden`: run the tests that compare with golden files, and rewrite the files."""
    parser.addoption("--golden", action="store_true", help="rewrite the golden files instead of comparing with them")


def pytest_configure(config: pytest.Config) -> None:
    """What tests, and the processes that they start, throw away lies in memory; who has set TMPDIR has chosen."""
    if "TMPDIR" not in os.environ and (memory := roomy_memory()):
        os.environ["TMPDIR"] = str(memory)
        tempfile.tempdir = None  # it is looked up again


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL and what coverage need not see; with --golden keep only what writes golden files.

    What takes long begins first: at the end nobody waits for it.
    """
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)
        if item.path.relative_to(_TESTS).parts[0] not in _MEASURED:
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if config.getoption("--golden"):
        items[:] = [item for item in items if "golden" in getattr(item, "fixturenames", ())]


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return Path(__file__).parent.parent


@pytest.fixture
def golden(request: pytest.FixtureRequest, root: Path) -> Golden:
    """`golden(path, text)`: the file, relative to the repository, must hold the text; `make golden` rewrites it."""

    def compare(path: Path | str, text: str) -> None:
        file = root / path
        if request.config.getoption("--golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{path} is missing; `make golden` writes it"
        assert text == file.read_text(encoding="utf-8"), f"{path} is not current; `make golden` rewrites it"

    return compare


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """No test may leave a thread behind that would keep the process alive."""
    before = set(threading.enumerate())
    yield
    mine = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    for thread in mine:
        thread.join(_ENDING_SECONDS)  # one that is ending is none that was left
    left = [thread.name for thread in mine if thread.is_alive()]
    assert not left, f"threads were left running: {', '.join(left)}"

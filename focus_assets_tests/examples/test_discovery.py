"""The example of discovery comes true: its collections are mirrored, changed and mirrored again; its script prints."""

from __future__ import annotations

import json
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from focus_assets.cli import main
from focus_assets.sandbox import SandboxServer
from focus_assets.sandbox.discovery import DiscoveryOptions, DiscoverySandbox

FOLDER = "07-discovery"
pytestmark = pytest.mark.slow


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer[DiscoverySandbox]]:
    with SandboxServer(DiscoverySandbox(DiscoveryOptions(items=60))) as found:
        monkeypatch.setenv("REGISTRY_URL", found.url)
        yield found


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_it_is_mirrored_verified_changed_and_mirrored_again(
    database: str,
    server: SandboxServer[DiscoverySandbox],
    root: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if database == "postgresql":
        monkeypatch.setenv("FOCUS_DATABASE_URL", request.getfixturevalue("postgres_url"))
    file = Path(shutil.copytree(root / "examples" / FOLDER, tmp_path / FOLDER)) / "focus.yaml"

    def focus(*arguments: str) -> list[dict[str, Any]]:
        assert main(["--config", str(file), *arguments, "--json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    def synced() -> dict[str, tuple[Any, ...]]:
        return {
            one["resource"]: (one["rows"], one["verdict"], one["inserted"], one["deleted"]) for one in focus("sync")
        }

    assert [one["service"] for one in focus("discover")] == ["identity", "metadata", "rights_management"]
    assert synced() == {
        "metadata_offers": (60, "proven", 60, 0),
        "metadata_tenancy_configurations": (12, "proven", 12, 0),
        "rights_management_usage_rights": (30, "unverified", 30, 0),
    }
    focus("verify")
    shelf = server.sandbox.shelf("metadata", "offers")
    first, second = shelf.items("acme")[:2]
    shelf.remove(first["ref"])
    shelf.put("acme:new", "acme", second)
    shelf.remove(second["ref"])
    assert synced()["metadata_offers"] == (59, "proven", 1, 2)
    assert synced()["metadata_offers"] == (59, "counted", 0, 0)


def test_its_script_names_the_longest_offers(server: SandboxServer[DiscoverySandbox], root: Path) -> None:
    longest = runpy.run_path(str(root / "examples" / FOLDER / "longest.py"))["longest"]
    names = longest(server.url, "acme")
    items = {
        item["name"]: int(item["duration"][2:-1]) for item in server.sandbox.shelf("metadata", "offers").items("acme")
    }
    assert [items[name] for name in names] == sorted(items.values(), reverse=True)[:3]

"""`focus` speaks of discovered collections as of all others, and `focus discover` shows what there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from focus_assets.cli import main
from focus_assets.sandbox import Fault, FaultPlan, Kind, SandboxServer
from focus_assets.sandbox.discovery import DiscoveryOptions, DiscoverySandbox
from focus_assets_tests.calling import call


@pytest.fixture
def server() -> Iterator[SandboxServer[DiscoverySandbox]]:
    with SandboxServer(DiscoverySandbox(DiscoveryOptions(items=20))) as found:
        yield found


class Desk:
    """Where somebody calls the command."""

    def __init__(self, url: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file, self._capsys = home / "focus.yaml", capsys
        start = {"kind": "discovered", "base_url": url, "client_id": "sandbox", "client_secret": "sandbox"}
        self.source: dict[str, Any] = start | {"services": {"metadata": ["offers"]}, "retry": {"attempts": 1}}
        self.write(self.source)

    def write(self, source: dict[str, Any]) -> None:
        document = {"sources": {"library": source}, "destination": {"url": "sqlite:///mirror.db"}}
        self.file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def focus(self, *arguments: str) -> tuple[int, str]:
        """Exit code and what was printed, on stderr too."""
        called = call(self.file, self._capsys, *arguments)
        return called.code, called.shown

    def records(self, *arguments: str) -> list[dict[str, Any]]:
        """What `--json` printed."""
        return call(self.file, self._capsys, *arguments, "--json").records


@pytest.fixture
def desk(server: SandboxServer[DiscoverySandbox], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(server.url, tmp_path, capsys)


def test_discover_prints_the_tree_of_services_and_resources(desk: Desk) -> None:
    code, shown = desk.focus("discover")
    assert code == 0
    lines = [line.strip(" │├└─") for line in shown.splitlines()]
    assert lines[0] == "library"
    assert [line for line in lines if "->" in line] == ["offers -> metadata_offers"]
    assert {"contents", "tenancy_configurations", "usage_rights"} <= set(lines)


def test_discover_tells_scripts_the_same(desk: Desk, server: SandboxServer[DiscoverySandbox]) -> None:
    found = {one["service"]: one for one in desk.records("discover")}
    assert list(found) == ["identity", "metadata", "rights_management"]
    assert found["metadata"]["resources"] == {
        "offers": "metadata_offers",
        "contents": None,
        "tenancy_configurations": None,
    }
    assert found["metadata"]["location"] == f"{server.url}/metadata"


def test_discover_shows_the_others_where_one_service_does_not_answer(
    desk: Desk, server: SandboxServer[DiscoverySandbox]
) -> None:
    server.sandbox.faults = FaultPlan([("descriptor", Fault(Kind.FAILED))])
    found = desk.records("discover")
    assert [one["service"] for one in found] == ["identity", "metadata", "rights_management"]
    (problem,) = [one["problem"] for one in found if one["problem"]]
    assert "the descriptor of" in problem
    assert len([one for one in found if not one["problem"]]) == 2


def test_discover_fails_where_the_registry_does_not_answer(desk: Desk, server: SandboxServer[DiscoverySandbox]) -> None:
    server.sandbox.faults = FaultPlan([("registry", Fault(Kind.FAILED))])
    code, shown = desk.focus("discover")
    assert code == 1
    assert "the registry did not answer" in shown


def test_discover_without_a_registry_says_what_is_missing(desk: Desk) -> None:
    resource = {"path": "/x", "primary_key": "id"}
    desk.write({"kind": "rest", "base_url": "https://api.test", "resources": {"things": resource}})
    code, shown = desk.focus("discover")
    assert code == 2
    assert "expected a source of the kind discovered" in shown


def test_sync_verify_and_doctor_speak_of_it_as_of_all_others(desk: Desk) -> None:
    assert [(one["resource"], one["rows"], one["verdict"]) for one in desk.records("sync")] == [
        ("metadata_offers", 40, "counted")
    ]
    assert desk.focus("verify")[0] == 0
    code, shown = desk.focus("doctor")
    assert code == 0
    assert "metadata_offers  its first page can be read" in shown
    assert desk.focus("schema", "refresh")[0] == 0
    assert desk.focus("schema", "diff")[0] == 0


def test_a_page_can_be_tried_before_anything_is_loaded(desk: Desk, server: SandboxServer[DiscoverySandbox]) -> None:
    code, shown = desk.focus("source", "try", "library")
    assert code == 0
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "library/metadata_offers" in lines[1]
    assert f"GET {server.url}/metadata/data/offers" in lines
    assert {"continue = true", "as client sandbox"} <= set(lines)
    assert "page 40 records of 40; next: none" in lines
    assert "columns inferred from this page alone" in lines
    assert any(line.startswith("ref string key") for line in lines)
    assert any(line.startswith("updatedAt time") for line in lines)


def test_every_collection_can_be_tried_where_only_the_registry_knows_them(desk: Desk) -> None:
    desk.source["services"] = "all"
    desk.write(desk.source)
    code, shown = desk.focus("source", "try", "library")
    assert code == 0
    for name in ("metadata_offers", "metadata_contents", "rights_management_usage_rights"):
        assert f"library/{name}" in shown
    assert desk.focus("source", "try", "library", "metadata_contents")[0] == 0
    code, shown = desk.focus("source", "try", "library", "metadata_ofers")
    assert code == 1
    assert "did you mean 'metadata_offers'" in shown


def test_what_cannot_be_tried_says_why(desk: Desk, server: SandboxServer[DiscoverySandbox]) -> None:
    code, shown = desk.focus("source", "try", "library", "metadata_contents")
    assert code == 2
    assert "metadata_offers" in shown
    server.sandbox.faults = FaultPlan([("items", Fault(Kind.FAILED))] * 9)
    code, shown = desk.focus("source", "try", "library")
    assert code == 1
    assert "X-Correlation-ID" in shown


def test_a_param_that_came_from_the_environment_is_not_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "acme")
    desk.source |= {"owner": "${OURS}", "params": {"perPage": "7"}}
    desk.write(desk.source)
    code, shown = desk.focus("source", "try", "library")
    assert code == 0
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert {"owner = …", "perPage = 7"} <= set(lines)


def test_the_sandbox_that_is_asked_for_discovery_serves_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--discovery" in _help(capsys)


def _help(capsys: pytest.CaptureFixture[str]) -> str:
    main(["sandbox", "--help"])
    return capsys.readouterr().out

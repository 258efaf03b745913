"""The command speaks of a REST API's resources as it does of an exchange's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from focus_assets_tests.calling import call
from focus_assets_tests.integration.rest.server import Api, thing

DAYS = {"2024-01-02": {"open": 1.5}, "2024-01-03": {"open": 2.5}}


class Desk:
    """Where somebody calls the command; `key` is the API's."""

    def __init__(self, api: Api, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.api, self.file, self._capsys = api, home / "focus.yaml", capsys
        things = {"path": "/linked", "records": "rows", "primary_key": "id", "total": "filtered_table_rows_count"}
        prices = {
            "path": "/historical",
            "params": {"symbol": "{partition}"},
            "partitions": "AAPL, MSFT",
            "records": "prices",
            "transform": [{"explode_keys": {"as": "day"}}],
            "primary_key": ["symbol", "day"],
        }
        link = {"pagination": {"kind": "next_link", "at": "next_url"}}
        source = {"kind": "rest", "base_url": api.base, "resources": {"things": things | link, "prices": prices}}
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
def desk(api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """One REST source: things, and prices of two symbols."""
    api.prices = {"AAPL": DAYS, "MSFT": {"2024-01-02": {"open": 7.0}}}
    return Desk(api, tmp_path, capsys)


def test_a_sync_brings_every_partition_and_says_what_can_be_claimed(desk: Desk) -> None:
    loaded = [(one["resource"], one["partition"], one["rows"], one["verdict"]) for one in desk.records("sync")]
    assert sorted(loaded) == [
        ("prices", "AAPL", 2, "unverified"),
        ("prices", "MSFT", 1, "unverified"),
        ("things", "", 25, "counted"),
    ]
    code, shown = desk.focus("sync")
    assert code == 0
    assert "library/prices/AAPL" in shown
    assert "3 partitions: 2 unverified, 1 counted" in shown


def test_one_identifier_can_be_asked_for_alone(desk: Desk) -> None:
    (record,) = desk.records("sync", "prices", "--partition", "MSFT")
    assert (record["partition"], record["rows"]) == ("MSFT", 1)
    code, shown = desk.focus("sync", "--partition", "MSFTT")
    assert code == 2
    assert "there is no partition 'MSFTT'" in shown
    assert "did you mean 'MSFT'?" in shown


def test_verify_sees_what_is_missing_and_plan_foresees_the_next_load(desk: Desk) -> None:
    desk.focus("sync")
    assert desk.focus("verify")[0] == 0
    desk.api.things.append(thing(30))
    (things,) = desk.records("verify", "things")
    assert (things["difference"], things["agrees"]) == (-1, False)
    assert desk.focus("verify")[0] == 1
    (plan,) = desk.records("plan", "things")
    assert (plan["load"], plan["expected_rows"], plan["reason"]) == ("full", 26, "the source has no deltas")


def test_the_history_keeps_runs_and_named_errors(desk: Desk) -> None:
    desk.focus("sync", "things")
    desk.api.things[0]["id"] = None
    assert desk.focus("sync", "things")[0] == 1
    code, shown = desk.focus("history", "errors")
    assert code == 0
    assert "MissingKey" in shown
    assert "library/things" in shown


def test_the_schema_is_refreshed_from_all_that_there_is_and_compared(desk: Desk) -> None:
    code, shown = desk.focus("schema", "refresh")
    assert code == 0
    assert "2 resources" in shown
    assert desk.focus("schema", "diff")[0] == 0
    desk.api.things[-1]["colour"] = "red"
    (drift,) = desk.records("schema", "diff")
    assert (drift["resource"], drift["added"]) == ("things", [{"name": "colour", "type": "string"}])


def test_the_doctor_reads_the_first_page_of_each_resource(desk: Desk) -> None:
    code, shown = desk.focus("doctor")
    assert code == 0
    assert shown.count("its first page can be read") == 2
    desk.api.texts["/linked"] = '{"message": "we are closed"}'
    code, shown = desk.focus("doctor")
    assert code == 1
    assert "we are closed" in shown
    assert "correct sources.library.resources.things" in shown


def test_a_server_that_is_down_fails_each_partition_by_name(desk: Desk) -> None:
    text = desk.file.read_text().replace(desk.api.base, "http://127.0.0.1:9")
    desk.file.write_text(text.replace("kind: rest", "kind: rest\n    retry: {attempts: 1}"))
    code, shown = desk.focus("sync")
    assert code == 1
    assert "ApiUnreachable" in shown
    assert "3 partitions: 3 failed" in shown

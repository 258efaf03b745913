"""`focus sync` brings the mirror up to date, tells people and machines, and ends with the right code."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from focus_assets.sandbox import Fault, FaultPlan, Kind
from focus_assets_tests.integration.cli.conftest import PATIENCE, Desk

FIELDS = [
    *("source", "resource", "partition", "country", "load", "inserted", "updated", "deleted", "unchanged"),
    *("rows", "total_items", "verdict", "status", "seconds", "error"),
]
NOBODY = "http://127.0.0.1:1"


def test_json_is_one_object_a_partition_and_nothing_else(desk: Desk) -> None:
    called = desk.focus("sync", "--json")
    assert called.code == 0
    assert [list(record) for record in called.records] == [FIELDS] * 6
    assert {record["verdict"] for record in called.records} == {"proven"}
    assert not called.err


def test_one_object_says_what_became_of_its_partition(desk: Desk) -> None:
    record = desk.focus("sync", "stores", "--country", "NO", "--json").first
    assert isinstance(record.pop("seconds"), float)
    assert record == {
        "source": "retail",
        "resource": "stores",
        "partition": "NO",
        "country": "NO",
        "load": "full",
        "inserted": 10,
        "updated": 0,
        "deleted": 0,
        "unchanged": 0,
        "rows": 10,
        "total_items": 10,
        "verdict": "proven",
        "status": "loaded",
        "error": None,
    }


def test_a_second_call_fetches_what_has_changed(desk: Desk) -> None:
    desk.focus("sync", "stores")
    desk.sandbox.change("stores", "NO", service="retail", creates=3, updates=2, deletes=1)
    record = desk.focus("sync", "retail/stores", "-c", "NO", "--json").first
    changes = {name: record[name] for name in ("load", "inserted", "updated", "deleted", "rows", "verdict")}
    assert changes == {"load": "delta", "inserted": 3, "updated": 2, "deleted": 1, "rows": 12, "verdict": "counted"}


def test_full_compares_everything(desk: Desk) -> None:
    desk.focus("sync", "stores")
    record = desk.focus("sync", "stores", "-c", "DE", "--full", "--json").first
    assert (record["load"], record["unchanged"], record["verdict"]) == ("full", 10, "proven")


def test_people_get_a_table_with_a_line_a_partition(desk: Desk) -> None:
    called = desk.focus("sync")
    lines = called.out.splitlines()
    assert called.code == 0
    assert lines[0].split("  ")[0] == "partition"
    assert sum(line.startswith("retail/") for line in lines) == 6
    assert lines[-1] == "6 partitions: 6 proven"
    assert "\x1b" not in called.out


def test_a_shrinking_table_needs_a_word(desk: Desk) -> None:
    desk.focus("sync", "promotions", "-c", "DE")
    desk.sandbox.change("promotions", "DE", service="retail", creates=150)
    desk.focus("sync", "promotions", "-c", "DE")
    desk.sandbox.change("promotions", "DE", service="retail", deletes=210)
    refused = desk.focus("sync", "promotions", "-c", "DE", "--full")
    assert refused.code == 1
    assert "ShrinkRefused" in refused.out
    assert "--accept-shrink" in refused.out
    assert desk.focus("sync", "promotions", "-c", "DE", "--full", "--accept-shrink", "--json").first["rows"] == 0


def test_a_wrong_password_is_told_with_url_and_user_and_without_the_password(desk: Desk) -> None:
    desk.source(auth={"kind": "focus", "username": "somebody", "password": "s3cret"})
    called = desk.focus("sync")
    assert called.code == 1
    assert "AuthenticationFailed" in called.err
    assert "'somebody'" in called.err
    assert f"{desk.server.url}/api/v1/auth" in called.err
    assert "s3cret" not in called.out + called.err
    assert [seen.endpoint for seen in desk.sandbox.log] == ["auth"]


@pytest.mark.parametrize("option", [[], ["--json"]], ids=["table", "json"])
def test_a_server_that_is_down_is_named_soon(option: list[str], desk: Desk) -> None:
    desk.source(base_url=NOBODY)
    began = time.monotonic()
    called = desk.focus("sync", *option)
    assert time.monotonic() - began < PATIENCE
    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("focus: ApiUnreachable: ")
    assert NOBODY in called.err


def test_a_server_that_went_down_fails_each_partition_by_name(desk: Desk) -> None:
    desk.focus("sync", "stores")
    desk.source(base_url=NOBODY)
    called = desk.focus("sync", "stores", "--json")
    assert called.code == 1
    assert [list(record) for record in called.records] == [FIELDS] * 2
    assert {record["error"]["type"] for record in called.records} == {"ApiUnreachable"}
    assert {record["verdict"] for record in called.records} == {None}
    assert {record["country"] for record in called.records} == {"DE", "NO"}


def test_a_source_that_is_down_holds_up_no_other(desk: Desk) -> None:
    desk.source("reference", base_url=NOBODY, business_service="reference")
    called = desk.focus("sync", "--json")
    assert called.code == 1
    assert {record["source"] for record in called.records} == {"retail"}
    assert called.err.startswith("reference: ApiUnreachable: ")


def test_one_partition_that_fails_leaves_the_others_be(desk: Desk) -> None:
    desk.sandbox.faults = FaultPlan([("full", Fault(Kind.GARBLED, line='{"id": 1, "id": 2}'))])
    called = desk.focus("sync", "stores")
    assert called.code == 1
    assert {"1 proven", "1 failed"} == set(called.out.splitlines()[-1].partition(": ")[2].split(", "))
    assert "retail/stores/" in called.out
    assert "Traceback" not in called.out + called.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promotion"], "there is no resource 'promotion'"),
        (["promotion"], "did you mean 'promotions'?"),
        (["--country", "XX"], "there is no partition 'XX'; known: DE, NO"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_those_that_are(arguments: list[str], said: str, desk: Desk) -> None:
    called = desk.focus("sync", *arguments)
    assert (called.code, called.out) == (2, "")
    assert said in called.err


class Stalling(FaultPlan):
    """Full loads begin and do not go on; says when the first has begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()

    def decide(self, endpoint: str) -> Fault | None:
        if endpoint != "full":
            return None
        self.begun.set()
        return Fault(Kind.SLOW, seconds=600)


def test_ctrl_c_ends_it_quietly_and_leaves_the_table_as_it_was(desk: Desk) -> None:
    desk.focus("sync", "stores")
    desk.sandbox.faults = stalling = Stalling()
    process = desk.start("sync", "stores", "--full")
    assert stalling.begun.wait(PATIENCE)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (130, "", "")
    desk.sandbox.faults = FaultPlan()
    assert desk.focus("verify", "stores").code == 0

"""Commands that look and change nothing: plan, verify, history, schema, doctor."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

from focus_assets.sandbox import Alteration
from focus_assets_tests.integration.cli.conftest import Desk

NOBODY = "http://127.0.0.1:1"


def test_a_plan_says_full_or_delta_why_and_how_much(desk: Desk) -> None:
    desk.focus("sync", "stores", "-c", "DE")
    desk.sandbox.change("stores", "DE", service="retail", creates=2, deletes=1)
    known, fresh = desk.focus("plan", "stores", "--json").records
    assert datetime.fromisoformat(known.pop("since") + "+00:00") < datetime.now(UTC)
    assert known == {
        "source": "retail",
        "resource": "stores",
        "partition": "DE",
        "country": "DE",
        "load": "delta",
        "reason": "a full load has completed",
        "expected_rows": 3,
        "error": None,
    }
    assert (fresh["load"], fresh["reason"], fresh["expected_rows"]) == ("full", "no full load has completed", 10)


def test_a_plan_for_people_is_a_table(desk: Desk) -> None:
    called = desk.focus("plan", "--full")
    assert called.code == 0
    assert called.out.count("it was asked for") == 6


def test_a_plan_that_cannot_be_made_is_told(desk: Desk) -> None:
    desk.focus("sync", "stores")
    desk.source(base_url=NOBODY)
    called = desk.focus("plan", "--json")
    assert called.code == 1
    assert {record["error"]["type"] for record in called.records} == {"ApiUnreachable"}


def test_equal_counts_verify(desk: Desk) -> None:
    desk.focus("sync")
    called = desk.focus("verify")
    assert called.code == 0
    assert called.out.count("equal") == 6


def test_a_difference_is_exit_code_1_with_its_size(desk: Desk) -> None:
    desk.focus("sync", "stores")
    with closing(sqlite3.connect(desk.folder / "focus.db")) as connection, connection:
        connection.execute(
            "DELETE FROM retail__stores WHERE rowid = (SELECT min(rowid) FROM retail__stores WHERE _country = 'DE')"
        )
    called = desk.focus("verify", "stores", "--json")
    assert called.code == 1
    assert {record["country"]: record["difference"] for record in called.records} == {"DE": -1, "NO": 0}
    assert {record["country"]: record["agrees"] for record in called.records} == {"DE": False, "NO": True}
    assert all(record["proof_age_seconds"] is not None for record in called.records)


def test_no_mirror_is_no_agreement(desk: Desk) -> None:
    called = desk.focus("verify", "stores")
    assert called.code == 1
    assert called.out.count("no mirror") == 2


def test_history_begins_empty(desk: Desk) -> None:
    assert desk.focus("history").out == "Nothing has run yet: focus sync\n"
    assert desk.focus("history", "errors").out == "No run has failed.\n"


def test_history_tells_what_ran_and_what_failed_with_its_cause(desk: Desk) -> None:
    desk.focus("sync", "stores", "-c", "DE")
    desk.source(base_url=NOBODY)
    desk.focus("sync", "stores", "-c", "DE")
    shown = desk.focus("history")
    assert shown.out.splitlines()[-1] == "2 runs, 1 failed: 1 ApiUnreachable"
    assert [record["error"] for record in desk.focus("history", "--json", "--limit", "1").records] == ["ApiUnreachable"]
    told = desk.focus("history", "errors")
    assert "retail/stores/DE: ApiUnreachable: " in told.out
    assert "cause: " in told.out
    assert "service: retail, url: http:" in told.out
    [kept] = desk.focus("history", "errors", "--json").records
    assert f"tried {kept['attempts']} times" in told.out
    assert kept["repeatable"]
    assert "Traceback" not in told.out
    assert "Traceback" in desk.focus("history", "errors", "--stacks").out


def test_a_schema_is_written_down_and_compared(desk: Desk) -> None:
    assert desk.focus("schema", "refresh").code == 0
    assert (desk.folder / ".focus" / "schema" / "retail.json").is_file()
    same = desk.focus("schema", "diff")
    assert (same.code, same.out) == (0, "The snapshots are what the server says.\n")


def test_a_schema_that_has_moved_is_exit_code_1(desk: Desk) -> None:
    desk.focus("schema", "refresh")
    desk.sandbox.alter("stores", Alteration(add={"colour": ("string", "red")}), service="retail")
    called = desk.focus("schema", "diff")
    assert called.code == 1
    assert called.out.strip() == "retail/stores: added colour"
    record = desk.focus("schema", "diff", "--json").first
    assert record["added"] == [{"name": "colour", "type": "string"}]
    assert desk.focus("schema", "refresh").code == 0
    assert desk.focus("schema", "diff").code == 0


def test_a_server_that_is_down_keeps_its_snapshot(desk: Desk) -> None:
    desk.focus("schema", "refresh")
    snapshot = (desk.folder / ".focus" / "schema" / "retail.json").read_text()
    desk.source(base_url=NOBODY)
    called = desk.focus("schema", "refresh")
    assert called.code == 1
    assert "ApiUnreachable" in called.err
    assert (desk.folder / ".focus" / "schema" / "retail.json").read_text() == snapshot


def test_the_doctor_finds_a_healthy_site_healthy(desk: Desk) -> None:
    called = desk.focus("doctor", "--json")
    assert called.code == 0
    assert [(record["about"], record["check"]) for record in called.records] == [
        ("configuration", "read"),
        ("retail", "TCP"),
        ("retail", "login"),
        ("retail", "schema"),
        ("retail", "clock"),
        ("destination", "connect"),
        ("destination", "rights"),
    ]
    assert all(record["ok"] and record["do"] is None for record in called.records)


def test_the_doctor_says_what_to_do(desk: Desk) -> None:
    desk.source("down", base_url=NOBODY, business_service="a")
    stranger = {"kind": "focus", "username": "somebody", "password": "s3cret"}
    desk.source("locked", auth=stranger, business_service="b")
    desk.source("lost", business_service="nowhere")
    called = desk.focus("doctor")
    assert called.code == 1
    failed = [line for line in called.out.splitlines() if line.startswith("FAIL")]
    assert [line.split("  ")[1] for line in failed] == ["down: TCP", "locked: login", "lost: schema"]
    assert called.out.count("→") == 3
    assert "s3cret" not in called.out + called.err


def test_a_clock_that_is_off_is_told(desk: Desk) -> None:
    real = desk.sandbox.clock
    desk.sandbox.clock = lambda: real() + 600_000_000
    called = desk.focus("doctor", "--json")
    [clock] = [record for record in called.records if record["check"] == "clock"]
    assert (called.code, clock["ok"]) == (1, False)
    assert "behind the server's" in clock["says"]

"""A check passes only what was verified, and says why in one sentence."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from focus_assets.defs.judgements import (
    ERROR,
    NEVER_LOADED,
    WARN,
    judge_content,
    judge_count,
    judge_freshness,
    judge_schema,
)
from focus_assets.model.audit import Audit
from focus_assets.model.errors import ApiUnreachable
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import KNOWN_TYPES, Column, ResourceSchema
from focus_assets.model.verdict import Verdict

REF = PartitionRef("retail", "retail", "promotions", "DE")
NOW = datetime(2025, 7, 10, 12, tzinfo=UTC)
DOWN = ApiUnreachable("no connection", url="http://127.0.0.1:9")
LOADED = LedgerEntry(
    generation=1,
    rows=10,
    verdict=Verdict.COUNTED,
    load="delta",
    schema="{}",
    schema_hash="",
    key_hash="",
    config_hash="",
    finished_at="2025-07-10T11:00:00.000000Z",
)
SCHEMA = ResourceSchema("promotions", (Column("id", KNOWN_TYPES["uuid"]), Column("n", KNOWN_TYPES["int32"])), ("id",))


def audit(rows: int | None, total: int | None, *, quarantined: int = 0, moving: bool = False) -> Audit:
    entry = None if rows is None else LOADED
    return Audit(REF, rows=rows, quarantined=quarantined, total_items=total, moving=moving, entry=entry)


@pytest.mark.parametrize(
    ("found", "passed", "severity", "said"),
    [
        (audit(10, 10), True, ERROR, "10 rows here, 10 at the server"),
        (audit(9, 10), False, ERROR, "9 rows here, 10 at the server: -1"),
        (audit(9, 10, quarantined=1), True, ERROR, "10 rows here, 10 at the server"),
        (audit(None, 10), False, ERROR, NEVER_LOADED),
        (audit(10, None), False, WARN, "the server has no total to compare with"),
        (audit(9, 10, moving=True), False, WARN, "the server's total changed during every comparison"),
        (DOWN, False, WARN, "it could not be compared: ApiUnreachable: no connection at http://127.0.0.1:9"),
    ],
)
def test_the_count(found: Audit, passed: bool, severity: object, said: str) -> None:
    judged = judge_count(found)
    assert (judged.passed, judged.severity) == (passed, severity)
    assert judged.description.startswith(said)


def content(entry: LedgerEntry | None, days: int | None = 7) -> tuple[bool, object, str]:
    judged = judge_content(entry, NOW, full_every_days=days)
    return judged.passed, judged.severity, judged.description


def test_a_recent_proof_passes_also_where_only_deltas_came_since() -> None:
    proven = dataclasses.replace(LOADED, proven_at="2025-07-08T12:00:00.000000Z")
    assert content(proven) == (True, ERROR, "the content was proven 2 days ago, counted since")


def test_a_count_alone_and_an_old_proof_are_warnings() -> None:
    assert content(LOADED) == (False, WARN, "never proven, only counted: run a full diff")
    old = dataclasses.replace(LOADED, proven_at="2025-07-01T12:00:00.000000Z")
    assert content(old)[:2] == (False, WARN)
    assert content(old, days=None)[0]


def test_what_diverged_or_was_never_loaded_is_an_error() -> None:
    proven = dataclasses.replace(LOADED, verdict=Verdict.PROVEN, proven_at="2025-07-10T11:00:00.000000Z")
    judged = judge_content(proven, NOW, full_every_days=7, diverged=True)
    assert (judged.passed, judged.severity) == (False, ERROR)
    assert content(None) == (False, ERROR, NEVER_LOADED)


def test_a_load_is_fresh_until_its_hours_are_over() -> None:
    assert judge_freshness(LOADED, NOW, fresh_for_hours=1).passed
    late = judge_freshness(LOADED, NOW + timedelta(seconds=1), fresh_for_hours=1)
    assert (late.passed, late.description) == (False, "last loaded 60 minutes ago: more than 1 hours")
    assert judge_freshness(None, NOW, fresh_for_hours=1).description == NEVER_LOADED


def test_a_column_that_came_is_a_warning_and_one_that_went_an_error() -> None:
    wider = dataclasses.replace(SCHEMA, columns=(*SCHEMA.columns, Column("colour", KNOWN_TYPES["string"])))
    assert judge_schema(SCHEMA, {"promotions": SCHEMA}).passed
    assert judge_schema(SCHEMA, {"promotions": wider}).severity is WARN
    assert judge_schema(wider, {"promotions": SCHEMA}).severity is ERROR
    assert not judge_schema(wider, {"promotions": SCHEMA}).passed
    assert judge_schema(SCHEMA, {}).description == "the server no longer has this resource"
    assert judge_schema(SCHEMA, DOWN).severity is WARN

"""What a comparison says, and how old a proof is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from focus_assets.cli.verify import Compared, in_words, verify_record
from focus_assets.model.audit import Audit
from focus_assets.model.errors import ApiUnreachable
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Verdict

REF = PartitionRef("retail", "retail", "stores", "DE")
ENTRY = LedgerEntry(1, 40, Verdict.PROVEN, "full", "{}", "", "", "", proven_at="2026-01-01T00:00:00.000000Z")
EQUAL = Audit(REF, rows=40, quarantined=0, total_items=40, moving=False, entry=ENTRY)
NOW = datetime(2026, 1, 1, 0, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("audit", "says"),
    [
        (EQUAL, "equal"),
        (replace(EQUAL, rows=38, quarantined=2), "equal"),
        (replace(EQUAL, rows=39), "different"),
        (replace(EQUAL, moving=True), "moving"),
        (replace(EQUAL, total_items=None), "no total"),
        (replace(EQUAL, rows=None), "no mirror"),
    ],
)
def test_counts_are_called_what_they_are(audit: Audit, says: str) -> None:
    assert Compared(audit, comparable=True).says == says


def test_a_total_that_means_something_else_is_not_compared() -> None:
    compared = Compared(replace(EQUAL, total_items=7), comparable=False)
    assert compared.says == "no total"
    assert verify_record(REF, compared, NOW)["agrees"] is None
    assert verify_record(REF, compared, NOW)["difference"] is None


def test_a_record_holds_the_comparison_and_the_last_proof() -> None:
    assert verify_record(REF, Compared(EQUAL, comparable=True), NOW) == {
        "source": "retail",
        "resource": "stores",
        "partition": "DE",
        "country": "DE",
        "rows": 40,
        "quarantined": 0,
        "total_items": 40,
        "difference": 0,
        "agrees": True,
        "moving": False,
        "proven_at": "2026-01-01T00:00:00.000000Z",
        "proof_age_seconds": 180.0,
        "error": None,
    }


def test_a_comparison_that_failed_has_the_same_fields() -> None:
    record = verify_record(REF, ApiUnreachable("no connection"), NOW)
    assert record.keys() == verify_record(REF, Compared(EQUAL, comparable=True), NOW).keys()
    assert record["error"] == {"type": "ApiUnreachable", "message": "no connection"}


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (None, "–"),
        (timedelta(seconds=-2), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=3), "3 min"),
        (timedelta(hours=47), "1 d"),
    ],
)
def test_an_age_is_told_to_one_unit(age: timedelta | None, words: str) -> None:
    assert in_words(age) == words

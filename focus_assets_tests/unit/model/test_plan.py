"""A delta only where a full load has completed and nothing speaks against it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.plan import Circumstances, DeltaLoad, FullLoad, plan_load
from focus_assets.model.verdict import Verdict

ENTRY = LedgerEntry(
    generation=3,
    rows=10,
    verdict=Verdict.COUNTED,
    load="delta",
    schema="{}",
    schema_hash="s",
    key_hash="k",
    config_hash="c",
    watermark="2025-07-01T16:01:00.827904Z",
    as_of="2025-07-01T16:01:00.000000Z",
    server_time="2025-07-01T16:02:00.000000Z",
    full_at="2025-06-30T16:02:00.000000Z",
)
NOW = Circumstances(
    schema_hash="s",
    key_hash="k",
    config_hash="c",
    stored_rows=True,
    server_time=datetime(2025, 7, 1, 16, 30, tzinfo=UTC),
    as_of="2025-07-01T16:29:00.000000Z",
    overlap_seconds=300,
    full_every=timedelta(days=7),
)


def test_a_completed_full_load_is_followed_by_a_delta_from_the_watermark_less_the_overlap() -> None:
    plan = plan_load(ENTRY, NOW)
    assert isinstance(plan, DeltaLoad)
    assert plan.since == "2025-07-01T15:56:00.827904"


@pytest.mark.parametrize(
    ("ledger", "now", "reason"),
    [
        ({"watermark": None}, {}, "watermark"),
        ({}, {"schema_hash": "t"}, "schema"),
        ({}, {"key_hash": "l"}, "primary key"),
        ({}, {"config_hash": "d"}, "address"),
        ({}, {"stored_rows": None}, "gone"),
        ({"rows": 0}, {"stored_rows": None}, "gone"),
        ({}, {"stored_rows": False}, "empty"),
        ({"rows": 1}, {"stored_rows": False}, "empty"),
        ({}, {"as_of": "2025-07-01T16:00:59.999999Z"}, "high-water mark moved back"),
        ({}, {"as_of": "2025-07-01T18:00:59.999999+02:00"}, "high-water mark moved back"),
        ({}, {"server_time": datetime(2025, 7, 1, 15, 56, 59, tzinfo=UTC), "as_of": None}, "clock moved back"),
        ({}, {"server_time": datetime(2025, 7, 7, 16, 2, tzinfo=UTC)}, "7 days old"),
        ({"server_time": None, "full_at": "2025-07-02T16:30:01.000000Z"}, {}, "1 day, 0:00:01 ahead of the clock"),
        ({}, {"forced": "it was asked for"}, "asked for"),
        ({}, {"has_deltas": False}, "no deltas"),
    ],
)
def test_what_forces_a_full_load_is_said(ledger: dict[str, object], now: dict[str, object], reason: str) -> None:
    entry, circumstances = dataclasses.replace(ENTRY, **ledger), dataclasses.replace(NOW, **now)  # type: ignore[arg-type]
    plan = plan_load(entry, circumstances)
    assert isinstance(plan, FullLoad)
    assert reason in plan.reason


def test_a_first_run_is_full_and_so_is_one_after_a_load_that_never_completed() -> None:
    plan = plan_load(None, dataclasses.replace(NOW, stored_rows=True))
    assert plan == FullLoad("no full load has completed")


def test_an_empty_table_is_legal_where_the_ledger_says_so() -> None:
    plan = plan_load(dataclasses.replace(ENTRY, rows=0), dataclasses.replace(NOW, stored_rows=False))
    assert isinstance(plan, DeltaLoad)


def test_a_clock_that_lags_by_less_than_the_overlap_is_no_reason() -> None:
    late = dataclasses.replace(NOW, server_time=datetime(2025, 7, 1, 15, 58, tzinfo=UTC), as_of=None)
    assert isinstance(plan_load(ENTRY, late), DeltaLoad)


@pytest.mark.parametrize("as_of", ["2025-07-01T16:01:00.000000Z", "2025-07-01T11:01:00-05:00", "2025-07-01 16:01:00"])
def test_a_mark_is_not_behind_because_it_is_written_otherwise(as_of: str) -> None:
    assert isinstance(plan_load(ENTRY, dataclasses.replace(NOW, as_of=as_of)), DeltaLoad)


def test_a_server_without_a_clock_has_its_full_diffs_by_ours() -> None:
    undated = dataclasses.replace(NOW, server_time=None)
    days = [datetime(2025, 7, 7, 16, minute, tzinfo=UTC) for minute in (1, 2)]
    plans = [plan_load(ENTRY, dataclasses.replace(undated, our_time=day)) for day in days]
    assert [type(plan) for plan in plans] == [DeltaLoad, FullLoad]
    assert isinstance(plan_load(ENTRY, undated), DeltaLoad)

"""Moments and spans go out as texts and come back as what they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.client.discovery.codec import decode, encode

NEW_YEAR, NEW_YEAR_WRITTEN = datetime(2000, 1, 1, tzinfo=UTC), "2000-01-01T00:00:00.000Z"
SPANS = st.timedeltas(timedelta(days=-999_999), timedelta(days=999_999))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (NEW_YEAR, "2000-01-01T00:00:00.000Z"),
        (datetime(2000, 1, 1), "2000-01-01T00:00:00.000Z"),  # noqa: DTZ001 (without a zone it is UTC)
        (datetime(2000, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2000-01-01T00:00:00.000Z"),
        (NEW_YEAR.replace(microsecond=120_000), "2000-01-01T00:00:00.120Z"),
        (NEW_YEAR.replace(microsecond=123_456), "2000-01-01T00:00:00.123456Z"),
        (timedelta(days=1, hours=1), "P1DT1H"),
        (timedelta(0), "PT0S"),
        (-timedelta(minutes=90, seconds=1.5), "-PT1H30M1.5S"),
        (
            {"a": [{"b": [NEW_YEAR, (timedelta(days=2),)]}], "c": 1},
            {"a": [{"b": ["2000-01-01T00:00:00.000Z", ["P2D"]]}], "c": 1},
        ),
    ],
)
def test_a_value_is_written(value: Any, written: Any) -> None:
    assert encode(value) == written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2000-01-01T00:00:00.000Z", NEW_YEAR),
        ("2000-01-01T02:00:00+02:00", NEW_YEAR),
        ("2000-01-01T00:00:00.123456Z", NEW_YEAR.replace(microsecond=123_456)),
        ("P1DT1H", timedelta(days=1, hours=1)),
        ("-PT1.5S", -timedelta(seconds=1.5)),
        ([["P1D"], {"at": ["2000-01-01T00:00:00Z"]}], [[timedelta(days=1)], {"at": [NEW_YEAR]}]),
    ],
)
def test_a_text_is_read(text: Any, value: Any) -> None:
    assert decode(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "PT", "-", "-P", "P1Y", "P1M", "P1W", "PT1H30", "P1.5D", "p1d", "P999999999999D", "P999999999DT24H"),
        *("2000-01-01", "2000-01-01T00:00:00", "2000-13-01T00:00:00Z", "2000-01-01T24:00:01Z", "2000-01-01 00:00:00Z"),
        *("2000-01-01T00:00:00.1234567Z", "0001-01-01T00:00:00+23:00", "２000-01-01T00:00:00Z", "P1D and more"),
        *(
            "2000-01-01T00:00:00.0+01",
            "2000-01-01T00:00:00,000Z",
            "2000-W01-1T00:00:00.000Z",
            "2000-01-01T00:00:00.0aZ",
        ),
    ],
)
def test_what_only_looks_like_one_stays_a_text(text: str) -> None:
    assert decode(text) == text


@given(
    st.one_of(st.timedeltas(timedelta(days=-999_999), timedelta(days=999_999)), st.datetimes(timezones=st.just(UTC)))
)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert decode(encode(value)) == value

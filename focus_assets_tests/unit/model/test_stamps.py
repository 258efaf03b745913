"""Timestamps are moments: compared as integers, kept as texts, floored and never rounded up."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest

from focus_assets.model.errors import BadValue
from focus_assets.model.feed import Stamp
from focus_assets.model.stamps import canonical, floor_micros, nanos, since, stamp, text_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3600


def random_wire(chance: random.Random) -> tuple[str, Fraction, bool]:
    """A wire text, its seconds since 1970 by another way of counting, and whether a microsecond can hold it."""
    local = datetime(2, 1, 1, tzinfo=UTC) + timedelta(
        days=chance.randrange(9996 * 365), seconds=chance.randrange(24 * HOUR)
    )
    digits = "".join(chance.choice("0123456789") for _ in range(chance.randrange(10)))
    hours, minutes, sign = chance.randrange(24), chance.randrange(60), chance.choice((1, -1))
    mark = "+" if sign == 1 else "-"
    zones = {
        "": 0,
        "Z": 0,
        f"{mark}{hours:02}": sign * hours * HOUR,
        f"{mark}{hours:02}{minutes:02}": sign * (hours * HOUR + minutes * 60),
        f"{mark}{hours:02}:{minutes:02}": sign * (hours * HOUR + minutes * 60),
    }
    zone, offset = chance.choice(list(zones.items()))
    aware = local.replace(tzinfo=timezone(timedelta(seconds=offset)))
    whole = (aware - EPOCH) // timedelta(seconds=1)
    wire = (
        f"{local:%Y-%m-%d}".rjust(10, "0")
        + chance.choice("T ")
        + f"{local:%H:%M:%S}"
        + (f".{digits}" if digits else "")
    )
    return wire + zone, whole + Fraction(int(digits or 0), 10 ** len(digits)), not digits[6:].strip("0")


def test_twenty_thousand_random_timestamps_are_the_moments_that_they_name() -> None:
    chance = random.Random(20250701)
    for _ in range(20_000):
        wire, seconds, fits = random_wire(chance)
        assert nanos(wire) == seconds * 10**9, wire
        micros = seconds * 10**6 // 1
        assert stamp(wire) == Stamp(micros, wire)
        text = text_of(micros)
        assert datetime.fromisoformat(text) == EPOCH + timedelta(microseconds=micros), wire
        if fits:
            assert canonical(wire) == text
        else:
            with pytest.raises(BadValue, match="more precise"):
                canonical(wire)


def test_a_delta_asks_from_the_floor_of_the_watermark_less_the_overlap() -> None:
    chance = random.Random(1)
    for _ in range(2_000):
        wire, seconds, _ = random_wire(chance)
        overlap = chance.choice((0, 1, 300, 86_400))
        asked = datetime.fromisoformat(since(wire, overlap) + "Z")
        earliest = datetime(1, 1, 1, tzinfo=UTC)
        wanted = (seconds - overlap) * 10**6 // 1
        assert asked == max(earliest, EPOCH + timedelta(microseconds=wanted)), wire


@pytest.mark.parametrize(
    ("watermark", "overlap", "asked"),
    [
        ("2025-07-01T16:01:00.827904Z", 0, "2025-07-01T16:01:00.827904"),
        ("2025-07-01T16:01:00.827904999Z", 0, "2025-07-01T16:01:00.827904"),
        ("2025-07-01T16:01:00.999999999Z", 0, "2025-07-01T16:01:00.999999"),
        ("2025-07-01T16:01:00Z", 300, "2025-07-01T15:56:00.000000"),
        ("2025-07-01T18:01:00+02:00", 300, "2025-07-01T15:56:00.000000"),
        ("2025-07-01 16:01:00.827904", 0.5, "2025-07-01T16:01:00.327904"),
        ("2025-07-01T16:01:00Z", 0.1, "2025-07-01T16:00:59.900000"),
        ("0001-01-01T00:01:00Z", 300, "0001-01-01T00:00:00.000000"),
        ("1970-01-01T00:00:00.0000001Z", 0.0000002, "1969-12-31T23:59:59.999999"),
    ],
)
def test_since_has_six_digits_and_no_zone(watermark: str, overlap: float, asked: str) -> None:
    assert since(watermark, overlap) == asked


def test_moments_before_1970_are_floored_too() -> None:
    assert stamp("1969-12-31T23:59:59.9999999Z").micros == -1
    assert floor_micros(-1) == -1


def test_stamps_compare_as_moments_and_not_as_texts() -> None:
    earlier, later = stamp("2025-07-01T18:01:00+05:00"), stamp("2025-07-01T17:00:00Z")
    assert earlier < later
    assert earlier.wire > later.wire
    assert max(earlier, later).wire == "2025-07-01T17:00:00Z"


@pytest.mark.parametrize(
    "wire",
    [
        "",
        "2025-07-01",
        "2025-07-01T16:01",
        "2025-07-01T16:01:00.",
        "2025-07-01T16:01:00.0000000001Z",
        "2025-07-01T24:00:00Z",
        "2025-07-01T16:60:00Z",
        "2025-07-01T16:01:60Z",
        "2025-13-01T16:01:00Z",
        "2025-02-29T16:01:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59.9Z ",
        "9999-12-31T23:59:59-00:01",
        "2025-07-01T16:01:00+24:00",
        "2025-07-01T16:01:00+05:60",
        "2025-07-01T16:01:00+5",
        "2025-07-01T16:01:00+05:30:10",
        "2025-W27-2T16:01:00Z",
        "infinity",
        "\u0662\u0660\u0662\u0665-07-01T16:01:00Z",
        "2025-07-01T16:01:00Z\n",
        "+2025-07-01T16:01:00Z",
    ],
)
def test_what_names_no_moment_is_refused(wire: str) -> None:
    with pytest.raises(BadValue):
        nanos(wire)

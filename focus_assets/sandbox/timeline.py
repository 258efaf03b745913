"""Say when each row was made and changed, and how a moment is written on the wire."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

Clock = Callable[[], int]
"""Microseconds since 1970 in UTC."""
TimestampForm = Literal["z", "offset", "naive"]

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
_LONGEST = 30 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTES = tuple(f"T{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60))
_OFFSET_MINUTES = 120
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def system_clock() -> int:
    """Now, by this computer's clock."""
    return time.time_ns() // 1000


def micros(moment: datetime) -> int:
    """Exact microseconds since 1970; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def parse_moment(text: str) -> int | None:
    """Microseconds of a `delta_timestamp`, None where it is none; a space instead of the `T` is none."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return micros(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def write_z(moment: int) -> str:
    """`2025-07-01T16:01:00.827904Z`"""
    return write_naive(moment) + "Z"


def write_naive(moment: int) -> str:
    """`2025-07-01T16:01:00.827904`, which means UTC."""
    minute, rest = divmod(moment, MINUTE)
    day, minute = divmod(minute, 1440)
    return f"{_day(day)}{_MINUTES[minute]}{rest // SECOND:02d}.{rest % SECOND:06d}"


def write_offset(moment: int) -> str:
    """`2025-07-01T18:01:00.827904+02:00`"""
    return write_naive(moment + _OFFSET_MINUTES * MINUTE) + "+02:00"


WRITERS: dict[TimestampForm, Callable[[int], str]] = {"z": write_z, "offset": write_offset, "naive": write_naive}


@lru_cache(maxsize=1024)
def _day(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()


@dataclass(frozen=True, slots=True)
class Timeline:
    """The times of the rows that were there at the start: made over a year, two in three changed since.

    Rows are made in the order of their index, and nothing happened after `end`.
    """

    begin: int
    step: int
    end: int

    @classmethod
    def until(cls, end: int, rows: int) -> Timeline:
        """A year before `end`, the last month of which only changes rows."""
        return cls(end - 365 * DAY, 334 * DAY // max(rows, 1) - 1, end)

    def created(self, index: int) -> int:
        """When the row was made."""
        return self.begin + index * self.step

    def updated(self, index: int) -> int | None:
        """When it was changed last, None where it never was."""
        if index % 3 == 0:
            return None
        return self.begin + index * self.step + 1 + index * 2_654_435_761 % _LONGEST

    def first_made(self, floor: int) -> int:
        """The first row that was made after `floor`."""
        return max(0, (floor - self.begin) // self.step + 1)

    def first_changed(self, floor: int) -> int:
        """A row before which none was changed after `floor`."""
        return self.first_made(floor - _LONGEST - 1)

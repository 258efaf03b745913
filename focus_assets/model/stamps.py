"""Which moment a server's timestamp names, exactly.

A moment is an integer of nanoseconds since 1970 in UTC: no float and no database's clock type comes between the
wire's text and the watermark.
"""

from __future__ import annotations

import enum
import re
from datetime import date
from decimal import ROUND_CEILING, Decimal

from focus_assets.model.errors import BadValue
from focus_assets.model.feed import Stamp

SECOND = 10**9  # nanoseconds
MICRO = 1000
DAY_SECONDS = 86_400

_EPOCH = date(1970, 1, 1).toordinal()
_FIRST = (date.min.toordinal() - _EPOCH) * DAY_SECONDS * SECOND
_END = (date.max.toordinal() + 1 - _EPOCH) * DAY_SECONDS * SECOND
_WIRE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_SHAPE = "expected a timestamp such as 2025-07-01T16:01:00.827904Z"


class Ambiguous(enum.Enum):
    """Which moment a local time means that comes twice when the clocks go back."""

    REFUSE = "refuse"
    EARLIER = "earlier"
    LATER = "later"


def nanos(wire: str) -> int:
    """Nanoseconds since 1970 in UTC of a timestamp of 0 to 9 fractional digits; without a zone it is UTC.

    Raises BadValue.

    >>> nanos("1970-01-01 01:00:00.000000001+01")
    1
    """
    found = _WIRE.fullmatch(wire)
    if found is None:
        raise BadValue(_SHAPE, value=wire)
    day, hour, minute, second, fraction, sign, off_hour, off_minute = found.groups(default="")
    clock = _seconds(hour, minute, second, wire)
    shift = _seconds(off_hour or "00", off_minute or "00", "00", wire)
    seconds = _days(day, wire) * DAY_SECONDS + clock + (shift if sign == "-" else -shift)
    moment = seconds * SECOND + int(fraction.ljust(9, "0"))
    if not _FIRST <= moment < _END:
        raise BadValue("its year in UTC is not between 1 and 9999", value=wire)
    return moment


def _days(day: str, wire: str) -> int:
    try:
        return date.fromisoformat(day).toordinal() - _EPOCH
    except ValueError as error:
        raise BadValue("there is no such day", value=wire) from error


def _seconds(hour: str, minute: str, second: str, wire: str) -> int:
    if hour > "23" or minute > "59" or second > "59":
        raise BadValue("there is no such time of day", value=wire)
    return int(hour) * 3600 + int(minute) * 60 + int(second)


def floor_micros(moment: int) -> int:
    """Whole microseconds of a moment in nanoseconds: floored, before 1970 too."""
    return moment // MICRO


def canonical(wire: str) -> str:
    """The one text that stands for that moment: `2025-07-01T16:01:00.827904Z`.

    Raises BadValue, also for digits beyond the microsecond that are not zero.
    """
    moment = nanos(wire)
    if moment % MICRO:
        raise BadValue("it is more precise than a microsecond", value=wire)
    return text_of(floor_micros(moment))


def text_of(micros: int) -> str:
    """The canonical text of microseconds since 1970 in UTC."""
    seconds, fraction = divmod(micros, 10**6)
    days, clock = divmod(seconds, DAY_SECONDS)
    minutes, second = divmod(clock, 60)
    hour, minute = divmod(minutes, 60)
    return f"{date.fromordinal(days + _EPOCH).isoformat()}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z"


def stamp(wire: str) -> Stamp:
    """The moment of a timestamp, floored to the microsecond, with its text verbatim."""
    return Stamp(floor_micros(nanos(wire)), wire)


def since(watermark: str, overlap_seconds: int | float | Decimal) -> str:
    """What a delta asks from: the watermark less the overlap, floored, in UTC, without a zone.

    Never before the year 1.

    >>> since("2025-07-01T18:01:00.8279049+02:00", 300)
    '2025-07-01T15:56:00.827904'
    """
    overlap = int((Decimal(str(overlap_seconds)) * SECOND).to_integral_value(ROUND_CEILING))
    moment = max(nanos(watermark) - overlap, _FIRST)
    return text_of(floor_micros(moment)).removesuffix("Z")

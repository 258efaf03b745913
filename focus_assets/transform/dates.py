"""Read dates and times as an API writes them, and write them as the one moment that they mean."""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import MAX_EMAX, MIN_EMIN
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from focus_assets.model.errors import BadValue, InvalidConfiguration
from focus_assets.model.jsontext import MAX_DIGITS
from focus_assets.model.records import Record, wire
from focus_assets.model.schema import ColumnType, Kind
from focus_assets.model.stamps import Ambiguous, canonical, text_of
from focus_assets.model.values import decimal_of
from focus_assets.transform.pipeline import NOWHERE, Context

ISO, UNIX, UNIX_MS = "iso", "unix", "unix_ms"
_UNITS = {UNIX: 6, UNIX_MS: 3}  # of how many digits a microsecond is smaller
_TIMED = re.compile(r"%[HIMSfpcX]")
_YEARED = re.compile(r"%[YyGcx]")
_ZONED = re.compile(r".*(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)", re.DOTALL)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST, _LAST = -62_135_596_800 * 10**6, 253_402_300_800 * 10**6  # microseconds: the years 1 to 9999
_WIDE = decimal.Context(prec=2 * MAX_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)


@dataclass(frozen=True, slots=True)
class Moment:
    """How an attribute writes its moments.

    `format` is `iso` (`2025-07-01T16:01:00.5+02:00`, or a date alone), `unix` (seconds since 1970), `unix_ms`, or one
    of Python's strptime. A time without a zone is a local one of `zone`. `kind` is TIMESTAMP, in UTC, or DATE, the day
    in `zone`; None takes a date where the format (or the ISO text) has no time of day.
    """

    format: str = ISO
    zone: str = "UTC"
    ambiguous: Ambiguous = Ambiguous.REFUSE
    kind: Kind | None = None

    def __post_init__(self) -> None:
        """Raises InvalidConfiguration for a zone that there is not, or a format without a year."""
        _zone(self.zone)
        if self.format not in (ISO, UNIX, UNIX_MS) and not _YEARED.search(self.format):
            raise InvalidConfiguration(self.format, "expected iso, unix, unix_ms, or a strptime format with a year")


@dataclass(frozen=True, slots=True)
class Dates:
    """Make these attributes dates (`2025-07-01`) or moments in UTC (`2025-07-01T16:01:00.000000Z`); null stays null.

    >>> list(Dates({"day": Moment("%d.%m.%Y")})({"day": "01.07.2025"}))
    [{'day': '2025-07-01'}]
    >>> list(Dates({"at": Moment("%Y-%m-%d %H:%M", zone="Europe/Berlin")})({"at": "2025-07-01 18:01"}))
    [{'at': '2025-07-01T16:01:00.000000Z'}]
    """

    columns: Mapping[str, Moment] = field(default_factory=dict)
    name: ClassVar[str] = "dates"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Raises BadValue with the column and the value for what is no such date."""
        read = {
            name: _read(name, record[name], moment)
            for name, moment in self.columns.items()
            if record.get(name) is not None
        }
        return (record | read,)

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """What they become, as far as the format alone tells it."""
        told = {name: kind for name, moment in self.columns.items() if (kind := _told(moment))}
        others = {name: column_type for name, column_type in before.items() if name not in self.columns}
        return others | {name: ColumnType(kind) for name, kind in told.items()}


def _told(moment: Moment) -> Kind | None:
    if moment.kind is not None or moment.format == ISO:
        return moment.kind
    return Kind.TIMESTAMP if moment.format in _UNITS or _TIMED.search(moment.format) else Kind.DATE


def _read(name: str, value: Any, moment: Moment) -> str:
    said = wire(value)
    shown = said if isinstance(said, str) else str(type(value).__name__)
    try:
        if not isinstance(said, str):
            raise BadValue("expected a date or a time")
        if moment.format in _UNITS:
            return _written(_since_1970(said, _UNITS[moment.format]), moment, timed=True)
        timed, found = _of_iso(said) if moment.format == ISO else _of_format(said, moment.format)
        return _written(_in_utc(found, moment), moment, timed=timed) if timed else _day(found, moment)
    except (BadValue, OverflowError) as error:
        problem = error.problem if isinstance(error, BadValue) else "its year in UTC is not between 1 and 9999"
        raise BadValue(problem, column=name, value=shown) from error


def _since_1970(text: str, digits: int) -> datetime:
    micros = _WIDE.scaleb(decimal_of(text), digits)
    if not _FIRST <= micros < _LAST:
        raise BadValue("its year in UTC is not between 1 and 9999")
    if micros != micros.to_integral_value():
        raise BadValue("it is more precise than a microsecond")
    return _parsed(text_of(int(micros)))


def _of_iso(text: str) -> tuple[bool, datetime]:
    """Whether it has a time of day, and what it says: aware where the text has a zone."""
    if _DAY.fullmatch(text):
        return False, _strptime(text, "%Y-%m-%d")
    found = _parsed(canonical(text))
    return True, found if _ZONED.fullmatch(text) else found.replace(tzinfo=None)


def _of_format(text: str, form: str) -> tuple[bool, datetime]:
    return _TIMED.search(form) is not None, _strptime(text, form)


def _strptime(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 (the zone is the caller's)
    except ValueError as error:
        raise BadValue(f"expected a date in the format {form}") from error


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _in_utc(found: datetime, moment: Moment) -> datetime:
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    zone = _zone(moment.zone)
    early, late = (found.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early.astimezone(zone).replace(tzinfo=None) != found:
        raise BadValue(f"there is no such time in {moment.zone}: the clocks go forward over it")
    if early != late and moment.ambiguous is Ambiguous.REFUSE:
        raise BadValue(
            f"the time comes twice in {moment.zone}, as the clocks go back; say ambiguous: earlier, or later"
        )
    return late if moment.ambiguous is Ambiguous.LATER else early


def _written(found: datetime, moment: Moment, *, timed: bool) -> str:
    if moment.kind is Kind.DATE or not timed:
        return found.astimezone(_zone(moment.zone)).date().isoformat()
    return found.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _day(found: datetime, moment: Moment) -> str:
    """A day alone is a day, whatever the zone; as a moment it is its first in the zone."""
    if moment.kind is Kind.TIMESTAMP:
        return _written(_in_utc(found, moment), moment, timed=True)
    return found.date().isoformat()


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise InvalidConfiguration(name, "expected a time zone, such as Europe/Berlin") from error

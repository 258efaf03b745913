"""Write moments and spans of time as texts that JSON can carry, and read them again.

>>> encode({"at": datetime(2000, 1, 1, tzinfo=UTC), "runs": [timedelta(days=1, hours=1)]})
{'at': '2000-01-01T00:00:00.000Z', 'runs': ['P1DT1H']}
>>> decode({"runs": ["P1DT1H", "P1M"]})
{'runs': [datetime.timedelta(days=1, seconds=3600), 'P1M']}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_SPAN = re.compile(
    r"(?P<sign>-?)P(?=\d|T\d)(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9})(?:\.(?P<micros>\d{1,6}))?S)?)?",
    re.ASCII,
)
_SPAN_BEGINS = frozenset("P-")
_BEGINNINGS = _SPAN_BEGINS | set("0123456789")
_LONGEST_SPAN = 64
_USUAL_LENGTH = len("2000-01-01T00:00:00.000Z")
_HOLDERS = frozenset({dict, list})


def encode(value: Any) -> Any:
    """The value with its moments and spans as texts, however deep they lie; a moment without a zone is UTC."""
    if isinstance(value, datetime):
        return _moment_text(value)
    if isinstance(value, timedelta):
        return _span_text(value)
    if isinstance(value, Mapping):
        return {name: encode(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [encode(inner) for inner in value]
    return value


def decode(value: Any) -> Any:
    """The value with its texts as moments in UTC and spans, where they are exactly that; months have no length.

    Lists and objects are those that were given, changed where they are.
    """
    if type(value) is str:
        return _decoded(value)
    decode_counted(value)
    return value


def decode_counted(value: Any) -> int:
    """Decode what a list or an object holds, and count the members of all objects in it."""
    members, holders = 0, [value] if type(value) in _HOLDERS else []
    for holder in holders:  # which grows by those that it holds
        if type(holder) is dict:
            members += len(holder)
            _decode_in(holder, holder.items(), holders)
        else:
            _decode_in(holder, enumerate(holder), holders)
    return members


def _decode_in(holder: Any, inside: Iterable[tuple[Any, Any]], holders: list[Any]) -> None:
    for place, inner in inside:
        kind = type(inner)
        if kind is str:
            if inner[:1] in _BEGINNINGS:  # most texts are neither, and there are many of them
                holder[place] = _decoded(inner)
        elif kind in _HOLDERS:
            holders.append(inner)


def _decoded(text: str) -> Any:
    if text[:1] in _SPAN_BEGINS:
        return _span(text) if len(text) <= _LONGEST_SPAN else text
    # the layout in which `encode` writes most moments is sooner seen than by the pattern
    is_usual = len(text) == _USUAL_LENGTH and text[4:20:3] == "--T::." and text[-1] == "Z"
    return _moment(text) if is_usual or _MOMENT.fullmatch(text) else text


def _moment(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return text  # looks like a moment, and is none


def _moment_text(moment: datetime) -> str:
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    digits = "milliseconds" if utc.microsecond % 1000 == 0 else "microseconds"
    return utc.replace(tzinfo=None).isoformat(timespec=digits) + "Z"


@lru_cache(4096)
def _span(text: str) -> timedelta | str:
    found = _SPAN.fullmatch(text)
    if found is None:
        return text
    parts = {name: int(found[name] or 0) for name in ("days", "hours", "minutes", "seconds")}
    micros = int((found["micros"] or "").ljust(6, "0"))
    try:
        span = timedelta(**parts, microseconds=micros)
    except OverflowError:
        return text
    return -span if found["sign"] else span


def _span_text(span: timedelta) -> str:
    if span < timedelta(0):
        return "-" + _span_text(-span)
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{span.microseconds:06d}".rstrip("0") if span.microseconds else ""
    days = f"{span.days}D" if span.days else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{seconds}{fraction}S" if seconds or fraction else ""
    return f"P{days}{'T' if clock else ''}{clock}" if days or clock else "PT0S"

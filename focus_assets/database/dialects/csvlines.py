"""Write rows as CSV lines that PostgreSQL and DuckDB read: JSON arrays without their brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from operator import itemgetter

import msgspec

from focus_assets.model.feed import PrintableRows, Row
from focus_assets.model.schema import Column, Kind

_encoder = msgspec.json.Encoder(decimal_format="string")
_RAW = {b"\\n": b"\n", b"\\r": b"\r", b"\\t": b"\t", b"\\b": b"\b", b"\\f": b"\f"}
_OTHER = b"\\u00"  # the control characters that have no letter
_CONTROL = bytes(range(ord(" ")))
_FREE_TEXT = (Kind.TEXT, Kind.TEXT_LIST)  # every other kind has a form of its own, without control characters
_NUMBERED = re.compile(rb"\\u00([0-9a-f]{2})")


def csv_writer(columns: Sequence[Column]) -> Callable[[Sequence[Row]], bytes]:
    """What writes rows of these columns, whose values CSV has a form for, as `csv_of` does."""
    may_hold = control_finder(columns)
    return lambda rows: csv_of(rows, control=may_hold(rows))


def control_finder(columns: Sequence[Column], free: Container[Kind] = _FREE_TEXT) -> Callable[[Sequence[Row]], bool]:
    """What says of rows of these columns whether a text of a `free` kind may hold a control character."""
    places = [place for place, column in enumerate(columns) if column.type.kind in free]
    known = all(columns[place].type.kind is Kind.TEXT for place in places)
    return lambda rows: not (known and isinstance(rows, PrintableRows)) and _hold_control(rows, places)


def csv_of(rows: Sequence[Row], *, control: bool = True) -> bytes:
    """Rows as CSV lines for `NULL 'null', ESCAPE '\\'`: a JSON string is a quoted field but for control escapes.

    Without `control` the caller knows that no text holds a control character.

    >>> csv_of([(1, None, 'a"b', "null", "x\\ny")])
    b'1,null,"a\\\\"b","null","x\\ny"\\n'
    """
    data = b"\n".join([line[1:-1] for line in _encoder.encode_lines(rows).split(b"\n")])
    return _with_raw_control(data) if control else data


def _with_raw_control(data: bytes) -> bytes:
    data = data.replace(b"\\\\", b"\0")  # a NUL is always escaped: here it can only be ours
    for escape, raw in _RAW.items():
        data = data.replace(escape, raw)
    if _OTHER in data:
        data = _NUMBERED.sub(lambda found: bytes([int(found[1], 16)]), data)
    return data.replace(b"\0", b"\\\\")


def _hold_control(rows: Sequence[Row], places: Sequence[int]) -> bool:
    """Whether a text in one of these places holds a control character; few do, and looking is cheaper than mending."""
    return any(_has_control("".join(filter(None, map(itemgetter(place), rows)))) for place in places)


def _has_control(text: str) -> bool:
    data = text.encode()
    return len(data.translate(None, _CONTROL)) < len(data)

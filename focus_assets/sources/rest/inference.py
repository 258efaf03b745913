"""Which types the values of a whole load have, so that the schema of a resource can be frozen."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from focus_assets.model.errors import BadValue, InvalidSchema
from focus_assets.model.records import Record, Scientific, wire
from focus_assets.model.schema import Column, ColumnType, Kind, ResourceSchema
from focus_assets.model.stamps import canonical as moment
from focus_assets.model.values import BOUNDS, day

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ZONED = re.compile(r".*(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)", re.DOTALL)
_PLAIN = re.compile(r"(-?(?:0|[1-9][0-9]{0,999}))(\.[0-9]{1,999})?([eE][+-]?[0-9]{1,3})?")
_LOW, _HIGH = BOUNDS[Kind.INT64]
_LARGEST = sys.float_info.max


class Inference:
    """Takes the records of a whole load, and says what its columns are.

    The rules: whole numbers of 64 bits are int64; other numbers decimal; float64 only where one was written with an
    exponent and doubles hold them all. Texts that are all dates are date; all timestamps with a zone, time; all UUIDs
    in lower case, uuid; else string. Booleans are bool. Objects, lists and values of more than one of these kinds are
    json, and so is a column that only ever was null: json takes whatever comes.
    With `texts` (XML, CSV) a column whose texts are all numbers, or all `true` and `false`, is one of those; a number
    with a superfluous zero in front is none.

    `columns` names types that are not to be inferred.
    """

    def __init__(self, columns: Mapping[str, ColumnType] | None = None, *, texts: bool = False) -> None:
        self._given = dict(columns or {})
        self._seen: dict[str, _Seen] = {}
        self._texts = texts

    def add(self, record: Record) -> None:
        """Look at one record."""
        for name, value in record.items():
            seen = self._seen.get(name)
            if seen is None:
                if name in self._given:
                    continue
                seen = self._seen[name] = _Seen()
            if value is not None and type(value) is not seen.settled:
                seen.add(value, texts=self._texts)

    def types(self, changed: Iterable[str] = ()) -> dict[str, ColumnType]:
        """The types by column: first those that were given, then in the order of their first sight."""
        return self._given | {name: seen.type(timed=name in changed) for name, seen in self._seen.items()}

    def schema(
        self, name: str, *, key: Iterable[str], changed: Iterable[str] = (), partitioned_by: str | None = None
    ) -> ResourceSchema:
        """The schema of all records so far, its columns in the order of `types`.

        A change time whose texts are all timestamps is time also without zones: those are in UTC. Raises
        InvalidSchema, for a part of the key that no record has, too.
        """
        key, changed = tuple(key), tuple(changed)
        types = self.types(changed)
        for wanted, what in ((key, "primary key"), (changed, "cursor")):
            if missing := [part for part in wanted if part not in types]:
                known = ", ".join(types) or "nothing"
                raise InvalidSchema(f"{name}: no record has the {what} {missing[0]!r}; they have {known}")
        columns = tuple(Column(found, column_type) for found, column_type in types.items())
        return ResourceSchema(name, columns, key, changed, partitioned_by)


@dataclass(slots=True)
class _Seen:
    """What the values of one column have had in common so far."""

    kinds: set[Kind] = field(default_factory=set)
    shapes: set[Kind] | None = None  # what each of its texts could be
    naive: bool = False  # a timestamp had no zone
    doubles: bool = True  # a double's shortest text is each of its numbers
    settled: type | None = None  # no further value of this type tells anything new

    def add(self, value: Any, *, texts: bool) -> None:
        if isinstance(value, date | UUID):  # a script's own, and a datetime is a date
            value = wire(value)
        if not isinstance(value, str):
            self.kinds.add(kind := _kind(value))
            self.doubles = self.doubles and (kind not in _NUMBERS or _is_double(value))
            if isinstance(value, bool | list | dict):
                self.settled = type(value)
            return
        self.kinds.add(Kind.TEXT)
        if self.shapes is None:
            self.shapes = {kind for kind in _SHAPES if texts or kind not in _OF_TEXTS}
        # most columns of texts are soon known to be nothing else
        self.shapes = {kind for kind in self.shapes if _SHAPES[kind](value)} if self.shapes else self.shapes
        self.settled = None if self.shapes else str
        self.naive = self.naive or (Kind.TIMESTAMP in self.shapes and not _ZONED.fullmatch(value))

    def type(self, *, timed: bool) -> ColumnType:
        if self.kinds == {Kind.TEXT}:
            return ColumnType(self._text(timed=timed))
        if self.kinds and self.kinds <= _NUMBERS:
            widest = next(kind for kind in _WIDEST_FIRST if kind in self.kinds)
            return ColumnType(widest if self.doubles or widest is Kind.INT64 else Kind.DECIMAL)
        return ColumnType(next(iter(self.kinds)) if self.kinds in ({Kind.BOOL}, {Kind.BYTES}) else Kind.JSON)

    def _text(self, *, timed: bool) -> Kind:
        shapes = self.shapes or set()
        if self.naive and not timed:
            shapes = shapes - {Kind.TIMESTAMP}
        return next((kind for kind in _SHAPES if kind in shapes), Kind.TEXT)


def _kind(value: Any) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOL
    if isinstance(value, int):
        return Kind.INT64 if _LOW <= value <= _HIGH else Kind.DECIMAL
    if isinstance(value, Scientific | float):
        return Kind.FLOAT
    if isinstance(value, bytes):
        return Kind.BYTES
    return Kind.DECIMAL if isinstance(value, Decimal) else Kind.JSON


def _is_double(number: int | float | Decimal) -> bool:
    return -_LARGEST <= number <= _LARGEST and Decimal(repr(float(number))) == number


def _is(read: Callable[[str], object]) -> Callable[[str], bool]:
    def reads(text: str) -> bool:
        try:
            read(text)
        except BadValue:
            return False
        return True

    return reads


def _is_integer(text: str) -> bool:
    found = _PLAIN.fullmatch(text)
    return found is not None and not found[2] and not found[3] and text != "-0" and _LOW <= int(text) <= _HIGH


def _is_decimal(text: str) -> bool:
    found = _PLAIN.fullmatch(text)
    return found is not None and not found[3]


# the first that all texts are; the last three speak for texts of formats that have nothing else
_SHAPES: Mapping[Kind, Callable[[str], bool]] = {
    Kind.DATE: _is(day),
    Kind.TIMESTAMP: _is(moment),
    Kind.UUID: lambda text: _UUID.fullmatch(text) is not None,
    Kind.INT64: _is_integer,
    Kind.DECIMAL: _is_decimal,
    Kind.FLOAT: lambda text: _PLAIN.fullmatch(text) is not None and _is_double(Decimal(text)),
    Kind.BOOL: lambda text: text in ("true", "false"),
}
_OF_TEXTS = frozenset({Kind.INT64, Kind.DECIMAL, Kind.FLOAT, Kind.BOOL})
_WIDEST_FIRST = (Kind.FLOAT, Kind.DECIMAL, Kind.INT64)
_NUMBERS = frozenset(_WIDEST_FIRST)

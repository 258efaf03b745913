"""Give attributes the types that the configuration names: exactly, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from focus_assets.model.errors import BadValue, RowError
from focus_assets.model.jsontext import MAX_DEPTH, Json, NotNumber, Number, compact, read, too_deep_at
from focus_assets.model.records import Record, wire
from focus_assets.model.schema import Column, ColumnType, Kind
from focus_assets.model.values import canonical, decimal_of, start_of
from focus_assets.transform.pipeline import NOWHERE, Context

_INTEGER = re.compile(r"([+-]?)0*([0-9]+)")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MOST_DIGITS = 40  # of an integer in any of our types, and some more


@dataclass(frozen=True, slots=True)
class Cast:
    """Make attributes what these types are: a text that is a number a number, a number its text.

    Nothing is rounded, cut or guessed: 7.0 is the integer 7, and 7.5 is none. `true`, `false`, 1 and 0 are booleans, in
    any case. A text cast to json is read as JSON. Null stays null, and an absent attribute absent.

    >>> list(Cast({"n": ColumnType(Kind.INT64), "price": ColumnType(Kind.DECIMAL)})({"n": "007", "price": "1.50"}))
    [{'n': 7, 'price': Decimal('1.5')}]
    """

    columns: Mapping[str, ColumnType]
    name: ClassVar[str] = "cast"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Raises BadValue with the column and the value for what is no value of the type."""
        cast = {
            name: _cast(name, record[name], column_type)
            for name, column_type in self.columns.items()
            if record.get(name) is not None
        }
        return (record | cast,)

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """What they become."""
        return {**before, **self.columns}


def _cast(name: str, value: Any, column_type: ColumnType) -> Any:
    said = wire(value)
    try:
        found = _AS.get(column_type.kind, _as_it_is)(said)
        return _value(canonical(Column(name, column_type), found), found, column_type.kind)
    except RowError as error:
        raise type(error)(error.problem, column=name, value=error.value or start_of(said)) from error


def _value(stored: Any, found: Json, kind: Kind) -> Any:
    """What the record holds from now on: what the column would, but JSON as values and bytes as their text."""
    if kind is Kind.JSON:
        return _plain(found)
    return found if kind is Kind.BYTES else stored


def _plain(found: Json) -> Any:
    if isinstance(found, Number):
        return decimal_of(found) if any(sign in found for sign in ".eE") else int(found)
    if isinstance(found, list):
        return [_plain(inner) for inner in found]
    if isinstance(found, dict):
        return {name: _plain(inner) for name, inner in found.items()}
    return found


def _as_it_is(said: Json) -> Json:
    return said


def _as_integer(said: Json) -> Json:
    if isinstance(said, str) and (written := _INTEGER.fullmatch(said)):
        return Number(f"{'-' if written[1] == '-' else ''}{written[2]}")
    if isinstance(said, str) and not isinstance(said, NotNumber):
        number = decimal_of(said)
        if number.adjusted() < _MOST_DIGITS and number == number.to_integral_value():
            return Number(int(number))
    raise BadValue("expected a whole number")


def _as_number(said: Json) -> Json:
    if isinstance(said, str) and not isinstance(said, NotNumber):
        decimal_of(said)
        return Number(said)
    raise BadValue("expected a number")


def _as_text(said: Json) -> Json:
    if isinstance(said, str):
        return str(said)
    return compact(said)


def _as_boolean(said: Json) -> Json:
    return _BOOLEANS.get(said.lower(), said) if isinstance(said, str) else said


def _as_json(said: Json) -> Json:
    if not isinstance(said, str) or isinstance(said, Number | NotNumber):
        return said
    if too_deep_at(said) is not None:
        raise BadValue(f"it is nested deeper than {MAX_DEPTH}")
    try:
        return read(said)
    except ValueError as error:
        raise BadValue("expected a text that is JSON") from error


_AS: Mapping[Kind, Callable[[Json], Json]] = {
    Kind.INT16: _as_integer,
    Kind.INT32: _as_integer,
    Kind.INT64: _as_integer,
    Kind.FLOAT: _as_number,
    Kind.DECIMAL: _as_number,
    Kind.TEXT: _as_text,
    Kind.BOOL: _as_boolean,
    Kind.JSON: _as_json,
}

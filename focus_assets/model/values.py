"""What a JSON value is worth in a column of a given type, exactly, or why it is refused.

One pure function a kind; nothing is cast, rounded, cut or guessed. `canonical` defines the meaning; whatever is faster
elsewhere has to agree with it.
"""

from __future__ import annotations

import decimal
import functools
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import date
from decimal import MAX_EMAX, MIN_EMIN, Decimal

from focus_assets.model import stamps
from focus_assets.model.errors import BadValue, RowError
from focus_assets.model.feed import Value
from focus_assets.model.jsontext import MAX_DIGITS, Json, NotNumber, Number, check_nested, check_text, compact
from focus_assets.model.schema import Column, ColumnType, Kind

BOUNDS: Mapping[Kind, tuple[int, int]] = {
    kind: (-(1 << bits - 1), (1 << bits - 1) - 1)
    for kind, bits in ((Kind.INT16, 16), (Kind.INT32, 32), (Kind.INT64, 64))
}
SAFE_INTEGER = 2**53  # every integer up to here is a double

_INTEGER = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ZERO = Decimal(0)
_WIDEST = ColumnType(Kind.DECIMAL, MAX_DIGITS, 0)
_TOO_LONG = f"written out it has more than {MAX_DIGITS:,} digits"
_START = 100  # characters of a value that an error keeps


def canonical(column: Column, found: Json) -> Value:
    """The row's value for what `jsontext.read` found under the column's name; null is None.

    Raises BadValue (DuplicateName for an object inside a json column) with the column and the value's start.
    """
    if found is None:
        return None
    typed, kind = _TYPED.get(column.type.kind), column.type.kind
    try:
        return typed(found, column.type) if typed else _PLAIN[kind](found)
    except RowError as error:
        raise type(error)(error.problem, column=column.name, value=start_of(found)) from error


def start_of(found: Json) -> str:
    """The first characters of a value as JSON, fit to be shown and stored."""
    return showable(compact(found)[:_START])


def showable(wire: str) -> str:
    """A text from outside without what neither a terminal nor a database takes."""
    return wire.encode(errors="backslashreplace").decode().replace("\0", "\ufffd")


def integer(found: Json, column_type: ColumnType) -> int:
    """An integer in the type's range."""
    wire = _number(found, "an integer")
    low, high = BOUNDS[column_type.kind]
    if _INTEGER.fullmatch(wire) is None:
        raise BadValue("expected an integer")
    if len(wire) > len(str(low)) or not low <= int(wire) <= high:
        raise BadValue(f"expected {column_type}: {low} to {high}")
    return int(wire)


def double(found: Json) -> float:
    """A finite double; an integer only when a double holds it, or it is a double's shortest text."""
    wire = _number(found, "a number")
    number = float(wire)
    if math.isinf(number):
        raise BadValue("it is beyond a double")
    return double_of_integer(int(wire)) if _INTEGER.fullmatch(wire) else number


def double_of_integer(number: int) -> float:
    """The double that stands for an integer; raises BadValue where none does."""
    if -SAFE_INTEGER <= number <= SAFE_INTEGER:
        return float(number)
    try:
        nearest = float(number)
    except OverflowError as error:
        raise BadValue("it is beyond a double") from error
    if number not in (int(nearest), int(Decimal(repr(nearest)))):
        raise BadValue("no double is this integer")
    return nearest


def exact_decimal(found: Json, column_type: ColumnType) -> Decimal:
    """A decimal from a number's own text, or from a string that holds one."""
    if not isinstance(found, str) or isinstance(found, NotNumber):
        raise BadValue("expected a decimal number")
    return fitted(decimal_of(found), column_type)


def decimal_of(text: str) -> Decimal:
    """The decimal that a text written as a JSON number holds, through no float; raises BadValue."""
    if _NUMBER.fullmatch(text) is None:
        raise BadValue("expected a decimal number")
    try:
        return Decimal(text)
    except decimal.InvalidOperation as error:
        raise BadValue("its exponent is out of all bounds") from error


def fitted(number: Decimal, column_type: ColumnType) -> Decimal:
    """The one decimal that stands for this value in the type: with its scale, else in the fewest digits.

    Raises BadValue where a digit would be lost.
    """
    if column_type.precision is None:
        return _fewest_digits(number)
    context, unit = decimal_frame(column_type)
    try:
        return context.quantize(number, unit) or unit - unit
    except decimal.DecimalException as error:
        raise BadValue(f"it does not fit {column_type}") from error


@functools.cache
def decimal_frame(column_type: ColumnType) -> tuple[decimal.Context, Decimal]:
    """A context that loses no digit, and the unit of the type's last place."""
    traps = [decimal.InvalidOperation, decimal.Inexact]
    unit = Decimal((0, (1,), -(column_type.scale or 0)))
    return decimal.Context(prec=column_type.precision, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=traps), unit


def _fewest_digits(number: Decimal) -> Decimal:
    context, unit = decimal_frame(_WIDEST)
    try:
        short = context.normalize(number) or _ZERO
    except decimal.DecimalException as error:
        raise BadValue(_TOO_LONG) from error
    places = -int(short.as_tuple().exponent)
    if places > MAX_DIGITS or short.adjusted() >= MAX_DIGITS:
        raise BadValue(_TOO_LONG)
    return short if places >= 0 else context.quantize(short, unit)


def text(found: Json) -> str:
    """Any text but one with NUL or a lone surrogate."""
    found = _string(found, "a string")
    check_text(found)
    return found


def uuid(found: Json) -> str:
    """A hyphenated UUID in any case, in lower case."""
    found = _string(found, "a UUID")
    if _UUID.fullmatch(found) is None:
        raise BadValue("expected a UUID such as 123e4567-e89b-12d3-a456-426614174000")
    return found.lower()


def timestamp(found: Json) -> str:
    """A moment in UTC with six fractional digits."""
    return stamps.canonical(_string(found, "a timestamp"))


def day(found: Json) -> str:
    """A date of the calendar."""
    found = _string(found, "a date")
    if _DATE.fullmatch(found) is None:
        raise BadValue("expected a date such as 2025-07-01")
    try:
        return date.fromisoformat(found).isoformat()
    except ValueError as error:
        raise BadValue("there is no such day") from error


def boolean(found: Json) -> bool:
    """True or false, and nothing that is like it."""
    if not isinstance(found, bool):
        raise BadValue("expected true or false")
    return found


def json_text(found: Json) -> str:
    """Any JSON value as its compact text, numbers as they were written."""
    check_nested(found)
    return compact(found)


def binary(found: Json) -> bytes:
    """Standard base64, padded, without a superfluous bit."""
    found = _string(found, "base64")
    try:
        content = b64decode(found, validate=True)
    except ValueError as error:  # what is not ASCII, too
        raise BadValue("expected standard base64") from error
    if b64encode(content).decode() != found:
        raise BadValue("expected standard base64")
    return content


def text_list(found: Json) -> list[str]:
    """A list of strings, none of them null."""
    if not isinstance(found, list):
        raise BadValue("expected a list of strings")
    return [text(element) for element in found]


def _number(found: Json, expected: str) -> str:
    if not isinstance(found, Number):
        raise BadValue(f"expected {expected}")
    return found


def _string(found: Json, expected: str) -> str:
    if not isinstance(found, str) or isinstance(found, Number | NotNumber):
        raise BadValue(f"expected {expected}")
    return found


_TYPED: Mapping[Kind, Callable[[Json, ColumnType], Value]] = {
    Kind.INT16: integer,
    Kind.INT32: integer,
    Kind.INT64: integer,
    Kind.DECIMAL: exact_decimal,
}
_PLAIN: Mapping[Kind, Callable[[Json], Value]] = {
    Kind.FLOAT: double,
    Kind.TEXT: text,
    Kind.UUID: uuid,
    Kind.TIMESTAMP: timestamp,
    Kind.DATE: day,
    Kind.BOOL: boolean,
    Kind.JSON: json_text,
    Kind.BYTES: binary,
    Kind.TEXT_LIST: text_list,
}

"""What a record holds between an API's answer and a table: the values of JSON, no number through a float."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias
from uuid import UUID

from focus_assets.model.errors import BadValue, RowError
from focus_assets.model.jsontext import Json, Members, NotNumber, Number, compact

# str, int, Decimal, bool, None, lists and dicts of them; a user's own code may also put in what `wire` knows
Record: TypeAlias = dict[str, Any]

_SHOWN = 60  # characters of a key that an error shows


class Format(Enum):
    """How a body is written."""

    JSON = "json"
    NDJSON = "ndjson"
    XML = "xml"
    CSV = "csv"

    @property
    def has_texts_alone(self) -> bool:
        """Whether numbers and dates are texts in it, whose meaning only a column's type can tell."""
        return self in (Format.XML, Format.CSV)


class Scientific(Decimal):
    """A decimal that was written with an exponent: whoever writes so thinks of a float."""

    __slots__ = ()


def wire(value: object) -> Json:
    """What a value of a record says as JSON, exactly; raises BadValue for what no column can hold.

    Dates, UUIDs and bytes become the texts that columns of their types read; a datetime without a zone is in UTC.

    >>> wire({"n": 12, "price": Decimal("1.50")})
    {'n': '12', 'price': '1.50'}
    """
    if value is None or isinstance(value, bool | str):
        return value
    for kind, written in _WRITTEN.items():
        if isinstance(value, kind):
            return written(value)
    raise BadValue(f"a {type(value).__name__} is nothing that a column can hold")


def place_of(number: int, record: Record, key: tuple[str, ...] = ()) -> str:
    """How errors name a record: its number, and as much of its key as it has.

    >>> place_of(3, {"symbol": "AAPL", "open": 1}, ("symbol", "day"))
    "record 3 (symbol='AAPL')"
    """
    named = ", ".join(f"{name}={_shown(record[name])}" for name in key if record.get(name) is not None)
    return f"record {number:,} ({named})" if named else f"record {number:,}"


def _integer(value: int) -> Json:
    try:
        return Number(value)
    except ValueError as error:  # Python writes out no integer of more than 4,300 digits
        raise BadValue("the integer has far too many digits") from error


def _decimal(value: Decimal) -> Json:
    return Number(value) if value.is_finite() else NotNumber(value)


def _float(value: float) -> Json:
    return Number(repr(value)) if value - value == 0 else NotNumber(value)


def _list(values: list[object] | tuple[object, ...]) -> Json:
    return [wire(value) for value in values]


def _object(values: Mapping[Any, object]) -> Json:
    for name in values:
        if not isinstance(name, str):
            raise BadValue(f"an object's names are texts, and not {type(name).__name__}")
    members = Members((name, wire(value)) for name, value in values.items())
    members.twice = None
    return members


def _moment(value: datetime) -> str:
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()


_WRITTEN: Mapping[type, Callable[[Any], Json]] = {
    int: _integer,
    Decimal: _decimal,
    float: _float,
    list: _list,
    tuple: _list,
    dict: _object,
    datetime: _moment,  # before date, which a datetime is too
    date: date.isoformat,
    UUID: str,
    bytes: lambda value: b64encode(value).decode(),
}


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(value[:_SHOWN])
    try:
        return compact(wire(value))[:_SHOWN]
    except RowError:
        return f"a {type(value).__name__}"

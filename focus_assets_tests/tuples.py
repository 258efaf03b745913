"""Read the tuples of PostgreSQL's binary COPY back into the rows that they were made of.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from focus_assets.model.feed import PackedRows, Row, Value
from focus_assets.model.schema import Column, Kind
from focus_assets.model.stamps import text_of

_EPOCH = date(2000, 1, 1).toordinal()
_EPOCH_MICROS = 946_684_800 * 10**6


def one_by_one(rows: Sequence[Row], columns: Sequence[Column]) -> list[Row]:
    """The rows; of packed ones what their bytes say, which has to be what they say when they are asked one by one."""
    if not isinstance(rows, PackedRows):
        return list(rows)
    found = list(rows_of(rows.tuples, columns))
    assert repr(found) == repr(list(rows))
    assert len(found) == len(rows)
    return found


def rows_of(tuples: bytes, columns: Sequence[Column]) -> Iterator[Row]:
    """Every row of the bytes, without COPY's header and trailer."""
    at = 0
    while at < len(tuples):
        (width,) = struct.unpack_from("!h", tuples, at)
        assert width == len(columns)
        at += 2
        row: list[Value] = []
        for column in columns:
            field, at = _field(tuples, at)
            row.append(None if field is None else _READ[column.type.kind](field))
        yield tuple(row)


def _field(data: bytes, at: int) -> tuple[bytes | None, int]:
    (length,) = struct.unpack_from("!i", data, at)
    at += 4
    return (None, at) if length < 0 else (data[at : at + length], at + length)


def _integer(field: bytes) -> int:
    return int.from_bytes(field, "big", signed=True)


def _numeric(field: bytes) -> Decimal:
    count, weight, sign, places = struct.unpack_from("!hhHh", field)
    groups = struct.unpack_from(f"!{count}h", field, 8)
    assert len(field) == 8 + 2 * count
    assert sign in (0, 0x4000)
    whole = 0
    for group in groups:
        whole = whole * 10_000 + group
    shift = 4 * (weight + 1 - count) + places
    unscaled, rest = divmod(whole * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    assert rest == 0
    return Decimal((sign >> 14, tuple(map(int, str(unscaled))), -places))


def _texts(field: bytes) -> list[str]:
    dimensions, nulls, kind = struct.unpack_from("!iii", field)
    assert (nulls, kind) == (0, 25)
    if not dimensions:
        return []
    count, first = struct.unpack_from("!ii", field, 12)
    assert (dimensions, first) == (1, 1)
    found, at = [], 20
    for _ in range(count):
        element, at = _field(field, at)
        assert element is not None
        found.append(element.decode())
    return found


def _json(field: bytes) -> str:
    assert field[0] == 1
    return field[1:].decode()


_READ: Mapping[Kind, Callable[[bytes], Value]] = {
    Kind.INT16: _integer,
    Kind.INT32: _integer,
    Kind.INT64: _integer,
    Kind.FLOAT: lambda field: float(struct.unpack("!d", field)[0]),
    Kind.DECIMAL: _numeric,
    Kind.TEXT: bytes.decode,
    Kind.UUID: lambda field: str(uuid.UUID(bytes=field)),
    Kind.TIMESTAMP: lambda field: text_of(_integer(field) + _EPOCH_MICROS),
    Kind.DATE: lambda field: date.fromordinal(_integer(field) + _EPOCH).isoformat(),
    Kind.BOOL: lambda field: {b"\0": False, b"\1": True}[field],
    Kind.JSON: _json,
    Kind.BYTES: bytes,
    Kind.TEXT_LIST: _texts,
}

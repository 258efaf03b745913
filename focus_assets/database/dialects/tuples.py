"""Write rows as the tuples of PostgreSQL's binary COPY; packed ones are such already.

https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from focus_assets.database.dialects.adapt import Adapt, adapter
from focus_assets.model.feed import PackedRows, Row
from focus_assets.model.schema import Column, Kind

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_WIDTH, _LENGTH = struct.Struct("!h").pack, struct.Struct("!i").pack
_NAMES: Mapping[Kind, str] = {
    Kind.INT16: "int2",
    Kind.INT32: "int4",
    Kind.INT64: "int8",
    Kind.FLOAT: "float8",
    Kind.DECIMAL: "numeric",
    Kind.TEXT: "text",
    Kind.UUID: "uuid",
    Kind.TIMESTAMP: "timestamptz",
    Kind.DATE: "date",
    Kind.BOOL: "bool",
    Kind.JSON: "jsonb",
    Kind.BYTES: "bytea",
    Kind.TEXT_LIST: "text[]",
}


def tuple_writer(cursor: Any, columns: Sequence[Column]) -> Callable[[Sequence[Row]], bytes]:
    """What makes of rows the tuples to send over psycopg's cursor, COPY's header before the first of them."""
    write, head = _row_writer(cursor, columns), [HEADER]

    def tuples(rows: Sequence[Row]) -> bytes:
        data = rows.tuples if isinstance(rows, PackedRows) else write(rows)
        return head.pop() + data if head else data

    return tuples


def _row_writer(cursor: Any, columns: Sequence[Column]) -> Callable[[Sequence[Row]], bytes]:
    from psycopg.adapt import PyFormat, Transformer
    from psycopg.pq import Format
    from psycopg.types.json import Jsonb

    transformer = Transformer(cursor)
    types = cursor.adapters.types
    transformer.set_dumper_types([types.get_oid(_NAMES[column.type.kind]) for column in columns], Format.BINARY)
    objects: Mapping[Kind, Callable[[Any], Any]] = {
        Kind.UUID: uuid.UUID,
        Kind.TIMESTAMP: datetime.fromisoformat,
        Kind.DATE: date.fromisoformat,
        Kind.JSON: lambda text: Jsonb(text, dumps=str),
    }
    adapt = adapter(columns, {kind: _typeless(make) for kind, make in objects.items()})
    formats = [PyFormat.BINARY] * len(columns)
    width = _WIDTH(len(columns))

    def write(rows: Sequence[Row]) -> bytes:
        data = bytearray()
        for row in adapt(rows):
            data += width
            for field in transformer.dump_sequence(row, formats):
                data += _NULL if field is None else _LENGTH(len(field)) + field
        return bytes(data)

    return write


def _typeless(make: Callable[[Any], Any]) -> Adapt:
    return lambda value, _type: make(value)

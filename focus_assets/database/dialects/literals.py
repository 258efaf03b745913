"""Write values as SQL literals, for databases that take rows fastest as the text of one statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from focus_assets.database.dialects.texts import decimal_text, list_text
from focus_assets.model.feed import Value
from focus_assets.model.schema import ColumnType, Kind

Writer = Callable[[Value, ColumnType], str]


def writers(text: Callable[[str], str], hexed: Callable[[str], str]) -> dict[Kind, Writer]:
    """One writer for each kind; `text` quotes a text of any content, `hexed` makes bytes of hexadecimal digits."""

    def any_text(value: Value, _type: ColumnType) -> str:
        return text(cast("str", value))

    def list_of_texts(value: Value, column_type: ColumnType) -> str:
        return text(list_text(value, column_type))

    def some_bytes(value: Value, _type: ColumnType) -> str:
        return hexed(cast("bytes", value).hex())

    return {
        Kind.INT16: _plain,
        Kind.INT32: _plain,
        Kind.INT64: _plain,
        Kind.FLOAT: _double,
        Kind.DECIMAL: _decimal,
        Kind.TEXT: any_text,
        Kind.UUID: _quoted,
        Kind.TIMESTAMP: _moment,
        Kind.DATE: _quoted,
        Kind.BOOL: _truth,
        Kind.JSON: any_text,
        Kind.BYTES: some_bytes,
        Kind.TEXT_LIST: list_of_texts,
    }


def _plain(value: Value, _type: ColumnType) -> str:
    return repr(value)


def _double(value: Value, _type: ColumnType) -> str:
    """Without an exponent it would be a decimal first."""
    text = repr(value)
    return text if "e" in text else f"{text}e0"


def _moment(value: Value, _type: ColumnType) -> str:
    return f"'{cast('str', value)[:-1]}'"


def _quoted(value: Value, _type: ColumnType) -> str:
    return f"'{cast('str', value)}'"


def _truth(value: Value, _type: ColumnType) -> str:
    return "1" if value else "0"


def _decimal(value: Value, column_type: ColumnType) -> str:
    """A text: literals of several scales in one statement would be brought to one."""
    return f"'{decimal_text(value, column_type)}'"

"""Keep as text, one text a value, what a database has no exact type for; a view casts what is a number."""

from __future__ import annotations

import decimal
import functools
import json
from collections.abc import Callable, Container
from typing import Any

import sqlalchemy as sa

from focus_assets.model.feed import Value
from focus_assets.model.schema import ColumnType

_EXACT = decimal.Context(prec=2000)
_PLAIN = 6  # so many decimal places are always written out; with more a small number gets an exponent


def decimal_text(value: Value, column_type: ColumnType) -> str:
    """One text for one number: the declared scale, or no trailing zeros."""
    return _decimal_writer(column_type.scale)(value)


@functools.cache
def _decimal_writer(scale: int | None) -> Callable[[Any], str]:
    """By the scale alone: to find a type again takes longer than to write a number."""
    if scale is None:
        return lambda number: format(number.normalize(_EXACT), "f")
    unit, fitted = decimal.Decimal(1).scaleb(-scale), _EXACT.quantize
    if scale <= _PLAIN:
        return lambda number: str(fitted(number, unit))
    return lambda number: format(fitted(number, unit), "f")


def list_text(value: Value, _type: ColumnType) -> str:
    """A list of texts as a JSON array."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def numeric_view(
    table: sa.Table,
    dialect: sa.Dialect,
    *,
    decimals: Container[str],
    cast: Callable[[sa.ColumnElement[Any]], sa.ColumnElement[Any]],
) -> list[str]:
    """The statements that make `<table>__numeric`, where decimals that are texts are rounded numbers; may be none."""
    if not any(column.name in decimals for column in table.columns):
        return []
    shown = [cast(column).label(column.name) if column.name in decimals else column for column in table.columns]
    query = sa.select(*shown).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    view = sa.Table(sa.quoted_name(f"{table.name}__numeric", quote=True), sa.MetaData(), schema=table.schema)
    name = dialect.identifier_preparer.format_table(view)
    return [f"DROP VIEW IF EXISTS {name}", f"CREATE VIEW {name} AS {query}"]

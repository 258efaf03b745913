"""Turn canonical values into what one database takes, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from focus_assets.model.feed import Row, Value
from focus_assets.model.schema import Column, ColumnType, Kind

Adapt = Callable[[Value, ColumnType], Value]


def adapter(columns: Sequence[Column], by_kind: Mapping[Kind, Adapt]) -> Callable[[Sequence[Row]], Sequence[Row]]:
    """A function over rows that touches only the columns whose kind needs it; NULL stays NULL."""
    changes = [(place, by_kind[c.type.kind], c.type) for place, c in enumerate(columns) if c.type.kind in by_kind]
    if not changes:
        return lambda rows: rows

    def adapt(rows: Sequence[Row]) -> Sequence[Row]:
        if not rows:
            return rows
        lanes: list[Iterable[Value]] = list(zip(*rows, strict=True))
        for place, change, column_type in changes:
            lanes[place] = [None if value is None else change(value, column_type) for value in lanes[place]]
        return list(zip(*lanes, strict=True))

    return adapt

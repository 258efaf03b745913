"""Add attributes: constants, and what JMESPath makes of a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from focus_assets.model.errors import BadValue
from focus_assets.model.paths import path
from focus_assets.model.records import Record
from focus_assets.model.schema import ColumnType
from focus_assets.transform.pipeline import NOWHERE, Context

PARTITION = "{partition}"


@dataclass(frozen=True, slots=True)
class Constants:
    """Give every record the same values; `{partition}` in a text stands for the partition that was asked for.

    >>> list(Constants({"symbol": "{partition}", "unit": 1})({"open": 2}, Context(partition="AAPL")))
    [{'open': 2, 'symbol': 'AAPL', 'unit': 1}]
    """

    columns: Mapping[str, Any]
    name: ClassVar[str] = "constants"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """What a record had under one of these names is replaced."""
        return (record | {name: _filled(value, context) for name, value in self.columns.items()},)

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """Those of the others."""
        return {name: column_type for name, column_type in before.items() if name not in self.columns}


@dataclass(frozen=True, slots=True)
class Derive:
    """Give records what a JMESPath finds in them; each sees the record as it was before the step.

    >>> list(Derive({"city": "address.city", "n": "length(tags)"})({"address": {"city": "Oslo"}, "tags": ["a", "b"]}))
    [{'address': {'city': 'Oslo'}, 'tags': ['a', 'b'], 'city': 'Oslo', 'n': 2}]
    """

    columns: Mapping[str, str]
    name: ClassVar[str] = "derive"

    def __post_init__(self) -> None:
        """Raises InvalidConfiguration for what is no JMESPath."""
        for expression in self.columns.values():
            path(expression)

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Raises BadValue where a function of the path does not take what it finds."""
        return (record | {name: _found(name, expression, record) for name, expression in self.columns.items()},)

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """Those of the others."""
        return {name: column_type for name, column_type in before.items() if name not in self.columns}


def _filled(value: Any, context: Context) -> Any:
    return value.replace(PARTITION, context.partition) if isinstance(value, str) else value


def _found(name: str, expression: str, record: Record) -> Any:
    try:
        return path(expression).find(record)
    except BadValue as error:
        raise BadValue(error.problem, column=name) from error

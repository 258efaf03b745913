"""Choose attributes and give them other names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from focus_assets.model.errors import BadValue
from focus_assets.model.records import Record
from focus_assets.model.schema import ColumnType
from focus_assets.transform.pipeline import NOWHERE, Context


@dataclass(frozen=True, slots=True)
class Rename:
    """Give attributes the names of columns, all at once: two may swap theirs. An absent one stays absent.

    >>> list(Rename({"open": "open_price"})({"open": 1, "day": "2024-01-02"}))
    [{'open_price': 1, 'day': '2024-01-02'}]
    """

    columns: Mapping[str, str]
    name: ClassVar[str] = "rename"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Raises BadValue where two attributes would have one name."""
        renamed = {self.columns.get(name, name): value for name, value in record.items()}
        if len(renamed) < len(record):
            names = [self.columns.get(name, name) for name in record]
            twice = next(name for name in names if names.count(name) > 1)
            raise BadValue("two attributes would have this name", column=twice)
        return (renamed,)

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """They move with the names."""
        return {self.columns.get(name, name): column_type for name, column_type in before.items()}


@dataclass(frozen=True, slots=True)
class Select:
    """Keep these attributes, in this order; an absent one stays absent.

    >>> list(Select(("b", "a"))({"a": 1, "b": 2, "c": 3}))
    [{'b': 2, 'a': 1}]
    """

    columns: tuple[str, ...]
    name: ClassVar[str] = "select"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Refuses nothing."""
        return ({name: record[name] for name in self.columns if name in record},)

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """Those of the kept."""
        return {name: column_type for name, column_type in before.items() if name in self.columns}


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave these attributes out.

    >>> list(Drop(("c",))({"a": 1, "c": 3}))
    [{'a': 1}]
    """

    columns: tuple[str, ...]
    name: ClassVar[str] = "drop"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Refuses nothing."""
        return ({name: value for name, value in record.items() if name not in self.columns},)

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """Those of the kept."""
        return {name: column_type for name, column_type in before.items() if name not in self.columns}

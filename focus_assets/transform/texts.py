"""Clean texts of what nobody meant to write."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from focus_assets.model.records import Record
from focus_assets.model.schema import ColumnType
from focus_assets.transform.pipeline import NOWHERE, Context

_KEPT = "\t\n\r"  # control characters that belong into texts


@dataclass(frozen=True, slots=True)
class Trim:
    """Take the spaces from both ends of texts: of these attributes, or (None) of all.

    >>> list(Trim()({"name": " Oslo ", "n": 1}))
    [{'name': 'Oslo', 'n': 1}]
    """

    columns: tuple[str, ...] | None = None
    name: ClassVar[str] = "trim"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Refuses nothing."""
        chosen = self.columns
        return (
            {
                name: value.strip() if isinstance(value, str) and (chosen is None or name in chosen) else value
                for name, value in record.items()
            },
        )

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """As they were."""
        return before


@dataclass(frozen=True, slots=True)
class Clean:
    """Clean the texts of these attributes, or (None) of all: each of the three is a wish of its own.

    `collapse_spaces`: any run of white space is one space. `remove_control`: characters that control a terminal, and
    NUL, which no database takes, are left out. `empty_as_null`: a text without a character is null. In this order.

    >>> list(Clean(collapse_spaces=True, empty_as_null=True)({"name": "Oslo   S", "note": ""}))
    [{'name': 'Oslo S', 'note': None}]
    """

    columns: tuple[str, ...] | None = None
    collapse_spaces: bool = False
    remove_control: bool = False
    empty_as_null: bool = False
    name: ClassVar[str] = "clean"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Refuses nothing."""
        chosen = self.columns
        return (
            {
                name: self._cleaned(value) if isinstance(value, str) and (chosen is None or name in chosen) else value
                for name, value in record.items()
            },
        )

    def _cleaned(self, text: str) -> str | None:
        if self.collapse_spaces:
            text = " ".join(text.split())
        if self.remove_control:
            text = "".join(letter for letter in text if letter in _KEPT or unicodedata.category(letter) != "Cc")
        return None if self.empty_as_null and not text else text

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """As they were."""
        return before

"""Say what there is to serve: resources, their attributes, and the rows of each country."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

KeyValue = str | int
Key = tuple[KeyValue, ...]
Record = dict[str, object]


class Rows(Protocol):
    """The rows of one resource in one country, numbered from 0 and made only when they are asked for.

    `size` rows are there at the start; any higher number names a row that is made later. The same
    number and revision always give the same content.
    """

    @property
    def size(self) -> int:
        """How many rows there are at the start."""

    def key(self, index: int) -> Key:
        """The values of the key, in the order of the attributes."""

    def line(self, index: int, revision: int, created: str, updated: str) -> str:
        """One line of JSON without its newline; both times are JSON texts already."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column as the schema's answer describes it."""

    name: str
    type: str
    key: bool = False
    foreign_key: str | None = None

    def described(self) -> dict[str, object]:
        """Its entry in the schema's answer."""
        return {self.name: {"primary_key": self.key, "foreign_key": self.foreign_key, "type": self.type}}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: its attributes in the order of the lines, and where the rows of a country come from."""

    name: str
    attributes: tuple[Attribute, ...]
    rows: Callable[[str], Rows]

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key's attributes."""
        return tuple(attribute.name for attribute in self.attributes if attribute.key)

    def described(self) -> dict[str, object]:
        """Its entry in the schema's answer."""
        return {
            "attributes": [attribute.described() for attribute in self.attributes],
            "allowedQueryModes": ["full", "delta"],
        }


Services = dict[str, tuple[Resource, ...]]


class Listed:
    """Rows that are a list of records, plus records invented later; a revision changes one of them.

    A record holds every attribute but the two times; one that it lacks is absent in the line.
    """

    def __init__(
        self,
        keys: Sequence[str],
        load: Callable[[], Sequence[Record]],
        *,
        invent: Callable[[int], Record],
        revise: Callable[[Record, int], Record],
    ) -> None:
        self._keys, self._load = tuple(keys), load
        self._invent, self._revise = invent, revise

    @cached_property
    def _records(self) -> Sequence[Record]:
        return self._load()

    @property
    def size(self) -> int:
        """How many rows there are at the start."""
        return len(self._records)

    def key(self, index: int) -> Key:
        """The values of the key."""
        record = self._record(index)
        return tuple(_key_value(record[name]) for name in self._keys)

    def line(self, index: int, revision: int, created: str, updated: str) -> str:
        """One line, the times last."""
        record = self._record(index)
        revised = self._revise(record, revision) if revision else record
        return f'{write_json(revised)[:-1]},"created_at":{created},"updated_at":{updated}}}'

    def _record(self, index: int) -> Record:
        return self._records[index] if index < self.size else self._invent(index)


def write_json(value: object) -> str:
    """Compact JSON, UTF-8 as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _key_value(value: object) -> KeyValue:
    if isinstance(value, str | int):
        return value
    raise TypeError(f"a key is text or a whole number, not {value!r}")


def attributes(*columns: str, key: Sequence[str], times: str = "time") -> tuple[Attribute, ...]:
    """Attributes from `name:type` texts, with the two times last."""
    pairs = [column.split(":", 1) for column in columns]
    named = [Attribute(name, type_name, name in key) for name, type_name in pairs]
    return (*named, Attribute("created_at", times), Attribute("updated_at", times))

"""Change what a resource looks like while it is served: columns come, go and change their type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from focus_assets.sandbox.data import Attribute, Key, Resource, Rows, write_json

_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Alteration:
    """`add` maps a new column to its type and the value of every row; `retype` changes the schema alone."""

    add: Mapping[str, tuple[str, object]] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    retype: Mapping[str, str] = field(default_factory=dict)

    def of(self, resource: Resource) -> Resource:
        """The resource as it looks afterwards. ValueError where a column is not there, or there already."""
        names = {attribute.name for attribute in resource.attributes}
        if unknown := sorted((self.drop | set(self.retype)) - names):
            raise ValueError(f"{resource.name} has no column {unknown[0]!r}")
        if there := sorted(set(self.add) & names):
            raise ValueError(f"{resource.name} has a column {there[0]!r} already")
        if keys := sorted(self.drop & set(resource.key_names)):
            raise ValueError(f"{keys[0]!r} is part of the key of {resource.name}")
        return Resource(
            resource.name, self._attributes(resource), lambda country: Altered(resource.rows(country), self)
        )

    def _attributes(self, resource: Resource) -> tuple[Attribute, ...]:
        kept = (attribute for attribute in resource.attributes if attribute.name not in self.drop)
        retyped = (replace(attribute, type=self.retype.get(attribute.name, attribute.type)) for attribute in kept)
        return (*retyped, *(Attribute(name, type_name) for name, (type_name, _) in self.add.items()))

    def line(self, line: str) -> str:
        """One line as it looks afterwards; what stays keeps its very text."""
        kept = [f"{write_json(name)}:{text}" for name, text in members(line) if name not in self.drop]
        added = [f"{write_json(name)}:{write_json(value)}" for name, (_, value) in self.add.items()]
        return f"{{{','.join((*kept, *added))}}}"


class Altered:
    """Rows that look different from how they were made."""

    def __init__(self, rows: Rows, alteration: Alteration) -> None:
        self._rows, self._alteration = rows, alteration

    @property
    def size(self) -> int:
        """How many rows there are at the start."""
        return self._rows.size

    def key(self, index: int) -> Key:
        """The values of the key."""
        return self._rows.key(index)

    def line(self, index: int, revision: int, created: str, updated: str) -> str:
        """One line."""
        return self._alteration.line(self._rows.line(index, revision, created, updated))


def members(line: str) -> Iterator[tuple[str, str]]:
    """The names of a compact JSON object with the texts of their values, untouched."""
    position = 1
    while line[position] != "}":
        name, colon = _DECODER.raw_decode(line, position)
        _, position = _DECODER.raw_decode(line, colon + 1)
        yield name, line[colon + 1 : position]
        position += line[position] == ","

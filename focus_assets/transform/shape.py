"""Turn what is nested into attributes and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from focus_assets.model.errors import BadValue
from focus_assets.model.records import Record
from focus_assets.model.schema import ColumnType
from focus_assets.transform.pipeline import NOWHERE, Context


@dataclass(frozen=True, slots=True)
class Flatten:
    """Make the members of objects into attributes, down to `depth` levels (None: all).

    Lists, what is deeper, and the attributes to `keep` stay as they are, which a json column takes. An empty object
    has no members, and leaves nothing.

    >>> list(Flatten()({"id": 1, "address": {"city": "Oslo", "at": {"lat": 59}}}))
    [{'id': 1, 'address_city': 'Oslo', 'address_at_lat': 59}]
    >>> list(Flatten(separator=".", depth=1)({"a": {"b": {"c": 1}}}))
    [{'a.b': {'c': 1}}]
    """

    separator: str = "_"
    depth: int | None = None
    keep: tuple[str, ...] = ()
    name: ClassVar[str] = "flatten"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Raises BadValue where two attributes would have one name."""
        flat: Record = {}
        for name, value in self._members(record, "", 0):
            if name in flat:
                raise BadValue("two attributes would have this name", column=name)
            flat[name] = value
        return (flat,)

    def _members(self, members: Mapping[str, Any], prefix: str, level: int) -> Iterator[tuple[str, Any]]:
        for name, value in members.items():
            whole = prefix + name
            opens = isinstance(value, dict) and whole not in self.keep and (self.depth is None or level < self.depth)
            if opens:
                yield from self._members(value, whole + self.separator, level + 1)
            else:
                yield whole, value

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """A typed attribute that was an object is gone; all others stay."""
        return before


@dataclass(frozen=True, slots=True)
class ExplodeKeys:
    """Make an object that is keyed by a time (or by anything) into one row a key, which becomes the attribute `into`.

    The object is the record itself, or its attribute `at`; then the record's other attributes stand in each row. What
    is under a key is an object, whose members are the row; or, with `value`, it is put under that name as it is.

    >>> list(ExplodeKeys("day")({"2024-01-02": {"open": 1}, "2024-01-03": {"open": 2}}))
    [{'day': '2024-01-02', 'open': 1}, {'day': '2024-01-03', 'open': 2}]
    >>> list(ExplodeKeys("day", at="rates", value="rate")({"base": "EUR", "rates": {"2024-01-02": 11.2}}))
    [{'base': 'EUR', 'day': '2024-01-02', 'rate': 11.2}]
    """

    into: str
    at: str | None = None
    value: str | None = None
    name: ClassVar[str] = "explode_keys"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterator[Record]:
        """Raises BadValue for what is no such object, and where two attributes would have one name."""
        rest = {name: value for name, value in record.items() if self.at is not None and name != self.at}
        for key, inner in self._opened(record).items():
            members = self._row(key, inner)
            if twice := [name for name in members if name in rest]:
                raise BadValue("two attributes would have this name", column=twice[0])
            yield rest | members

    def _opened(self, record: Record) -> Mapping[str, Any]:
        if self.at is None:
            return record
        if self.at not in record:
            raise BadValue("there is no such attribute to explode", column=self.at)
        found = record[self.at]
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise BadValue("expected an object whose names become rows", column=self.at, value=str(found)[:100])
        return found

    def _row(self, key: str, inner: Any) -> Record:
        if self.value is not None:
            return {self.into: key, self.value: inner}
        if not isinstance(inner, dict):
            raise BadValue(f"expected an object under {key[:60]!r}", value=str(inner)[:100])
        if self.into in inner:
            raise BadValue("two attributes would have this name", column=self.into)
        return {self.into: key, **inner}

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """Those of the attributes that stand in each row."""
        return before

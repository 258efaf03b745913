"""Which typed row a record is, exactly, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from focus_assets.model import values
from focus_assets.model.errors import BadValue, MissingKey, RowError
from focus_assets.model.feed import Row, Value
from focus_assets.model.jsontext import Json, Number
from focus_assets.model.records import Record, place_of, wire
from focus_assets.model.schema import Column, ColumnType, Kind, ResourceSchema
from focus_assets.model.values import BOUNDS, canonical

_NUMERIC = frozenset({Kind.INT16, Kind.INT32, Kind.INT64, Kind.FLOAT})
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}


def _integer(found: Any, column_type: ColumnType) -> Value:
    low, high = BOUNDS[column_type.kind]
    if not low <= found <= high:
        raise BadValue("it is out of range")
    return int(found)


def _decimal(found: Any, column_type: ColumnType) -> Value:
    if not found.is_finite():
        raise BadValue("it is no number")
    return values.fitted(found, column_type)


# of most values the type alone tells how `canonical` would read them; where one raises, `canonical` has the word
_Usual: TypeAlias = tuple[type, Callable[[Any, ColumnType], Value]]
_USUAL: Mapping[Kind, _Usual] = {
    Kind.INT16: (int, _integer),
    Kind.INT32: (int, _integer),
    Kind.INT64: (int, _integer),
    Kind.DECIMAL: (Decimal, _decimal),
    Kind.BOOL: (bool, lambda found, _: found),
    Kind.TEXT: (str, lambda found, _: values.text(found)),
    Kind.DATE: (str, lambda found, _: values.day(found)),
    Kind.TIMESTAMP: (str, lambda found, _: values.timestamp(found)),
    Kind.UUID: (str, lambda found, _: values.uuid(found)),
}
_NEVER: _Usual = (type, lambda found, _: found)  # no value of a record is a type


class RecordReader:
    """Reads records one by one; `ignored` gathers the attributes that they have and the schema lacks.

    Columns alone, in place of a schema, have no key. With `texts` the records come from a format of texts alone (XML,
    CSV): a text that is a number or `true` or `false` to the letter is one where the column says so. Nothing is cast
    otherwise.
    """

    def __init__(self, schema: ResourceSchema | tuple[Column, ...], *, texts: bool = False) -> None:
        self.columns = schema.columns if isinstance(schema, ResourceSchema) else schema
        self.ignored: set[str] = set()
        self._texts = texts
        self._key_columns = schema.key_columns if isinstance(schema, ResourceSchema) else ()
        self._key = tuple(column.name for column in self._key_columns)
        self._known = frozenset(column.name for column in self.columns)
        self._usual = [(column, *_USUAL.get(column.type.kind, _NEVER)) for column in self.columns]

    def row(self, record: Record, *, number: int) -> Row:
        """The values of the schema's columns in their order; an absent one is None.

        Raises BadValue, DuplicateName or MissingKey, with the record's `number` (from 1), its key as far as it has
        one, and the column.
        """
        if not self._known.issuperset(record):
            self.ignored.update(record.keys() - self._known)
        try:
            return tuple(
                [
                    read(found, column.type)
                    if type(found := record.get(column.name)) is kind
                    else self._value(column, found)
                    for column, kind, read in self._usual
                ]
            )
        except RowError:
            return self._exactly(record, number)

    def _exactly(self, record: Record, number: int) -> Row:
        """The same, value by value as `canonical` defines it, which names what is wrong."""
        try:
            return tuple(self._value(column, record.get(column.name)) for column in self.columns)
        except RowError as error:
            place = place_of(number, record, self._key)
            raise type(error)(error.problem, feed=place, column=error.column, value=error.value) from error

    def key(self, record: Record) -> Row | None:
        """The key of a record, for one that is put aside; None where it is not whole."""
        try:
            return tuple(self._value(column, record.get(column.name)) for column in self._key_columns)
        except RowError:
            return None

    def _value(self, column: Column, found: Any) -> Value:
        if found is None:
            if column.name in self._key:
                raise MissingKey("the primary key is null or absent", column=column.name)
            return None
        try:
            said = wire(found)
        except RowError as error:
            raise type(error)(error.problem, column=column.name) from error
        return canonical(column, as_typed(said, column.type.kind) if self._texts else said)


def as_typed(found: Json, kind: Kind) -> Json:
    """What a text of a format of texts alone stands for in a column of this kind; all else as it is."""
    if not isinstance(found, str) or isinstance(found, Number):
        return found
    if kind in _NUMERIC and _NUMBER.fullmatch(found):
        return Number(found)
    return _BOOLEANS.get(found, found) if kind is Kind.BOOL else found

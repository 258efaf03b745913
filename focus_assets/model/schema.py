"""What one resource looks like: its columns, their types, its key."""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from focus_assets.model.errors import InvalidSchema


class Kind(enum.Enum):
    """What a value can be, whatever the wire calls it."""

    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT = "float64"
    DECIMAL = "decimal"
    TEXT = "string"
    UUID = "uuid"
    TIMESTAMP = "time"
    DATE = "date"
    BOOL = "bool"
    JSON = "json"
    BYTES = "bytes"
    TEXT_LIST = "[]string"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A kind; a decimal has both precision and scale, or neither (any decimal)."""

    kind: Kind
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        if self.precision is None:
            return self.kind.value
        return f"{self.kind.value}({self.precision},{self.scale})"


KNOWN_TYPES: Mapping[str, ColumnType] = {
    "int16": ColumnType(Kind.INT16),
    "int32": ColumnType(Kind.INT32),
    "int": ColumnType(Kind.INT64),
    "int64": ColumnType(Kind.INT64),
    "database.nullint16": ColumnType(Kind.INT16),
    "float32": ColumnType(Kind.FLOAT),
    "float64": ColumnType(Kind.FLOAT),
    "string": ColumnType(Kind.TEXT),
    "uuid": ColumnType(Kind.UUID),
    "time": ColumnType(Kind.TIMESTAMP),
    "datetime": ColumnType(Kind.TIMESTAMP),
    "date": ColumnType(Kind.DATE),
    "bool": ColumnType(Kind.BOOL),
    "json": ColumnType(Kind.JSON),
    "bytes": ColumnType(Kind.BYTES),
    "[]string": ColumnType(Kind.TEXT_LIST),
    "decimal": ColumnType(Kind.DECIMAL),
}
MAX_PRECISION = 1000  # what PostgreSQL's numeric can declare
CHANGE_COLUMNS = ("created_at", "updated_at")
UNKEYABLE = frozenset({Kind.JSON, Kind.TEXT_LIST})  # equal values have more than one text

_DECIMAL = re.compile(r"decimal\( *([0-9]{1,4}) *, *([0-9]{1,4}) *\)")


def parse_type(text: str) -> ColumnType | None:
    """The type that the wire's name (in any case) stands for; None is an unknown one.

    >>> parse_type("Database.NullInt16").kind
    <Kind.INT16: 'int16'>
    >>> str(parse_type("decimal(18, 4)"))
    'decimal(18,4)'
    """
    if not text.isascii():
        return None
    name = text.strip().lower()
    return KNOWN_TYPES.get(name) or _parse_decimal(name)


def _parse_decimal(name: str) -> ColumnType | None:
    found = _DECIMAL.fullmatch(name)
    if found is None:
        return None
    precision, scale = int(found[1]), int(found[2])
    fits = 1 <= precision <= MAX_PRECISION and scale <= precision
    return ColumnType(Kind.DECIMAL, precision, scale) if fits else None


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute of a resource."""

    name: str
    type: ColumnType


@dataclass(frozen=True)
class ResourceSchema:
    """The columns of a resource in the server's order, and its key.

    `changed` names the columns that say when a row was created or last changed; `partitioned_by` is the column
    that we add to the table for the partition (None: one partition). Raises InvalidSchema.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    changed: tuple[str, ...] = ()
    partitioned_by: str | None = "_country"

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        self._insist(bool(self.key), "it has no primary key")
        self._insist(len(set(names)) == len(names), "two columns have the same name")
        self._insist(len(set(self.key)) == len(self.key), "the key names a column twice")
        self._insist({*self.key, *self.changed} <= set(names), "the key or a change time is not among the columns")
        keyable = all(self.column(name).type.kind not in UNKEYABLE for name in self.key)
        self._insist(keyable, "a json or list column cannot be a key")
        timed = all(self.column(name).type.kind is Kind.TIMESTAMP for name in self.changed)
        self._insist(timed, "a change time is not a timestamp")

    def __hash__(self) -> int:
        """Of the digest: every cache of what is made for a schema asks for it, and columns are many."""
        return hash((self.name, self.hash))

    def _insist(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise InvalidSchema(f"{self.name}: {otherwise}")

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The key's columns in the key's order."""
        return tuple(self.column(name) for name in self.key)

    @cached_property
    def hash(self) -> str:
        """Sixteen hex digits over names, types and key, whatever the order of the columns."""
        columns = sorted([column.name, str(column.type)] for column in self.columns)
        return _digest([columns, list(self.key), self.partitioned_by])

    @cached_property
    def key_hash(self) -> str:
        """Sixteen hex digits over what makes a row of the table the same row."""
        return _digest([list(self.key), self.partitioned_by])

    def to_json(self) -> dict[str, Any]:
        """A plain dict, for ledger and snapshots; `from_json` reads it."""
        return {
            "name": self.name,
            "columns": [{"name": column.name, "type": str(column.type)} for column in self.columns],
            "key": list(self.key),
            "changed": list(self.changed),
            "partitioned_by": self.partitioned_by,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> ResourceSchema:
        """The schema that `to_json` wrote; raises InvalidSchema on anything else."""
        try:
            return cls(
                name=found["name"],
                columns=tuple(_column_from(column) for column in found["columns"]),
                key=tuple(found["key"]),
                changed=tuple(found["changed"]),
                partitioned_by=found["partitioned_by"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidSchema(f"a stored schema that cannot be read: {error!r}") from error


def change_columns(columns: Iterable[Column]) -> tuple[str, ...]:
    """The names among `columns` that hold change times by convention."""
    timed = {column.name for column in columns if column.type.kind is Kind.TIMESTAMP}
    return tuple(name for name in CHANGE_COLUMNS if name in timed)


@dataclass(frozen=True, slots=True)
class SchemaDrift:
    """How one schema differs from another; `retyped` holds the columns as they are now."""

    added: tuple[Column, ...] = ()
    removed: tuple[Column, ...] = ()
    retyped: tuple[Column, ...] = ()
    key_changed: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.retyped or self.key_changed)

    def __str__(self) -> str:
        kinds = (("added", self.added), ("removed", self.removed), ("retyped", self.retyped))
        parts = [f"{what} {', '.join(column.name for column in columns)}" for what, columns in kinds if columns]
        return "; ".join([*parts, "the key changed"] if self.key_changed else parts) or "no difference"


def compare(old: ResourceSchema, new: ResourceSchema) -> SchemaDrift:
    """What changed between `old` and `new`; falsy where nothing did."""
    before = {column.name: column.type for column in old.columns}
    after = {column.name for column in new.columns}
    return SchemaDrift(
        added=tuple(column for column in new.columns if column.name not in before),
        removed=tuple(column for column in old.columns if column.name not in after),
        retyped=tuple(column for column in new.columns if before.get(column.name, column.type) != column.type),
        key_changed=old.key_hash != new.key_hash,
    )


def _column_from(found: Mapping[str, Any]) -> Column:
    column_type = parse_type(found["type"])
    if column_type is None:
        raise InvalidSchema(f"a stored schema has the unknown type {found['type']!r}")
    return Column(name=found["name"], type=column_type)


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]

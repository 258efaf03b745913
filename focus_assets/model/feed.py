"""What flows from a server's stream to a table: feeds, blocks of lines, batches of typed rows."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias, overload

# int (INT16/32/64) · float, finite (FLOAT) · Decimal, finite (DECIMAL) · bool (BOOL) · bytes (BYTES) · list[str]
# (TEXT_LIST) · str: TEXT as it is; UUID lower-case, hyphenated; TIMESTAMP `YYYY-MM-DDTHH:MM:SS.ffffffZ`; DATE
# `YYYY-MM-DD`; JSON its compact text · None: NULL or absent
Value: TypeAlias = int | float | Decimal | str | bool | bytes | list[str] | None
Row: TypeAlias = tuple[Value, ...]


class Feed(enum.Enum):
    """One of the streams of a resource and partition."""

    FULL = "full"
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"

    @property
    def deletes(self) -> bool:
        """Its lines are keys of rows that are gone."""
        return self is Feed.DELETED


@dataclass(frozen=True, slots=True)
class Block:
    """Complete lines of NDJSON.

    `first_line` counts from 1 and `first_byte` from 0 over the decoded body. The last line lacks its newline only
    when the body ended there: then `unterminated` is true.
    """

    data: bytes
    first_line: int
    first_byte: int
    unterminated: bool = False


@dataclass(frozen=True, slots=True)
class Page(Block):
    """The records of a page, not yet typed: `data` is its body, `first_line` the number of its first record."""

    records: Sequence[Any] = ()


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """A moment: microseconds since 1970 in UTC (floored), and the server's own text for it, verbatim.

    Where the watermarks are numbers: the number, and its digits.
    """

    micros: int
    wire: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was set aside: why, its start, and its key where that is whole."""

    line: int
    reason: str
    raw: str
    key: Row | None


class PrintableRows(list[Row]):
    """Rows none of whose texts (not lists of texts) holds a control character: a writer need not look for one."""

    __slots__ = ()


class PackedRows(Sequence[Row]):
    """Rows that are the tuples of PostgreSQL's binary COPY already, without its header and trailer.

    Whoever wants them one by one has them read, from where they were packed.
    """

    __slots__ = ("_count", "_read", "tuples")

    def __init__(self, tuples: bytes, count: int, read: Callable[[], Sequence[Row]]) -> None:
        self.tuples, self._count, self._read = tuples, count, read

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        return iter(self._read())

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        return self._read()[place]


@dataclass(frozen=True, slots=True)
class Batch:
    """Typed rows in the order of the schema's columns (of its key, for `deleted`).

    `newest` is the latest change time among the rows that is not beyond the server's clock; `future` counts the rows
    that are.
    """

    rows: Sequence[Row]
    newest: Stamp | None = None
    future: int = 0
    rejects: list[Reject] = field(default_factory=list)

"""Say what a database must be able to do for a mirror, and what each may do in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import sqlalchemy as sa

from focus_assets.model.errors import DatabaseError
from focus_assets.model.feed import Value
from focus_assets.model.schema import Column, ColumnType

Row = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a bulk write goes: a table and those of its columns that the rows hold, in the rows' order."""

    table: sa.Table
    columns: tuple[Column, ...]


class Dialect(Protocol):
    """What differs between databases, and nothing else."""

    name: ClassVar[str]
    has_schemas: ClassVar[bool]
    transactional_ddl: ClassVar[bool]

    def engine(self, url: sa.URL, *, lock_timeout: float) -> sa.Engine:
        """An engine whose transactions wait at most `lock_timeout` seconds for somebody else's lock."""
        ...

    def column_type(self, kind: ColumnType, *, key: bool) -> sa.types.TypeEngine[Any]:
        """The type that stores such values exactly."""
        ...

    def sequence_column(self) -> sa.Column[int]:
        """A column that numbers a stage's rows in their order of arrival."""
        ...

    def temporary(self) -> dict[str, Any]:
        """The arguments of `sa.Table` that make a table this connection's own, gone with it."""
        ...

    def latest(self, columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
        """The latest of some timestamps, NULLs passed over; comparable, never NULL itself."""
        ...

    def begin_write(self, connection: sa.Connection) -> None:
        """Begin the one transaction of a load, as a writer."""
        ...

    def write_rows(self, connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]]) -> int:
        """Write all batches by the fastest exact way, in order; returns how many rows."""
        ...

    def settled_stage(self, connection: sa.Connection, table: sa.Table) -> None:
        """Tell the planner what a stage holds, once it is filled."""
        ...

    def translate(self, error: BaseException, doing: str) -> DatabaseError | None:
        """Our name for a driver's error, None for what is not the driver's."""
        ...

    def numeric_view(self, table: sa.Table, columns: Sequence[Column]) -> str | None:
        """The statement of a view that casts decimals, where they are stored as text."""
        ...



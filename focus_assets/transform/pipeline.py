"""Run records through steps, one after the other, and say which record a step refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from focus_assets.model.errors import RowError
from focus_assets.model.records import Record, place_of
from focus_assets.model.schema import ColumnType


@dataclass(frozen=True, slots=True)
class Context:
    """Where records come from: the partition that was asked for, the first record's number, the key of a row."""

    partition: str = ""
    key: tuple[str, ...] = ()
    first: int = 1


NOWHERE = Context()


class Step(Protocol):
    """One step: a record in, its successors out; the record itself stays as it is."""

    name: ClassVar[str]

    def __call__(self, record: Record, context: Context) -> Iterable[Record]:
        """Raises RowError without a place: the pipeline knows it."""

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """The types that attributes have after this step because the configuration says so."""


class Transform:
    """Steps in their order.

    >>> from focus_assets.transform import Rename, Trim
    >>> list(pipeline([Rename({"open": "open_price"}), Trim()])([{"open": " 1.5 "}]))
    [{'open_price': '1.5'}]
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)

    def __call__(self, records: Iterable[Record], context: Context = NOWHERE) -> Iterator[Record]:
        """The records after all steps, as they come. Raises RowError: the record's number and key, the step."""
        for number, record in enumerate(records, context.first):
            yield from self.one(record, number, context)

    def one(self, record: Record, number: int, context: Context = NOWHERE) -> list[Record]:
        """What becomes of one record; raises RowError as above."""
        found = [record]
        for place, step in enumerate(self.steps, 1):
            found = [after for before in found for after in _after(step, before, number, context=context, place=place)]
        return found

    @property
    def types(self) -> Mapping[str, ColumnType]:
        """The columns whose types the steps say."""
        types: Mapping[str, ColumnType] = {}
        for step in self.steps:
            types = step.types(types)
        return types


def pipeline(steps: Iterable[Step]) -> Transform:
    """The transform that these steps make."""
    return Transform(tuple(steps))


def _after(step: Step, record: Record, number: int, *, context: Context, place: int) -> list[Record]:
    try:
        return list(step(record, context))
    except RowError as error:
        where = f"{place_of(number, record, context.key)}, step {place} ({step.name})"
        raise type(error)(error.problem, feed=where, column=error.column, value=error.value) from error

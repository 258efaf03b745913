"""Turn the records of a page into typed rows: transformed, completed by their partition, exact or refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from focus_assets.config import RestResource
from focus_assets.model.errors import RowError
from focus_assets.model.feed import Batch, Block, Page, Reject, Row, Stamp
from focus_assets.model.jsontext import compact
from focus_assets.model.records import Record, wire
from focus_assets.model.schema import Kind, ResourceSchema
from focus_assets.model.stamps import text_of
from focus_assets.model.values import showable
from focus_assets.sources.exact import MAX_RAW
from focus_assets.sources.layout import Times
from focus_assets.sources.rest.typed import RecordReader
from focus_assets.sources.rows import newest_of
from focus_assets.transform import Context, Transform

# rows in, the newest of their cursors out, and how many lie in the future
Newest: TypeAlias = Callable[[Sequence[Row]], tuple[Stamp | None, int]]


@dataclass(frozen=True, slots=True)
class Recorder:
    """Makes of a page's record what is to be stored."""

    resource: RestResource
    partition: str
    transform: Transform

    def records(self, record: Record, number: int) -> list[Record]:
        """The records that one record of a page becomes; raises RowError."""
        context = Context(self.partition, self.resource.primary_key)
        return [self._completed(made) for made in self.transform.one(record, number, context)]

    def _completed(self, record: Record) -> Record:
        missing = {name: self.partition for name in self.resource.filled if name not in record}
        return {**missing, **record} if missing else record


@dataclass(slots=True)
class _Piece:
    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


class RecordDecoder:
    """Decodes the pages of one resource and partition.

    `not_beyond` is the latest moment, in microseconds since 1970 UTC, that may be a watermark. With `quarantine` bad
    records become rejects; `hide` takes our credentials out of what is kept of them.
    """

    def __init__(
        self,
        schema: ResourceSchema,
        recorder: Recorder,
        *,
        not_beyond: int | None,
        quarantine: bool,
        hide: Callable[[str], str],
    ) -> None:
        resource = recorder.resource
        self._reader = RecordReader(schema, texts=resource.format.has_texts_alone)
        self._recorder, self._quarantine, self._hide = recorder, quarantine, hide
        self._newest = _newest_by(schema, resource, None if not_beyond is None else text_of(not_beyond))

    @property
    def ignored(self) -> frozenset[str]:
        """The attributes that the schema lacks and the records had, so far."""
        return frozenset(self._reader.ignored)

    def decode(self, block: Block) -> Batch:
        """The rows of a page; raises RowError."""
        assert isinstance(block, Page)
        piece = _Piece()
        for number, record in enumerate(block.records, block.first_line):
            self._take(record, number, piece)
        newest, future = self._newest(piece.rows)
        return Batch(piece.rows, newest, future, piece.rejects)

    def _take(self, record: Record, number: int, piece: _Piece) -> None:
        try:
            made = self._recorder.records(record, number)
        except RowError as error:
            self._put_aside(record, number, error, piece)
            return
        for one in made:
            try:
                piece.rows.append(self._reader.row(one, number=number))
            except RowError as error:
                self._put_aside(one, number, error, piece)

    def _put_aside(self, record: Record, number: int, error: RowError, piece: _Piece) -> None:
        if not self._quarantine:
            raise error
        reason = f"{type(error).__name__}: {error}"
        piece.rejects.append(Reject(number, reason, self._raw(record), self._reader.key(record)))

    def _raw(self, record: Record) -> str:
        try:
            text = compact(wire(record))
        except RowError:
            text = repr(record)
        return showable(self._hide(text)[:MAX_RAW])


def _newest_by(schema: ResourceSchema, resource: RestResource, limit: str | None) -> Newest:
    """How to find the watermark of some rows, by the kind of the cursor's column."""
    cursor = resource.incremental.cursor if resource.incremental else None
    place = next((place for place, column in enumerate(schema.columns) if column.name == cursor), None)
    if place is None:
        return _none
    match schema.columns[place].type.kind:
        case Kind.TIMESTAMP:
            return lambda rows: _latest([row[place] for row in rows], limit)
        case Kind.DATE:
            return lambda rows: _latest([_midnight(row[place]) for row in rows], limit)
        case _:
            return lambda rows: (_highest([row[place] for row in rows]), 0)


def _none(rows: Sequence[Row]) -> tuple[Stamp | None, int]:
    del rows
    return None, 0


def _midnight(day: Any) -> str | None:
    return None if day is None else f"{day}T00:00:00.000000Z"


def _latest(moments: list[Any], limit: str | None) -> tuple[Stamp | None, int]:
    return newest_of([Times(canonical=moments, wire=moments)], limit)


def _highest(numbers: Sequence[Any]) -> Stamp | None:
    highest = max((number for number in numbers if number is not None), default=None)
    return None if highest is None else Stamp(highest, str(highest))


def prepared(recorder: Recorder, page: Page, *, quarantine: bool) -> Iterator[Record]:
    """The records to be stored that a page's records become; raises RowError, or leaves out what is put aside."""
    for number, record in enumerate(page.records, page.first_line):
        try:
            yield from recorder.records(record, number)
        except RowError:
            if not quarantine:
                raise

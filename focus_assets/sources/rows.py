"""Which typed rows a block of NDJSON lines holds, or what is wrong with the first bad line.

Two readers give the same answer for the same bytes: the exact one defines it line by line, the fast one gives it for a
whole block where nothing is out of the ordinary. A block that the fast one does not like is halved until the lines in
question are few, and those are read exactly.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from focus_assets.model.feed import Batch, Block, Feed, Row, Stamp
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.stamps import stamp, text_of
from focus_assets.sources.exact import ExactReader
from focus_assets.sources.fast import UNREADABLE, FastReader, is_sayable
from focus_assets.sources.layout import Piece, Times, layout_of
from focus_assets.sources.packed import PackedReader, packer_type

FEW = 2_000  # bytes: a block this small is read exactly at once
MAX_LEARNT = 100  # unknown attributes that the fast reader is taught to pass over


class Unknown(enum.Enum):
    """What to do with an attribute that the schema lacks."""

    REFUSE = "refuse"
    IGNORE = "ignore"


class Reading(enum.Enum):
    """By which readers: the exact one alone, with the fast one before it, or with the compiled one before both."""

    EXACT = "exact"
    FAST = "fast"
    PACKED = "packed"


class RowDecoder:
    """Decodes the blocks of one feed of one resource.

    `not_beyond` is the server's clock at the run's start, in microseconds since 1970 UTC: rows that say they changed
    later are kept, counted as `future`, and do not become `newest`. With `quarantine` bad rows become rejects.
    Rows may be PackedRows only by `reading` PACKED, and where the compiled piece is installed.
    """

    def __init__(
        self,
        schema: ResourceSchema,
        feed: Feed,
        *,
        not_beyond: int | None = None,
        unknown: Unknown = Unknown.REFUSE,
        quarantine: bool = False,
        reading: Reading = Reading.FAST,
    ) -> None:
        self._layout = layout_of(schema, feed)
        self._not_beyond = not_beyond
        self._limit = None if not_beyond is None else text_of(not_beyond)
        self._exact = ExactReader(self._layout, refuse_unknown=unknown is Unknown.REFUSE, quarantine=quarantine)
        sayable = all(map(is_sayable, self._layout.known))
        self._fast = FastReader(self._layout) if sayable and reading is not Reading.EXACT else None
        packs = reading is Reading.PACKED and sayable and not feed.deletes
        self._packs = packs and packer_type() is not None
        self._packed = self._packer() if self._packs else None
        self._has_packed = False
        self._learnt = 0

    @property
    def ignored(self) -> frozenset[str]:
        """The attributes that the schema lacks and the lines had, so far; empty where they are refused."""
        return frozenset(self._exact.ignored)

    def hide_by(self, hide: Callable[[str], str]) -> None:
        """How to take our credentials out of what errors show."""
        self._exact.hide = hide

    def decode(self, block: Block) -> Batch:
        """The rows of the block; raises RowError, Truncated, UnexpectedBody."""
        packed, known = self._try_packed(block.data), self._learnt
        pieces = [packed] if packed else list(self._pieces(block))
        if self._learnt > known and not any(piece.rejects for piece in pieces):
            packed = self._try_packed(block.data)
            pieces = [packed] if packed else pieces
        self._settle_on(packed, pieces)
        newest, future = _watermark([newest_of(piece.times, self._limit) for piece in pieces])
        rows = pieces[0].rows if len(pieces) == 1 else list(chain.from_iterable(piece.rows for piece in pieces))
        future += sum(piece.future for piece in pieces)
        return Batch(rows, newest, future, [reject for piece in pieces for reject in piece.rejects])

    def _pieces(self, block: Block) -> Iterator[Piece]:
        piece = self._try_fast(block.data)
        halves = None if piece or self._fast is None else _halves(block)
        if piece:
            yield piece
        elif halves:
            yield from self._pieces(halves[0])
            yield from self._pieces(halves[1])
        else:
            yield self._exact.read(block)
            self._learn()

    def _try_packed(self, data: bytes) -> Piece | None:
        return None if self._packed is None else self._packed.read(data)

    def _settle_on(self, packed: Piece | None, pieces: Sequence[Piece]) -> None:
        """Where the first rows are not packed none will be: a database takes them as it took the first."""
        self._has_packed = self._has_packed or packed is not None
        if not self._has_packed and any(piece.rows for piece in pieces):
            self._packs, self._packed = False, None

    def _packer(self, extra: Sequence[str] = ()) -> PackedReader:
        return PackedReader(self._layout, self._not_beyond, extra, self._unpacked)

    def _unpacked(self, data: bytes) -> Sequence[Row]:
        """Packed are only rows without an error, wherever in the body they lie."""
        return list(chain.from_iterable(piece.rows for piece in self._pieces(Block(data, 1, 0))))

    def _try_fast(self, data: bytes) -> Piece | None:
        if self._fast is None:
            return None
        try:
            return self._fast.read(data)
        except UNREADABLE:
            return None  # the exact reader has the word

    def _learn(self) -> None:
        if self._fast and self._learnt < len(self._exact.ignored) <= MAX_LEARNT:
            self._learnt = len(self._exact.ignored)
            self._fast = FastReader(self._layout, sorted(self._exact.ignored))
            self._packed = self._packer(sorted(self._exact.ignored)) if self._packs else None


def newest_of(times: Sequence[Times], limit: str | None) -> tuple[Stamp | None, int]:
    """The latest change time of some rows that is not beyond `limit`, and how many rows are beyond it.

    A row's time is the later of its columns; `limit` is a canonical text. Equal times: the first row, the first column.
    """
    latest = max((max(filter(None, column.canonical), default="") for column in times), default="")
    if not latest:
        return None, 0
    if limit is None or latest <= limit:
        return stamp(_wire_of(latest, times)), 0
    by_row = [max(filter(None, row), default="") for row in zip(*(column.canonical for column in times), strict=True)]
    past = [Times(*_only_past(column, by_row, limit)) for column in times]
    return newest_of(past, None)[0], sum(text > limit for text in by_row)


def _only_past(column: Times, by_row: Sequence[str], limit: str) -> tuple[list[str | None], list[str | None]]:
    kept = [place for place, text in enumerate(by_row) if text <= limit]
    return [column.canonical[place] for place in kept], [column.wire[place] for place in kept]


def _wire_of(latest: str, times: Sequence[Times]) -> str:
    places = [(column.canonical.index(latest), column.wire) for column in times if latest in column.canonical]
    place, wire = min(places, key=lambda found: found[0])
    return wire[place] or latest


def _watermark(found: Sequence[tuple[Stamp | None, int]]) -> tuple[Stamp | None, int]:
    stamps = [newest for newest, _ in found if newest is not None]
    return max(stamps, default=None), sum(future for _, future in found)


def _halves(block: Block) -> tuple[Block, Block] | None:
    data = block.data
    half = len(data) // 2
    middle = (data.find(b"\n", half, len(data) - 1) + 1) or (data.rfind(b"\n", 0, half) + 1)
    if not middle or len(data) <= FEW:
        return None
    first, second = data[:middle], data[middle:]
    line = block.first_line + first.count(b"\n")
    return (
        Block(first, block.first_line, block.first_byte),
        Block(second, line, block.first_byte + middle, block.unterminated),
    )

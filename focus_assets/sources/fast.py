"""Rows from a whole block at once, where nothing in it is out of the ordinary.

msgspec decodes the lines into typed structs. It would let things pass: it keeps the last of two equal names, reads a
text that goes over two lines, and leaves raw JSON as it stands. Where the structs, written again, are the very bytes
that came, nothing of the kind is in them; else each is looked for in the block as a whole. Where a check does not hold,
`read` raises Unfit (or what the library raised), and the exact reader has the word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType
from msgspec.structs import astuple

from focus_assets.model.errors import RowError
from focus_assets.model.feed import PrintableRows
from focus_assets.model.jsontext import has_too_many_parts
from focus_assets.model.schema import Column, Kind
from focus_assets.model.values import BOUNDS
from focus_assets.sources.columns import (
    JsonColumn,
    Unfit,
    are_printable,
    change_of,
    check_letters,
    convert,
    may_be_too_deep,
)
from focus_assets.sources.layout import Layout, Piece, Times

# what `read` raises: a decoder's errors, a value's, a decimal's (ArithmeticError), bad UTF-8 (ValueError)
UNREADABLE = (Unfit, RowError, msgspec.MsgspecError, ArithmeticError, RecursionError, ValueError)

_WIRE_TYPES: dict[Kind, Any] = {
    **{kind: Annotated[int, Meta(ge=low, le=high)] for kind, (low, high) in BOUNDS.items()},
    Kind.FLOAT: int | float,
    Kind.DECIMAL: Any,  # with the decoder's float_hook: a Decimal, an int, or a str, which needs a look
    Kind.BOOL: bool,
    Kind.JSON: Raw,
    Kind.TEXT_LIST: list[str],
}
_HOLD_NULL = (Any, Raw)
_UNSAYABLE = re.compile('["\\\\\x00-\x1f\ud800-\udfff]')  # in a name: msgspec refuses to look for it
_FIRST, _LAST = itemgetter(0), itemgetter(-1)
_AGAIN = msgspec.json.Encoder(decimal_format="number")
_BLOCKS_UNTRIED = 15  # after one that a server spells otherwise than we do: it will spell the next ones so too


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder of lines: the wanted columns first, then what is passed over. `whole`: it insists on every name."""

    decoder: msgspec.json.Decoder[Any]
    width: int
    whole: bool


class FastReader:
    """Reads blocks; the shape that fitted last is tried first."""

    def __init__(self, layout: Layout, extra: Iterable[str] = ()) -> None:
        self.layout = layout
        self._wanted = len(layout.columns)
        self._json = {p: JsonColumn() for p, column in enumerate(layout.columns) if column.type.kind is Kind.JSON}
        self._texts = [p for p, column in enumerate(layout.columns) if column.type.kind is Kind.TEXT]
        self._changes = [change_of(column.type) for column in layout.columns]
        self._may_be_null = [p for p, c in enumerate(layout.columns) if c.name in layout.required and _holds_null(c)]
        self._shapes = list(_shapes(layout, tuple(name for name in extra if is_sayable(name))))
        self._untried = 0

    def read(self, data: bytes) -> Piece:
        """The rows of complete lines; raises one of UNREADABLE where the exact reader has to look."""
        if has_too_many_parts(data):
            raise Unfit
        structs, shape = self._decoded(data)
        usual = self._is_written_again(data, structs)
        if not usual:
            check_letters(data)
            _check_lines(data, len(structs))
        columns, names = _columns_of(structs, shape)
        inside = {place: _joined(columns[place]) for place in (*self._json, *range(self._wanted, shape.width))}
        spare = [joined for place, joined in inside.items() if place >= self._wanted]
        if usual:
            _check_spare(spare, len(structs))
        else:
            _check_names(data, names, list(inside.values()))
        if any(may_be_too_deep(str(joined, "utf-8").split("\n")) for joined in spare):
            raise Unfit
        return self._piece(columns[: self._wanted], inside)

    def _is_written_again(self, data: bytes, structs: Sequence[Any]) -> bool:
        """Whether the bytes are the structs', one a line: then all that they say is in the structs.

        Only raw JSON is copied, and can still hold what our own spelling would not.
        """
        if self._untried:
            self._untried -= 1
            return False
        again = _AGAIN.encode_lines(structs)
        same = again == data or (len(again) == len(data) + 1 and again.startswith(data))
        if not same:
            self._untried = _BLOCKS_UNTRIED
        return same and bool(structs)

    def _decoded(self, data: bytes) -> tuple[list[Any], Shape]:
        for shape in tuple(self._shapes):
            try:
                structs = shape.decoder.decode_lines(data)
            except msgspec.ValidationError:
                continue
            self._shapes.remove(shape)
            self._shapes.insert(0, shape)
            return structs, shape
        raise Unfit

    def _piece(self, found: list[Sequence[Any]], inside: Mapping[int, bytes]) -> Piece:
        printable = are_printable([found[place] for place in self._texts])
        typed = [*found]
        for place, change in enumerate(self._changes):
            if place in self._json:
                typed[place] = self._json[place](inside[place], len(found[place]))
            elif not (printable and place in self._texts):
                typed[place] = convert(found[place], change)
        if any(None in typed[place] for place in self._may_be_null):
            raise Unfit
        times = [Times(canonical=typed[place], wire=found[place]) for place in self.layout.changed]
        rows = zip(*typed, strict=True)
        return Piece(PrintableRows(rows) if printable else list(rows), times)


def is_sayable(name: str) -> bool:
    """Whether a decoder can be told to look for this name."""
    return _UNSAYABLE.search(name) is None


def _holds_null(column: Column) -> bool:
    """Whether the decoder passes on a null, wherever it stands."""
    return _WIRE_TYPES.get(column.type.kind, str) in _HOLD_NULL


def _columns_of(structs: Sequence[Any], shape: Shape) -> tuple[list[Sequence[Any]], int]:
    """The columns, what is absent being None, and how many values there are."""
    columns: list[Sequence[Any]] = list(zip(*map(astuple, structs), strict=True))
    names = len(structs) * shape.width
    if shape.whole:
        return columns, names
    absent = sum(column.count(UNSET) for column in columns)
    return [_nulled(column) for column in columns], names - absent


def _check_spare(joined: Sequence[bytes], count: int) -> None:
    """Raw JSON that goes into no row, line by line: a line break that our own spelling would not have is in none."""
    if any(data.count(b"\n") != count - 1 or b"\r" in data for data in joined):
        raise Unfit


def _check_lines(data: bytes, count: int) -> None:
    """Every line is one object: no newline is inside one, none is missing between two."""
    if not _are_plain(data, count):
        _check_each_line(data.removesuffix(b"\n").split(b"\n"), count)
        if data.count(b"\r") not in (0, data.count(b"}\r\n")):
            raise Unfit


def _are_plain(data: bytes, count: int) -> bool:
    """The same without a look at each line, where all is as usual."""
    breaks = data.count(b"\n") - data.endswith(b"\n")
    if count != breaks + 1 or data.count(b"}\n{") != breaks or b"\r" in data:
        return False
    return data.startswith(b"{") and data.endswith((b"}\n", b"}"))


def _check_each_line(lines: Sequence[bytes], count: int) -> None:
    if count != len(lines) or b"" in lines or {*map(_FIRST, lines)} != {ord("{")}:
        raise Unfit
    if not {*map(_LAST, lines)} <= {ord("}"), ord("\r")}:
        raise Unfit


def _check_names(data: bytes, names: int, inside: Sequence[bytes]) -> None:
    """No line has a name twice: as many are written as were found, and as are inside raw json.

    In a line without spaced colons every name ends in `":`, so at least as many of these are written as names. A text
    can hold them too, but only as `\\":`; no name of ours ends in a backslash, so these can be left out on both sides.
    """
    if data.count(b'":') == names + sum(text.count(b'":') for text in inside):
        return
    unescaped = data.count(b'":') - data.count(b'\\":')
    if unescaped != names + sum(text.count(b'":') - text.count(b'\\":') for text in inside):
        raise Unfit


def _nulled(column: Sequence[Any]) -> Sequence[Any]:
    return [None if value is UNSET else value for value in column] if UNSET in column else column


def _joined(column: Sequence[Raw | None]) -> bytes:
    """Raw values line by line: a newline is in none of them."""
    return b"\n".join([b"null" if raw is None else raw for raw in column] if None in column else column)  # type: ignore[arg-type]


@lru_cache(maxsize=256)  # the same for every partition and run of a resource
def _shapes(layout: Layout, extra: tuple[str, ...]) -> tuple[Shape, ...]:
    return tuple(_made_shapes(layout, extra))


def _made_shapes(layout: Layout, extra: Sequence[str]) -> Iterator[Shape]:
    spare = sorted({*layout.passed_over, *extra})
    if not layout.feed.deletes:
        yield _shape(layout.columns, spare, layout, whole=True)
        yield _shape(layout.columns, spare, layout, whole=False)
        return
    for name in filter(None, (layout.columns[0].name, layout.alias)):
        columns = (Column(name, layout.columns[0].type), *layout.columns[1:])
        yield _shape(columns, [], layout, whole=True)
        yield _shape(columns, [one for one in spare if one != name], layout, whole=False)


def _shape(columns: Sequence[Column], spare: Sequence[str], layout: Layout, *, whole: bool) -> Shape:
    keys = layout.required | ({layout.alias} if layout.alias else set())
    fields = [(column.name, *_field(column, whole=whole, is_key=column.name in keys)) for column in columns]
    fields += [(name, Raw) if whole else (name, Raw | UnsetType, UNSET) for name in spare]
    struct = msgspec.defstruct(
        "Line",
        [(f"f{place}", *rest) for place, (_, *rest) in enumerate(fields)],
        rename={f"f{place}": name for place, (name, *_) in enumerate(fields)},
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )
    return Shape(msgspec.json.Decoder(struct, float_hook=Decimal), len(fields), whole)


def _field(column: Column, *, whole: bool, is_key: bool) -> tuple[Any, ...]:
    wire = _WIRE_TYPES.get(column.type.kind, str)
    if is_key:
        return (wire,)
    nullable = wire if wire in _HOLD_NULL else wire | None
    if whole:
        return (nullable,)
    return (nullable if wire is Any else nullable | UnsetType, UNSET)

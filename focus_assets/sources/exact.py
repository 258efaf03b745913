"""What each line says, exactly: the meaning of a line, and the name of what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from json import JSONDecodeError
from typing import cast

from focus_assets.client.protocol import as_it_is
from focus_assets.model.errors import (
    BadValue,
    DuplicateName,
    FocusError,
    MissingKey,
    RowError,
    Truncated,
    UnexpectedBody,
    UnknownAttribute,
)
from focus_assets.model.feed import Block, Reject, Row, Value
from focus_assets.model.jsontext import (
    MAX_DEPTH,
    MAX_PARTS,
    Json,
    Members,
    has_too_many_parts,
    name_at,
    read,
    too_deep_at,
)
from focus_assets.model.schema import Column
from focus_assets.model.values import canonical, showable
from focus_assets.sources.layout import Layout, Piece, Times

MAX_RAW = 10_000  # bytes of a refused line that are kept
REJECTABLE = (
    BadValue,
    DuplicateName,
    MissingKey,
)  # the row is bad; everything else says that the body or the schema is
BLANK = b" \t\r"
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line and where it lies; `cut` where the body ended without its newline."""

    data: bytes
    number: int
    byte: int
    cut: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A row, and the server's own texts of its change times."""

    row: Row
    wires: tuple[str | None, ...]


class ExactReader:
    """Reads line by line. `ignored` gathers the unknown attributes that were let pass.

    `hide` takes our credentials out of what a line that is no row is shown with: it may be an error's text.
    """

    def __init__(self, layout: Layout, *, refuse_unknown: bool, quarantine: bool) -> None:
        self.layout, self.known = layout, layout.known
        self.refuse_unknown, self.quarantine = refuse_unknown, quarantine
        self.ignored: set[str] = set()
        self.hide: Callable[[str], str] = as_it_is

    def read(self, block: Block) -> Piece:
        """The rows of a block; raises RowError, Truncated, UnexpectedBody.

        With `quarantine` a bad row becomes a reject. What is no JSON object and an unknown attribute raise still:
        they speak of the body and of the schema, not of one row.
        """
        results = [self._result(line) for line in lines_of(block)]
        found = [result for result in results if isinstance(result, Found)]
        rejects = [result for result in results if isinstance(result, Reject)]
        rows = [one.row for one in found]
        times = [
            Times(canonical=[_text(row[place]) for row in rows], wire=[one.wires[which] for one in found])
            for which, place in enumerate(self.layout.changed)
        ]
        return Piece(rows, times, rejects)

    def _result(self, line: Line) -> Found | Reject:
        members = None
        try:
            members = self._members(line)
            self._check_names(members, line)
            return self._found(members)
        except REJECTABLE as error:
            placed = self._placed(error, line)
            if not self.quarantine:
                raise placed from error
            return Reject(line.number, f"{type(placed).__name__}: {placed}", _raw(line.data), self._key(members))

    def _members(self, line: Line) -> Members:
        if not line.data.lstrip(BLANK).startswith(b"{"):
            raise self._unexpected("a line that is not a JSON object", line)
        if has_too_many_parts(line.data):
            raise BadValue(f"the line holds more than {MAX_PARTS:,} values")
        text = line.data.decode(errors="surrogateescape")
        if (deep := too_deep_at(text, MAX_DEPTH + 1)) is not None:
            raise BadValue(f"it is nested deeper than {MAX_DEPTH}", column=showable(name_at(text, deep)))
        try:
            members = cast("Members", read(text))
        except JSONDecodeError as error:
            raise self._broken(text, line, error) from error
        _check_encoding(line.data)
        return members

    def _broken(self, text: str, line: Line, error: JSONDecodeError) -> FocusError:
        if line.cut:
            place = self.layout.feed.value
            return Truncated("the body ended within a line", feed=place, line=line.number, byte=line.byte)
        if error.msg.startswith("Invalid control character"):
            return BadValue(
                "it holds a control character that is not escaped", column=showable(name_at(text, error.pos))
            )
        at = len(text[: error.pos].encode(errors="surrogateescape"))
        return self._unexpected(f"a line that is not JSON ({error.msg})", line, at=at)

    def _unexpected(self, problem: str, line: Line, *, at: int = 0) -> UnexpectedBody:
        start = self.hide(_raw(line.data))[:_SHOWN]  # hidden before it is cut: no half of a secret is shown either
        place = self.layout.feed.value
        return UnexpectedBody(problem, feed=place, line=line.number, byte=line.byte + at, body_start=start)

    def _check_names(self, members: Members, line: Line) -> None:
        if line.number == 1 and self.known.isdisjoint(members):
            raise self._unexpected("the first line has none of the schema's attributes; it may be an error", line)
        if members.twice is not None:
            raise DuplicateName("the line has this name twice", column=showable(members.twice))
        unknown = [name for name in members if name not in self.known]
        if unknown and self.refuse_unknown:
            shown = [showable(name)[:_SHOWN] for name in unknown]
            others = f" (nor {len(shown) - 1} others of this line)" if len(shown) > 1 else ""
            raise self._placed(UnknownAttribute(f"the schema has no such attribute{others}", column=shown[0]), line)
        self.ignored.update(unknown)

    def _found(self, members: Members) -> Found:
        row = tuple(self._value(column, members) for column in self.layout.columns)
        return Found(row, tuple(_text(members.get(self.layout.columns[place].name)) for place in self.layout.changed))

    def _value(self, column: Column, members: Members) -> Value:
        found = members.get(column.name)
        if found is None and self.layout.alias is not None:
            found = members.get(self.layout.alias)
        if found is None and column.name in self.layout.required:
            raise MissingKey("the primary key is null or absent", column=column.name)
        return canonical(column, found)

    def _key(self, members: Members | None) -> Row | None:
        if members is None or members.twice in self.layout.required:
            return None
        try:
            return tuple(self._value(column, members) for column in self.layout.key)
        except RowError:
            return None

    def _placed(self, error: RowError, line: Line) -> RowError:
        feed = self.layout.feed.value
        return type(error)(error.problem, feed=feed, line=line.number, column=error.column, value=error.value)


def lines_of(block: Block) -> Iterator[Line]:
    """The lines of a block that are not blank."""
    pieces = block.data.split(b"\n")
    last = len(pieces) - 1
    byte = block.first_byte
    for place, data in enumerate(pieces):
        if data.strip(BLANK):
            yield Line(data, block.first_line + place, byte, cut=block.unterminated and place == last)
        byte += len(data) + 1


def _check_encoding(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        place = len(data[: error.start].decode())
        text = data.decode(errors="replace")
        raise BadValue("it is not UTF-8", column=name_at(text, place)) from error


def _text(found: Json | Value) -> str | None:
    return found if isinstance(found, str) else None


def _raw(data: bytes) -> str:
    return data[:MAX_RAW].decode(errors="backslashreplace").replace("\0", "\ufffd")

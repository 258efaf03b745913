"""Cut a body into blocks of whole lines, in bounded memory, and say where it is not what it should be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from focus_assets.client.protocol import as_it_is, redact, start_of
from focus_assets.client.unpack import KNOWN_ENCODINGS, EndedEarly, Garbled, Unpacker, unpacker
from focus_assets.model.errors import (
    BodyError,
    CorruptEncoding,
    LimitExceeded,
    Truncated,
    UnexpectedBody,
    UnsupportedEncoding,
)
from focus_assets.model.feed import Block

E = TypeVar("E", bound=BodyError)

_SPACE = b" \t\r\n"
_PERHAPS_BLANK = re.compile(rb"\n[ \t\r\n]")  # quick to search; where it finds nothing, no line but the first is blank
_BLANK_LINES = re.compile(rb"(?m:^)(?:[ \t\r]*\n)+")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes of the decoded body: of a block (about), of the longest line, of the whole (None: no limit)."""

    block_bytes: int = 256 * 1024
    line_bytes: int = 16 * 1024 * 1024
    body_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose body it is, for the text of errors: the feed's name, and the URL that was asked.

    What a `secret` body holds is never shown; `hide` takes our credentials out of what is.
    """

    feed: str = ""
    asked: str = field(default="", repr=False)
    secret: bool = False
    hide: Callable[[str], str] = as_it_is

    @property
    def url(self) -> str:
        """The URL without its secrets."""
        return redact(self.asked)

    def start_of(self, body: bytes) -> str:
        """The beginning of the body, fit to be shown."""
        return "" if self.secret else start_of(body, hide=self.hide)


class BodyDecoder:
    """Bytes off the wire in, Blocks out.

    `feed` and `finish` return iterators: take all of their blocks before the next call, so that a small body that
    decodes to a huge one never stands in memory as a whole. A block never holds a blank line, yet blank lines count.
    """

    def __init__(self, encoding: str, limits: Limits, subject: Subject) -> None:
        """Raises UnsupportedEncoding."""
        self._limits, self._subject = limits, subject
        self._unpacker = make_unpacker(encoding, subject)
        self._buffer = bytearray()
        self._searched = 0  # there is no newline in the buffer before this
        self._received = 0  # decoded bytes, those in the buffer too
        self._lines = 0  # lines before the buffer, blank ones too
        self._records = 0
        self._begun = False

    @property
    def lines(self) -> int:
        """How many lines that are not blank went out in blocks."""
        return self._records

    def feed(self, data: bytes) -> Iterator[Block]:
        """Raises CorruptEncoding, UnexpectedBody, LimitExceeded."""
        pieces = self._unpacker.unpack(data)
        while piece := self._next(pieces):
            self._take(piece)
            yield from self._whole_blocks()

    def finish(self, total_lines: int | None = None) -> Iterator[Block]:
        """The rest; `total_lines` is how many lines the server says it sent. Raises Truncated besides."""
        try:
            self._unpacker.finish()
        except EndedEarly as error:
            raise self.truncated(f"the body ended early: {error}") from error
        yield from self._rest()
        if total_lines is not None and total_lines != self._records:
            raise self.truncated(f"the body holds {self._records:,} lines, the server said {total_lines:,}")

    def truncated(self, problem: str) -> Truncated:
        """The error for a body that ended here."""
        return self._error(Truncated, problem)

    def _next(self, pieces: Iterator[bytes]) -> bytes | None:
        try:
            return next(pieces, None)
        except Garbled as error:
            raise self._error(CorruptEncoding, f"the body does not decode: {error}") from error

    def _take(self, piece: bytes) -> None:
        if not self._begun:
            self._check_start(piece)
        self._buffer += piece
        self._received += len(piece)
        limit = self._limits.body_bytes
        if limit is not None and self._received > limit:
            raise self._error(LimitExceeded, f"the body is longer than {limit:,} bytes")

    def _check_start(self, piece: bytes) -> None:
        start = piece.lstrip(_SPACE)
        self._begun = bool(start)
        if start and not start.startswith(b"{"):
            shown = self._subject.start_of(start)
            raise self._error(UnexpectedBody, "the body does not begin with a JSON object", body_start=shown)

    def _whole_blocks(self) -> Iterator[Block]:
        if len(self._buffer) < self._limits.block_bytes:
            return
        end = self._buffer.rfind(b"\n", self._searched) + 1
        if end:
            yield from self._cut(end)
        self._searched = len(self._buffer)
        if len(self._buffer) > self._limits.line_bytes:
            raise self._line_too_long(self._lines + 1)

    def _rest(self) -> Iterator[Block]:
        yield from self._cut(self._buffer.rfind(b"\n") + 1)
        if len(self._buffer) > self._limits.line_bytes:
            raise self._line_too_long(self._lines + 1)
        if self._buffer.strip(_SPACE):
            first_byte = self._received - len(self._buffer)
            self._records += 1
            yield Block(bytes(self._buffer), self._lines + 1, first_byte, unterminated=True)

    def _cut(self, end: int) -> Iterator[Block]:
        data, first_byte = bytes(self._buffer[:end]), self._received - len(self._buffer)
        del self._buffer[:end]
        self._searched = 0
        for start, stop in _runs(data):
            run = data[start:stop]
            yield from self._emit(run, first_byte + start)

    def _emit(self, run: bytes, first_byte: int) -> Iterator[Block]:
        first_line, count = self._lines + 1, run.count(b"\n")
        self._check_lines(run, first_line)
        self._lines += count
        if run.strip(_SPACE):
            self._records += count
            yield Block(run, first_line, first_byte)

    def _check_lines(self, run: bytes, first_line: int) -> None:
        limit = self._limits.line_bytes
        if len(run) <= limit:
            return
        for number, line in enumerate(run.split(b"\n"), first_line):
            if len(line) > limit:
                raise self._line_too_long(number)

    def _line_too_long(self, line: int) -> LimitExceeded:
        problem = f"the line is longer than {self._limits.line_bytes:,} bytes"
        return LimitExceeded(problem, feed=self._subject.feed, line=line, url=self._subject.url)

    def _error(self, kind: type[E], problem: str, *, body_start: str = "") -> E:
        line = self._lines + self._buffer.count(b"\n") + 1
        where = self._subject
        return kind(problem, feed=where.feed, line=line, byte=self._received, url=where.url, body_start=body_start)


def make_unpacker(encoding: str, subject: Subject) -> Unpacker:
    """Raises UnsupportedEncoding."""
    found = unpacker(encoding)
    if found is None:
        asked = " or ".join(KNOWN_ENCODINGS)
        problem = f"the body is encoded as {subject.start_of(encoding.encode())!r}, we asked for {asked}"
        raise UnsupportedEncoding(problem, feed=subject.feed, url=subject.url)
    return found


def _runs(data: bytes) -> Iterator[tuple[int, int]]:
    """Where to cut so that runs of blank lines stand apart: (start, stop), without gaps."""
    if not data:
        return
    if data[0] not in _SPACE and _PERHAPS_BLANK.search(data) is None:
        yield 0, len(data)
        return
    if data[-1] in _SPACE and not data.strip(_SPACE):  # all of it: a bomb may be nothing but newlines
        yield 0, len(data)
        return
    start = 0
    for blank in _BLANK_LINES.finditer(data):
        yield start, blank.start()
        yield blank.start(), blank.end()
        start = blank.end()
    yield start, len(data)

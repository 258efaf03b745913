"""Read one JSON document, strictly: what two readers could take for different things is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from focus_assets.client.decode import Subject, make_unpacker
from focus_assets.client.protocol import start_of
from focus_assets.client.unpack import EndedEarly, Garbled
from focus_assets.model.errors import CorruptEncoding, LimitExceeded, Truncated, UnexpectedBody
from focus_assets.model.jsontext import MAX_PARTS, has_too_many_parts

MAX_NESTING = 200

_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class DocumentDecoder:
    """Bytes off the wire in, one body or its value out."""

    def __init__(self, encoding: str, max_bytes: int, subject: Subject) -> None:
        """Raises UnsupportedEncoding."""
        self._max_bytes, self._subject = max_bytes, subject
        self._unpacker = make_unpacker(encoding, subject)
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """Raises CorruptEncoding, LimitExceeded."""
        pieces = self._unpacker.unpack(data)
        while piece := self._next(pieces):
            self._body += piece
            if len(self._body) > self._max_bytes:
                problem = f"the answer is longer than {self._max_bytes:,} bytes"
                raise LimitExceeded(problem, url=self._subject.url)

    def finish(self) -> object:
        """Raises Truncated, UnexpectedBody, LimitExceeded."""
        return read_document(self.whole(), self._subject)

    def whole(self) -> bytes:
        """The body, whatever it holds; raises Truncated."""
        try:
            self._unpacker.finish()
        except EndedEarly as error:
            raise self.truncated(f"the body ended early: {error}") from error
        return bytes(self._body)

    def truncated(self, problem: str) -> Truncated:
        """The error for a body that ended here."""
        return Truncated(problem, feed=self._subject.feed, byte=len(self._body), url=self._subject.url)

    def _next(self, pieces: Iterator[bytes]) -> bytes | None:
        try:
            return next(pieces, None)
        except Garbled as error:
            problem, where = f"the body does not decode: {error}", self._subject
            raise CorruptEncoding(problem, feed=where.feed, byte=len(self._body), url=where.url) from error


def read_document(body: bytes, subject: Subject) -> object:
    """The value of a JSON body: no duplicate keys, NaN, infinities, deep nesting, bytes that are not UTF-8.

    Nor more parts than a memory should hold.

    Raises UnexpectedBody, LimitExceeded.
    """
    check_bounds(body, subject)
    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite
        )
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors too
        said = subject.hide(str(error))
    # outside of the except block: the parser's error holds the whole body
    raise _unexpected(body, subject, said)


def check_bounds(body: bytes, subject: Subject) -> None:
    """Refuse what is too much for a memory, or too deep for a parser; raises LimitExceeded."""
    _check_parts(body, subject)
    _check_nesting(body, subject)


def _unexpected(body: bytes, subject: Subject, said: str) -> UnexpectedBody:
    problem = f"the answer is not the JSON that was expected{'' if subject.secret else f': {said}'}"
    if not body.strip():
        problem = "the answer is empty"
    return UnexpectedBody(problem, feed=subject.feed, url=subject.url, body_start=subject.start_of(body))


def _check_parts(body: bytes, subject: Subject) -> None:
    if has_too_many_parts(body):
        raise LimitExceeded(f"the answer has more than {MAX_PARTS:,} parts", feed=subject.feed, url=subject.url)


def _check_nesting(body: bytes, subject: Subject) -> None:
    # counted before parsing: the parser recurses, and what its stack bears differs between versions and threads
    if _is_shallow(body):
        return
    depth = 0
    for bracket in _BRACKETS.finditer(body):
        depth += _STEPS.get(bracket[0][0], 0)
        if depth > MAX_NESTING:
            problem = f"the answer nests deeper than {MAX_NESTING} levels"
            raise LimitExceeded(problem, feed=subject.feed, byte=bracket.start(), url=subject.url)


def _is_shallow(body: bytes) -> bool:
    """Whether that can be said without looking at each character: of what is no text only brackets count."""
    if b'\\"' in body:
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")  # then every quote begins or ends a text
    structure = body.translate(None, delete=_NO_STRUCTURE)
    left = structure.replace(b'""', b"")  # texts without brackets, or what lies between two texts
    if b'"' in left:
        left = b"".join(left.split(b'"')[::2])
    for _ in range(MAX_NESTING // 2):  # each round takes at most two levels away, the innermost first
        left = left.replace(b"[]", b"").replace(b"{}", b"")
        if not left:
            return True
    return False


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"the key {_repeated(pairs)!r} is there twice in one object")
    return found


def _repeated(pairs: list[tuple[str, object]]) -> str:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return start_of(key.encode("utf-8", "replace"))
        seen.add(key)
    return ""


def _constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value

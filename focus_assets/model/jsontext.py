"""What a JSON text says, to the letter: numbers as they are written, names counted, depth bounded."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from json.encoder import encode_basestring
from typing import Any, TypeAlias, cast

from focus_assets.model.errors import BadValue, DuplicateName

MAX_DEPTH = 64
MAX_PARTS = 300_000  # values of one text; the smallest take two bytes in it, and fifty times as much once they are read
MAX_DIGITS = 1000  # of a number, written out without an exponent


class Number(str):
    """A number as it is written: never through a float."""

    __slots__ = ()


class NotNumber(str):
    """NaN, Infinity or -Infinity, which are not JSON."""

    __slots__ = ()


class Members(dict[str, Any]):
    """A JSON object; `twice` is a name that it gives more than once."""

    __slots__ = ("twice",)
    twice: str | None


Json: TypeAlias = bool | str | Number | NotNumber | list[Any] | Members | None

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)
_PART_SIGNS, _QUOTE = (b",", b"[", b"{"), ord('"')
_PART = re.compile(rb'[,\[{]|"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1, '"': 0}
_BESIDES = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\[\]{}"]++', re.DOTALL)  # all but brackets, and quotes left open
_COLON = re.compile(r"[ \t\r\n]*:")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?)0*([0-9]*))?")


def _members(pairs: list[tuple[str, Any]]) -> Members:
    members = Members(pairs)
    members.twice = _repeated(pairs) if len(members) < len(pairs) else None
    return members


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    counted = Counter(name for name, _ in pairs)
    return next(name for name, count in counted.items() if count > 1)


_READER = json.JSONDecoder(
    object_pairs_hook=_members, parse_float=Number, parse_int=Number, parse_constant=NotNumber, strict=True
)


def read(text: str) -> Json:
    """The value of a text no deeper than `too_deep_at` allows; raises json.JSONDecodeError."""
    found: Json = _READER.decode(text)
    return found


def has_too_many_parts(text: bytes, most: int = MAX_PARTS) -> bool:
    """Whether a text, which may be broken, has more than `most` values; found without reading it."""
    if len(text) < 2 * most or sum(map(text.count, _PART_SIGNS)) <= most:
        return False
    signs = (found.start() for found in _PART.finditer(text) if text[found.start()] != _QUOTE)
    return any(number > most for number, _ in enumerate(signs, 1))


def too_deep_at(text: str, limit: int = MAX_DEPTH) -> int | None:
    """Where the text nests deeper than `limit` (without any recursion); None where it does not."""
    if text.count("[") + text.count("{") <= limit or _depth(text) <= limit:
        return None
    return next((place for place, depth, _ in _walk(text) if depth > limit), None)


def _depth(text: str) -> int:
    """How deep a text nests, without a look at its single tokens."""
    return max(accumulate(map(_STEP.__getitem__, _BESIDES.sub("", text))), default=0)


def name_at(text: str, place: int) -> str:
    """The outermost object's name whose value is at `place` in a text that may be broken; '' where there is none."""
    name = ""
    for start, depth, piece in _walk(text):
        if start > place:
            break
        name = piece if depth == 1 and piece[0] == '"' and _COLON.match(text, start + len(piece)) else name
    return _unquoted(name)


def _unquoted(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except json.JSONDecodeError:
        return token.strip('"')


def _walk(text: str) -> Iterator[tuple[int, int, str]]:
    depth = 0
    for found in _TOKEN.finditer(text):
        piece = found[0]
        depth += _STEP.get(piece, 0)
        yield found.start(), depth, piece


def compact(value: Json) -> str:
    """The text of a value without spaces: numbers as they were written, strings escaped only where they must be."""
    if isinstance(value, str):
        return str(value) if isinstance(value, Number | NotNumber) else encode_basestring(value)
    if isinstance(value, list):
        return f"[{','.join(map(compact, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{encode_basestring(name)}:{compact(inner)}' for name, inner in value.items())}}}"
    return "null" if value is None else "true" if value else "false"


def check_text(text: str) -> None:
    """Refuse a text that no database could keep as it is; raises BadValue."""
    if "\0" in text:
        raise BadValue("it holds a NUL character")
    if not text.isascii() and _SURROGATE.search(text):
        raise BadValue("it holds a lone surrogate")


def check_number(number: Number) -> None:
    """Refuse a number out of all bounds; raises BadValue."""
    whole, fraction, sign, exponent = cast("re.Match[str]", _NUMBER.fullmatch(number)).groups(default="")
    power = int(f"{sign}{exponent[:8] or 0}")  # the first digits are enough to be beyond the bound
    if max(len(whole) + power, 0) + max(len(fraction) - power, 0) > MAX_DIGITS:
        raise BadValue(f"written out it has more than {MAX_DIGITS:,} digits")


def check_nested(value: Json) -> None:
    """Refuse a value for anything in it that cannot be kept; raises BadValue or DuplicateName."""
    for inner in _inner(value):
        if isinstance(inner, Members) and inner.twice is not None:
            raise DuplicateName(f"an object in it has the name {inner.twice!r} twice")
        if isinstance(inner, str):
            _check_scalar(inner)


def _check_scalar(value: str) -> None:
    if isinstance(value, NotNumber):
        raise BadValue(f"{value} is not JSON")
    if isinstance(value, Number):
        check_number(value)
    else:
        check_text(value)


def _inner(value: Json) -> Iterator[Json]:
    yield value
    if isinstance(value, dict):
        yield from value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _inner(child)

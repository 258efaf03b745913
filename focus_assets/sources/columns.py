"""What a whole column of decoded values is worth, at the speed of one call a column.

Each function gives what `model.values` gives value by value, or raises: Unfit where it would have to look closer,
RowError where a value is refused. Both only send the lines to the exact reader, which names what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import chain, repeat
from types import NoneType
from typing import Any, TypeAlias

import msgspec

from focus_assets.model import stamps, values
from focus_assets.model.errors import BadValue
from focus_assets.model.jsontext import MAX_DEPTH, MAX_DIGITS, read, too_deep_at
from focus_assets.model.schema import ColumnType, Kind

Texts: TypeAlias = Sequence[str]
Change: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]


class Unfit(Exception):
    """These lines need a closer look: no error yet, a question for the exact reader."""


def doubles(found: Sequence[int | float]) -> Sequence[float]:
    """Floats as they are; integers where a double holds them."""
    if set(map(type, found)) <= {float}:
        return found
    return [values.double_of_integer(one) if type(one) is int else one for one in found]


def decimals(found: Sequence[Any], column_type: ColumnType) -> Sequence[Decimal]:
    """Decimals that were never floats; integers and strings of a number too."""
    kinds = set(map(type, found))
    if not kinds <= {Decimal, int, str}:
        raise Unfit
    numbers = found if kinds <= {Decimal} else list(map(_decimal, found))
    if column_type.precision is None:
        return [values.fitted(number, column_type) for number in numbers]
    context, unit = values.decimal_frame(column_type)
    zero = unit - unit
    return [number or zero for number in map(context.quantize, numbers, repeat(unit))]


def _decimal(found: Decimal | int | str) -> Decimal:
    return values.decimal_of(found) if isinstance(found, str) else Decimal(found)


def uuids(found: Texts) -> Texts:
    """UUIDs in lower case."""
    joined = "".join(found)
    _insist(set(map(len, found)) == {_UUID})
    if _are_usual(joined, len(found)):
        return found
    _insist(all(joined[place::_UUID].strip("-") == "" for place in _DASHES))
    _insist(joined.count("-") == 4 * len(found))
    _insist(len(bytes.fromhex(joined.replace("-", ""))) == 16 * len(found))  # fromhex passes over spaces
    lower = joined.lower()
    return found if lower == joined else [lower[start : start + _UUID] for start in range(0, len(lower), _UUID)]


_UUID = len("c0056581-2593-4257-aee7-d7c80f734456")
_DASHES = (8, 13, 18, 23)


def _are_usual(joined: str, count: int) -> bool:
    """Four dashes each, in their places, and all else digits in lower case."""
    if not joined.isascii() or joined.encode().translate(None, b"0123456789abcdef") != b"-" * (4 * count):
        return False
    return all(joined[place::_UUID].strip("-") == "" for place in _DASHES)


def timestamps(found: Texts) -> Texts:
    """Canonical timestamps: most are so already, and are only checked."""
    if set(map(len, found)) == {_STAMP}:
        return found if _are_canonical(found) else [stamps.canonical(text) for text in found]
    if not _are_canonical([text for text in found if len(text) == _STAMP]):
        return [stamps.canonical(text) for text in found]
    return [text if len(text) == _STAMP else stamps.canonical(text) for text in found]


_DAY = len("2025-07-01")
_STAMP = len("2025-07-01T16:01:00.827904Z")
_MARKS, _DIGITS = b"--T::.Z", b"0123456789"


def _are_canonical(found: Texts) -> bool:
    joined = "".join(found)
    # all else being digits, and six of them behind the point, Python knows but one way to read it
    marks = joined.encode().translate(None, _DIGITS)
    if marks != _MARKS * len(found) or "T24" in joined:  # a later Python reads the hour 24
        return False
    try:
        list(map(datetime.fromisoformat, found))
    except ValueError:
        return False
    return True


class DaysColumn:
    """Dates: few are different, and each of those is checked once."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __call__(self, found: Texts) -> Texts:
        """As they are."""
        if not self._known.issuperset(found):
            new = set(found) - self._known
            _check_days(list(new))
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._known |= new
        return found


def _check_days(different: Texts) -> None:
    joined = "".join(different)
    _insist(set(map(len, different)) == {_DAY} and joined.isascii())
    _insist(all(joined[place::_DAY].strip("-") == "" for place in (4, 7)))  # neither a week nor an ordinal
    list(map(date.fromisoformat, different))


def texts(found: Texts) -> Texts:
    """Texts without NUL; a lone surrogate does not come this far."""
    _insist("\0" not in "".join(found))
    return found


def are_printable(found: Sequence[Sequence[str | None]]) -> bool:
    """Whether no text of these columns holds a control character, a NUL included; other rare ones count as such."""
    return all(_joined(texts).isprintable() for texts in found)


def _joined(found: Sequence[str | None]) -> str:
    try:
        return "".join(found)  # type: ignore[arg-type]
    except TypeError:
        return "".join(filter(None, found))


def text_lists(found: Sequence[list[str]]) -> Sequence[list[str]]:
    """Lists of texts without NUL."""
    _insist("\0" not in "".join(chain.from_iterable(found)))
    return found


def binaries(found: Texts) -> list[bytes]:
    """The bytes of base64 texts."""
    return [values.binary(text) for text in found]


CHANGES: Mapping[Kind, Change] = {
    Kind.FLOAT: doubles,
    Kind.TEXT: texts,
    Kind.TEXT_LIST: text_lists,
    Kind.UUID: uuids,
    Kind.TIMESTAMP: timestamps,
    Kind.BYTES: binaries,
}


def change_of(column_type: ColumnType) -> Change | None:
    """What a column's present values go through, block by block; nothing where the decoder has said it all."""
    if column_type.kind is Kind.DECIMAL:
        return partial(decimals, column_type=column_type)
    return DaysColumn() if column_type.kind is Kind.DATE else CHANGES.get(column_type.kind)


def convert(found: Sequence[Any], change: Change | None) -> Sequence[Any]:
    """A column of decoded values and None as the column of a batch's rows; not for json."""
    if change is None:
        return found
    # by types: to hold a Decimal against None takes longer than to read it
    present = [one for one in found if one is not None] if NoneType in set(map(type, found)) else found
    changed = change(present) if present else present
    if changed is present:
        return found
    if present is found:
        return changed
    rest = iter(changed)
    return [None if one is None else next(rest) for one in found]


# --- json: the decoder gives the raw text, whose grammar it has checked ---

NAME_END = '":'
_SPACED_NAME = re.compile(rb'(?<!\\)" +:')
_LONG = 128  # characters that a text needs at least to be too deep or to hold too long a number
_LONG_EXPONENT = re.compile("[0-9][eE][+-]?[0-9]{3}")  # a double's zero, however long the exponent is
_LONG_NUMBER = re.compile(f"[0-9]{{{MAX_DIGITS + 1}}}")
_INSIDE, _AGAIN = msgspec.json.Decoder(), msgspec.json.Encoder()


def check_letters(data: bytes) -> None:
    """Raise Unfit where names could be written otherwise than right before their colon."""
    _insist(b"\t" not in data and not (b" :" in data and _SPACED_NAME.search(data)))


def json_texts(found: Texts, joined: bytes) -> list[str | None]:
    """Compact texts: as they are where they are written again as they were; null is None.

    `joined` is the texts' bytes, line by line.
    """
    check_letters(joined)
    _insist(b"\r" not in joined)
    again = _AGAIN.encode_lines(_INSIDE.decode_lines(joined))  # refuses what is beyond a double
    doubtful = {text for text in found if len(text) > _LONG and _is_extreme(text)}
    same = again[:-1] == joined and b"\\u0000" not in joined
    if not same:
        pairs = zip(found, str(again[:-1], "utf-8").split("\n"), strict=True)
        doubtful.update(text for text, rewritten in pairs if _has_two_spellings(text, rewritten))
    if doubtful or not same:
        return [_exact(text) if text in doubtful else _squeezed(text) for text in found]
    return [None if text == "null" else text for text in found]


class JsonColumn:
    """`json_texts` that remembers what it said: in most columns few texts are different.

    Where they turn out to be many, nothing is remembered.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, str | None] | None = {}
        self._asked = self._new = 0

    def __call__(self, joined: bytes, count: int) -> list[str | None]:
        """Compact texts, null being None; `joined` are the bytes of `count` texts, line by line."""
        if self._known is None:
            texts = str(joined, "utf-8").split("\n")
            _insist(len(texts) == count)  # else a line break is in one of them
            return json_texts(texts, joined)
        found = joined.split(b"\n")
        _insist(len(found) == count)
        self._asked += count
        try:
            return [self._known[text] for text in found]
        except KeyError:
            return self._learnt(found, self._known)

    def _learnt(self, found: Sequence[bytes], known: dict[bytes, str | None]) -> list[str | None]:
        new = list(set(found).difference(known))
        joined = b"\n".join(new)
        known.update(zip(new, json_texts(str(joined, "utf-8").split("\n"), joined), strict=True))
        said = [known[text] for text in found]
        self._new += len(new)
        if self._asked > _TRIAL and self._new * 2 > self._asked:
            self._known = None
        elif len(known) > _MOST_KNOWN or sum(map(len, known)) > _MOST_BYTES:
            known.clear()
        return said


_TRIAL = 5_000  # texts
_MOST_KNOWN, _MOST_BYTES = 5_000, 1_000_000


def _has_two_spellings(text: str, again: str) -> bool:
    """Something comes twice, or its characters or its numbers could be written otherwise; spaces do not matter here.

    Written again a text has as many names as it had, but for those that came twice: none is spaced here, unless it
    ends in a backslash.
    """
    if text == again:
        return "\\u0000" in text
    respelt = "\\u" in text or "\\/" in text or '\\\\"' in text
    return respelt or text.count(NAME_END) != again.count(NAME_END) or _LONG_EXPONENT.search(text) is not None


def _squeezed(text: str) -> str | None:
    if text == "null":
        return None
    return msgspec.json.format(text, indent=-1) if " " in text else text


def _exact(text: str) -> str:
    if too_deep_at(text) is not None:
        raise BadValue("it is too deep")
    return values.json_text(read(text))


def _is_extreme(text: str) -> bool:
    if text.count("[") + text.count("{") > MAX_DEPTH:
        return True
    return len(text) > MAX_DIGITS and _LONG_NUMBER.search(text) is not None


def may_be_too_deep(found: Texts) -> bool:
    """Whether one of these JSON texts may be nested too deep."""
    return any(text.count("[") + text.count("{") > MAX_DEPTH for text in found if len(text) > _LONG)


def _insist(holds: bool) -> None:
    if not holds:
        raise Unfit

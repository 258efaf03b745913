"""Say what a document holds: where its objects, lists and values are, each by its JMESPath."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

TOP = "@"
_DEEPEST = 3
_MEMBERS = 100  # of one object
_TEXT = 60
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Place:
    """A value, and the JMESPath that leads to it."""

    path: str
    value: Any

    @property
    def is_list_of_records(self) -> bool:
        """Whether it could be where a page has its records."""
        return isinstance(self.value, list) and bool(self.value) and all(isinstance(one, dict) for one in self.value)

    @property
    def said(self) -> str:
        """What it is, shortly.

        >>> Place("rows", [{"id": 1}, {"id": 2}]).said
        'list of 2 objects'
        """
        match self.value:
            case dict():
                return _number(len(self.value), "member", of="object of")
            case list():
                return _number(len(self.value), _content(self.value), of="list of")
            case str():
                return quoted(_short(self.value))
            case None | bool():
                return json.dumps(self.value)
        return _short(str(self.value))


def places(document: Any) -> Iterator[Place]:
    """The document and all that stands in its objects, a few levels deep; of an object with many members the first.

    >>> [place.path for place in places({"meta": {"total": 2}, "the rows": []})]
    ['@', 'meta', 'meta.total', '"the rows"']
    """
    yield from _walk(Place(TOP, document), _DEEPEST)


def _walk(place: Place, deepest: int) -> Iterator[Place]:
    yield place
    if isinstance(place.value, dict) and deepest:
        for name, value in islice(place.value.items(), _MEMBERS):
            yield from _walk(Place(member(place.path, name), value), deepest - 1)


def member(path: str, name: str) -> str:
    """The path of an object's member.

    >>> member("rates", "@count")
    'rates."@count"'
    """
    step = name if _PLAIN.fullmatch(name) else quoted(name)
    return step if path == TOP else f"{path}.{step}"


def quoted(text: str) -> str:
    """A text in quotes; one with characters that a terminal might obey or hide is spelled out.

    >>> quoted("Ærø"), quoted("\\x1b[2J")
    ('"Ærø"', '"\\\\u001b[2J"')
    """
    return json.dumps(text, ensure_ascii=not text.isprintable())


def readable(name: str) -> str:
    """A name as it is, in quotes only where it could not be shown so."""
    return name if name.isprintable() else quoted(name)


def _content(found: list[Any]) -> str:
    for kind, noun in ((dict, "object"), (list, "list"), (str, "text")):
        if found and all(isinstance(one, kind) for one in found):
            return noun
    return "value"


def _number(count: int, noun: str, *, of: str) -> str:
    return f"{of} {count:,} {noun}{'' if count == 1 else 's'}"


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}…"

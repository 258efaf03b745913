"""Read XML into plain values as it streams through the parser; no DTD, no entity, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from focus_assets.client import Subject
from focus_assets.model.errors import BodyError, LimitExceeded, UnexpectedBody
from focus_assets.model.jsontext import MAX_DEPTH

TEXT = "#text"
ATTRIBUTE = "@"


def read_xml(body: bytes, subject: Subject, *, most: int) -> dict[str, Any]:
    """The document as `{root: value}`.

    An element without attributes and children is its text, or None where that is blank. Any other is an object: an
    attribute stands under `@name`, a child under its name, children of one name under it as a list, and text among
    them, if it is not blank, under `#text`. Namespaces are left out of names, comments and instructions altogether.

    Raises UnexpectedBody for what is no XML or has a DTD, LimitExceeded for more than `most` elements and attributes
    or too deep a nesting.
    """
    builder = _Builder(subject, most)
    parser = etree.XMLParser(target=builder, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        found: dict[str, Any] = etree.fromstring(body, parser)  # type: ignore[assignment]  # the target's own result
    except BodyError as error:
        problem, kind = error.args[0], type(error)
    except (etree.XMLSyntaxError, ValueError) as error:
        problem, kind = f"the answer is not the XML that was expected: {subject.hide(str(error))}", UnexpectedBody
    else:
        return found
    # outside of the except block: the parser's error holds a part of the body
    raise kind(problem, url=subject.url, body_start=subject.start_of(body))


@dataclass(slots=True)
class _Element:
    name: str
    tag: str
    members: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)

    @property
    def value(self) -> Any:
        """What the element is worth once it is closed."""
        text = "".join(self.texts)
        if not self.members:
            return text if text.strip() else None
        if text.strip():
            self.members[TEXT] = text
        return self.members


class _Builder:
    """What the parser calls for each thing that it meets."""

    def __init__(self, subject: Subject, most: int) -> None:
        self._subject, self._left = subject, most
        self._open = [_Element("", "")]

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Called before anything that the DTD declares is read."""
        del name, public, system
        raise UnexpectedBody("the XML has a DTD, which could declare entities; that is refused")

    def start(self, tag: str | bytes, attributes: Mapping[str | bytes, str | bytes]) -> None:
        self._left -= 1 + len(attributes)
        if self._left < 0 or len(self._open) > MAX_DEPTH:
            raise LimitExceeded("the XML has too many elements, or nests too deep")
        element = _Element(_local(tag), str(tag))
        for name, text in attributes.items():
            self._put(element, ATTRIBUTE + _local(name), str(name), text)
        self._open.append(element)

    def end(self, tag: str | bytes) -> None:
        del tag
        element = self._open.pop()
        self._put(self._open[-1], element.name, element.tag, element.value)

    def data(self, text: str | bytes) -> None:
        self._open[-1].texts.append(str(text))

    def comment(self, text: str | bytes) -> None:
        """Comments say nothing."""

    def close(self) -> dict[str, Any]:
        return self._open[0].members

    @staticmethod
    def _put(parent: _Element, name: str, tag: str, value: Any) -> None:
        if parent.tags.setdefault(name, tag) != tag:
            raise UnexpectedBody(f"{name!a} stands in one element for names of two namespaces")
        if name not in parent.members:
            parent.members[name] = value
        elif name in parent.repeated:
            parent.members[name].append(value)
        else:
            parent.repeated.add(name)
            parent.members[name] = [parent.members[name], value]


def _local(tag: str | bytes) -> str:
    return str(tag).rpartition("}")[2]

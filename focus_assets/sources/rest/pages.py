"""Decide which page to ask for next, and that there are no more: pure, one strategy a kind of pagination.

A page that ends the list where the server itself says that more is to come is an error, and never an end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

from focus_assets.client.protocol import redact
from focus_assets.config.paging import CursorPages, LinkHeader, NextLink, NoPages, NumberedPages, Offsets, Paging
from focus_assets.model.errors import BadValue, Truncated, UnexpectedBody
from focus_assets.model.paths import path


@dataclass(frozen=True, slots=True)
class Ask:
    """What a page is asked for with; `place` is its number or its offset, where it has one.

    Parameters of pages go into the body where one is sent, else into the query.
    """

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    place: int = 0

    def having(self, values: Mapping[str, int | str]) -> Ask:
        """The same with these parameters."""
        if self.body is not None:
            return replace(self, body={**self.body, **values})
        return replace(self, params={**self.params, **{name: str(value) for name, value in values.items()}})

    @property
    def identity(self) -> str:
        """Two asks of the same identity get the same page."""
        return repr((self.url, sorted(self.params.items()), self.body))


@dataclass(frozen=True, slots=True)
class Answered:
    """What came for an ask: the document, its records, how many came before them.

    `total` is how many records there are in all, as the server says; `link` the next page's address in the header.
    """

    ask: Ask
    document: Any
    records: Sequence[Any]
    came: int = 0
    total: int | None = None
    link: str | None = None

    @property
    def held(self) -> int:
        """The records so far."""
        return self.came + len(self.records)


class Pages(Protocol):
    """A way of paging, which a test can drive by hand: an ask out, what was answered in."""

    def first(self, ask: Ask) -> Ask:
        """The first page's ask, from the resource's."""

    def others(self, page: Answered) -> Sequence[Ask] | None:
        """All pages after the first, where it says how many there are; None where they are found one by one."""

    def after(self, page: Answered) -> Ask | None:
        """The next page's ask; None at the end. Raises Truncated and UnexpectedBody."""


class OnePage:
    """There is one page."""

    def first(self, ask: Ask) -> Ask:
        return ask

    def others(self, page: Answered) -> Sequence[Ask] | None:
        return []

    def after(self, page: Answered) -> Ask | None:
        return None


@dataclass(frozen=True, slots=True)
class ByNumber:
    """Pages with numbers."""

    how: NumberedPages

    def first(self, ask: Ask) -> Ask:
        size = {self.how.size_param: self.how.size} if self.how.size_param and self.how.size else {}
        return self._numbered(ask.having(size), self.how.first)

    def others(self, page: Answered) -> Sequence[Ask] | None:
        pages = self._number_of_pages(page)
        if pages is None:
            return None
        return [self._numbered(page.ask, self.how.first + more) for more in range(1, pages)]

    def after(self, page: Answered) -> Ask | None:
        return self._numbered(page.ask, page.ask.place + 1) if goes_on(page, self.how.has_more) else None

    def _number_of_pages(self, page: Answered) -> int | None:
        if self.how.total_pages:
            return count_at(page, self.how.total_pages)
        if page.total is None or not page.records:
            return None
        return math.ceil(page.total / len(page.records))

    def _numbered(self, ask: Ask, number: int) -> Ask:
        return replace(ask.having({self.how.param: number}), place=number)


@dataclass(frozen=True, slots=True)
class ByOffset:
    """Pages with offsets; a server may give fewer records at a time than it was asked for."""

    how: Offsets

    def first(self, ask: Ask) -> Ask:
        return self._at(ask.having({self.how.limit_param: self.how.limit}), 0)

    def others(self, page: Answered) -> Sequence[Ask] | None:
        step = len(page.records)
        if page.total is None or not step:
            return None
        return [self._at(page.ask, offset) for offset in range(step, page.total, step)]

    def after(self, page: Answered) -> Ask | None:
        return self._at(page.ask, page.held) if goes_on(page, self.how.has_more) else None

    def _at(self, ask: Ask, offset: int) -> Ask:
        return replace(ask.having({self.how.param: offset}), place=offset)


@dataclass(frozen=True, slots=True)
class ByToken:
    """Each page has the next one's token."""

    how: CursorPages

    def first(self, ask: Ask) -> Ask:
        return ask

    def others(self, page: Answered) -> Sequence[Ask] | None:
        return None

    def after(self, page: Answered) -> Ask | None:
        token, more = found_at(page.document, self.how.at), self.how.has_more
        flag = flag_at(page, more) if more else token not in (None, "")
        if not flag:
            _no_more(page)
            return None
        if token in (None, ""):
            raise strange(page, f"the page says at {more!r} that more follow, and has no token at {self.how.at!r}")
        if isinstance(token, bool) or not isinstance(token, int | str):
            raise strange(page, f"the token at {self.how.at!r} is neither a text nor a number")
        return page.ask.having({self.how.param: token})


@dataclass(frozen=True, slots=True)
class ByLink:
    """Each page has the next one's address, in its body (`at`) or in its header."""

    at: str | None = None
    keep_params: bool = False

    def first(self, ask: Ask) -> Ask:
        return ask

    def others(self, page: Answered) -> Sequence[Ask] | None:
        return None

    def after(self, page: Answered) -> Ask | None:
        link = found_at(page.document, self.at) if self.at else page.link
        if link in (None, ""):
            _no_more(page)
            return None
        if not isinstance(link, str):
            raise strange(page, f"the next page's address at {self.at!r} is no text")
        target = urljoin(page.ask.url, link)
        return _merged(target, page.ask) if self.keep_params else Ask(target, {}, page.ask.body)


def _merged(target: str, before: Ask) -> Ask:
    """The address with the parameters of the page before, but for those that it has itself."""
    parts = urlsplit(target)
    params = {**before.params, **dict(parse_qsl(parts.query, keep_blank_values=True))}
    return Ask(urlunsplit(parts._replace(query="", fragment="")), params, before.body)


def pages_of(how: Paging) -> Pages:
    """The strategy of a configured pagination."""
    return _STRATEGIES[type(how)](how)


_STRATEGIES: Mapping[type, Callable[[Any], Pages]] = {
    NoPages: lambda _: OnePage(),
    NumberedPages: ByNumber,
    Offsets: ByOffset,
    CursorPages: ByToken,
    NextLink: lambda how: ByLink(how.at, how.keep_params),
    LinkHeader: lambda _: ByLink(),
}


def goes_on(page: Answered, has_more: str | None) -> bool:
    """Whether pages follow one whose number is not known; without `has_more` it is the last if it is empty."""
    more = flag_at(page, has_more) if has_more else bool(page.records)
    if more and not page.records:
        raise ended_early(page, "an empty page says that more follow")
    if not more:
        _no_more(page)
    return more


def _no_more(page: Answered) -> None:
    """Raises Truncated for an end that comes before the server's own total."""
    if page.total is not None and page.held < page.total:
        raise ended_early(page, f"the pages end after {page.held:,} records, the server says {page.total:,}")


def found_at(document: Any, where: str) -> Any:
    """What a JMESPath finds in a document; None for nothing."""
    try:
        return path(where).find(document)
    except BadValue:
        return None


def flag_at(page: Answered, where: str) -> bool:
    """True or false, and nothing that is like it; raises UnexpectedBody."""
    found = found_at(page.document, where)
    if not isinstance(found, bool):
        raise strange(page, f"expected true or false at {where!r}")
    return found


def count_at(page: Answered, where: str) -> int:
    """A count; raises UnexpectedBody."""
    count = whole(found_at(page.document, where))
    if count is None:
        raise strange(page, f"expected a count at {where!r}")
    return count


def whole(found: Any) -> int | None:
    """The count that a value is, as a number or in digits; None for anything else."""
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 19:
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def ended_early(page: Answered, problem: str) -> Truncated:
    """The error, which is worth another try, for a list that ends where it should not."""
    return Truncated(problem, url=redact(page.ask.url))


def strange(page: Answered, problem: str) -> UnexpectedBody:
    """The error for a page that does not say what it should."""
    return UnexpectedBody(problem, url=redact(page.ask.url))

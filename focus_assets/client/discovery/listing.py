"""Follow a listing from page to page: where the next one lies, and when there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from anyio.abc import TaskGroup

from focus_assets.client.discovery.catalog import Resource
from focus_assets.client.errand import Errand
from focus_assets.client.protocol import redact
from focus_assets.model.errors import PageRepeated, UnexpectedBody


@dataclass(frozen=True, slots=True)
class Page:
    """The items of one answer, where the next page lies (None at the end), and how many items there are in all."""

    items: list[Any]
    following: str | None
    total: int | None


def first_url(url: str, params: Mapping[str, str]) -> str:
    """The first page of a collection.

    >>> first_url("https://a.test/data/offers", {"owner": "root"})
    'https://a.test/data/offers?owner=root&continue=true'
    """
    return _with_query(url, {**params, "continue": "true"})


def next_url(previous: str, location: str, link: str) -> str:
    """The link as the service wrote it, its query merged over the previous one.

    >>> next_url("https://a.test/data/offers?q=1&continue=true", "https://a.test", "/data/offers?continue=A&perPage=2")
    'https://a.test/data/offers?q=1&continue=A&perPage=2'
    """
    target = urljoin(f"{location}/", link)
    before, after = _query(previous), _query(target)
    return _with_query(target, {**before, **after})


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def _with_query(url: str, query: Mapping[str, str]) -> str:
    return urlunsplit(urlsplit(url)._replace(query=urlencode(query), fragment=""))


def read_page(answer: object, key: str, *, url: str, location: str) -> Page:
    """One page of a listing, by a continue token or by page numbers; raises UnexpectedBody."""
    items = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise UnexpectedBody(f"the page has no list {key!r}", url=redact(url))
    meta = answer.get("meta") if isinstance(answer, dict) else None
    said = meta if isinstance(meta, dict) else {}
    link = said["continue"] if "continue" in said else said.get("next")
    if link is not None and not isinstance(link, str):
        raise UnexpectedBody("the link to the next page is no text", url=redact(url))
    total = said.get("totalCount")
    counted = total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None
    return Page(items, next_url(url, location, link) if link else None, counted)


# Asks for the page at a URL, and again while its errors are repeatable; raises ApiError.
FetchPage = Callable[[str], Awaitable[Page]]


class Listing:
    """One walk over the pages of a collection.

    Lazy: a page is asked for when it is needed. Who has come to a second one wants to see them all: from there on the
    page after is fetched meanwhile, by a task of the group.
    """

    def __init__(self, resource: Resource, url: str, fetch: FetchPage, group: TaskGroup) -> None:
        self.resource = resource
        self._next: str | None = url
        self._fetch, self._group = fetch, group
        self._seen: set[str] = set()
        self._ahead: Errand[Page] | None = None

    def __aiter__(self) -> AsyncIterator[Page]:
        return self

    async def __anext__(self) -> Page:
        """Raises PageRepeated, ApiError."""
        if self._next is None:
            raise StopAsyncIteration
        url, ahead = self._next, self._ahead
        if url in self._seen:
            self._next = None
            raise PageRepeated("the next page is one that was asked for before", url=redact(url))
        page = await (ahead.result() if ahead else self._fetch(url))
        self._seen.add(url)
        self._next, self._ahead = page.following, self._prefetched(page.following)
        if self._ahead is not None:
            await self._ahead.get_going()
        return page

    def _prefetched(self, url: str | None) -> Errand[Page] | None:
        if url is None or url in self._seen or len(self._seen) < 2:
            return None
        errand = Errand(partial(self._fetch, url))
        self._group.start_soon(errand.run)
        return errand

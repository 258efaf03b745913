"""Ask for page after page, side by side where their number is known, and hand them on in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from anyio.abc import TaskGroup

from focus_assets.client.errand import Errand
from focus_assets.client.protocol import redact
from focus_assets.model.errors import PageRepeated
from focus_assets.sources.rest.pages import Answered, Ask, Pages, ended_early


@dataclass(frozen=True, slots=True)
class Came:
    """A page with its body, and the server's clock as it answered."""

    page: Answered
    body: bytes
    server_time: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A page to ask for, how many records came before it, and who judges it by raising what is wrong with it."""

    ask: Ask
    came: int
    judge: Callable[[Answered], object]


# Asks for a page, has it judged, and asks again while the error is repeatable; raises ApiError and RowError.
Fetch = Callable[[Asked], Awaitable[Came]]


@dataclass(slots=True)
class Walk:
    """One walk over all pages; `width` of them are asked for at a time where their number is known."""

    pages: Pages
    fetch: Fetch
    width: int
    _seen: set[str] = field(default_factory=set)
    _last: Answered | None = None

    async def first(self, ask: Ask) -> Came:
        """The first page."""
        return self._noted(await self.fetch(Asked(self._new(self.pages.first(ask)), 0, self._judge)))

    async def rest(self, first: Came, group: TaskGroup) -> AsyncIterator[Came]:
        """All pages after the first, in order; `group` runs those that are fetched side by side."""
        others = self.pages.others(first.page)
        if others is None:
            came = first
            while found := await self._following(came):
                yield (came := found)
            return
        held = first.page.held
        async for came in self._side_by_side(others, group):
            held += len(came.page.records)
            yield self._noted(came)
        total = first.page.total
        if total is not None and held < total:
            raise ended_early(first.page, f"the pages hold {held:,} records, the server says {total:,}")

    async def _following(self, came: Came) -> Came | None:
        ask = self.pages.after(came.page)
        return (
            None if ask is None else self._noted(await self.fetch(Asked(self._new(ask), came.page.held, self._judge)))
        )

    async def _side_by_side(self, asks: Iterable[Ask], group: TaskGroup) -> AsyncIterator[Came]:
        under_way: deque[Errand[Came]] = deque()
        waiting = iter(asks)
        while self._fill(under_way, waiting, group) or under_way:
            yield await under_way.popleft().result()

    def _fill(self, under_way: deque[Errand[Came]], waiting: Iterator[Ask], group: TaskGroup) -> bool:
        while len(under_way) < self.width and (ask := next(waiting, None)) is not None:
            errand = Errand(partial(self.fetch, Asked(self._new(ask), 0, _has_records)))
            group.start_soon(errand.run)
            under_way.append(errand)
        return bool(under_way)

    def _judge(self, page: Answered) -> None:
        """What tells the next page tells what is wrong with this one, while it can still be asked for again."""
        if self.pages.others(page) is None:
            self.pages.after(page)

    def _new(self, ask: Ask) -> Ask:
        if ask.identity in self._seen:
            raise PageRepeated("the next page is one that was asked for before", url=redact(ask.url))
        self._seen.add(ask.identity)
        return ask

    def _noted(self, came: Came) -> Came:
        last, page = self._last, came.page
        if last is not None and page.records and page.records == last.records:
            raise PageRepeated("two pages, one after the other, hold the same records", url=redact(page.ask.url))
        self._last = page
        return came


def _has_records(page: Answered) -> None:
    if not page.records:
        raise ended_early(page, "a page without records, where the server says that there are more")

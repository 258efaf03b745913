"""Hold requests back so that no second and no minute sees more of them than the server allows."""

from __future__ import annotations

import threading
from bisect import insort
from collections.abc import Callable
from typing import Protocol, TypeVar

from focus_assets.client.clock import Clock
from focus_assets.client.rate import Past, Rate, earliest, leave, slow_down

T = TypeVar("T")

_TICK = 1e-6  # seconds: what every clock moves on by when it is asked to; less might be nothing


class Pace(Protocol):
    """Everybody waits here before each request, and tells when the server wants fewer of them."""

    async def wait(self) -> float:
        """Returns when the next request may leave: the clock's moment."""

    async def slow_down(self, left: float, seconds: float | None) -> None:
        """The server answered 429 to the request that had left at that moment, with the `Retry-After` in seconds."""


class NoPace:
    """As fast as one likes, whatever the server says."""

    async def wait(self) -> float:
        return 0.0

    async def slow_down(self, left: float, seconds: float | None) -> None:
        return None


class Book(Protocol):
    """Keeps what has been; perhaps for more than one process."""

    async def update(self, change: Callable[[Past], tuple[Past, T]]) -> T:
        """Replace the past by what `change` makes of it, while nobody else does; return what it returns beside."""


class Memory:
    """What this process has seen."""

    def __init__(self) -> None:
        self._past = Past()
        self._guard = threading.Lock()  # never held while waiting

    async def update(self, change: Callable[[Past], tuple[Past, T]]) -> T:
        with self._guard:
            self._past, result = change(self._past)
            return result


class SlidingPace:
    """At least `1 / per_second` seconds between two requests, and at most `per_minute` in any 60 seconds.

    Exact for the moments at which requests leave, also between threads, and between processes that share a book.
    Within a process: first come, first served. Who is cancelled while waiting gives its place back. After a 429
    nobody leaves before its `Retry-After`, and requests are spaced wider; that wears off.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        per_second: float | None = None,
        per_minute: int | None = None,
        book: Book | None = None,
    ) -> None:
        self._clock, self._book = clock, book or Memory()
        self._rate = Rate(1.0 / per_second if per_second else 0.0, per_minute)
        self._known = Past()  # what the book said when it was last opened
        self._planned: list[float] = []  # when those that wait here will leave, sorted
        self._guard = threading.Lock()  # never held while waiting

    async def wait(self) -> float:
        """The moment at which the request may leave, which is now."""
        planned = self._plan()
        try:
            while True:
                now, due = await self._leave(planned)
                if due <= now:
                    return now
                await self._clock.sleep(max(due - now, _TICK))
        finally:
            with self._guard:
                self._planned.remove(planned)

    async def slow_down(self, left: float, seconds: float | None) -> None:
        """Hold everybody for so long, and space requests wider."""

        def change(past: Past) -> tuple[Past, Past]:
            now = self._clock.monotonic()
            slowed = slow_down(self._rate, past.until(now), now, left=left, seconds=seconds)
            return slowed, slowed

        self._known = await self._book.update(change)

    def _plan(self) -> float:
        with self._guard:
            now = self._clock.monotonic()
            planned = max(now, earliest(self._rate, self._known, self._planned, now))
            insort(self._planned, planned)
            return planned

    async def _leave(self, planned: float) -> tuple[float, float]:
        """Now, and when the request is due; where that is not later, it has left."""

        def change(past: Past) -> tuple[Past, tuple[Past, float, float]]:
            now = self._clock.monotonic()
            past = past.until(now)
            # what really left counts: sleeping is never exact, and one that overslept pushes the next ones back
            due = max(planned, earliest(self._rate, past, (), now))
            past = leave(self._rate, past, now) if due <= now else past
            return past, (past, now, due)

        self._known, now, due = await self._book.update(change)
        return now, due

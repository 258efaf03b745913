"""Hold requests back so that no second and no minute sees more of them than the server allows."""

from __future__ import annotations

import threading
from collections import deque
from typing import Protocol

from focus_assets.client.clock import Clock

MINUTE = 60.0


class Pace(Protocol):
    """Everybody waits here before each request. A bucket that several processes share would stand behind this too."""

    async def wait(self) -> None: ...


class NoPace:
    """As fast as one likes."""

    async def wait(self) -> None:
        return None


class SlidingPace:
    """At least `1 / per_second` seconds between two requests, and at most `per_minute` in any 60 seconds.

    First come, first served; exact for the moments at which requests leave, also between threads. Who is cancelled
    while waiting gives its place back.
    """

    def __init__(self, clock: Clock, *, per_second: float | None = None, per_minute: int | None = None) -> None:
        self._clock = clock
        self._spacing = 1.0 / per_second if per_second else 0.0
        self._per_minute = per_minute
        self._left: deque[float] = deque(maxlen=per_minute or 1)  # when the last requests left
        self._planned: list[float] = []  # when those that wait here will leave, sorted
        self._guard = threading.Lock()  # never held while waiting

    async def wait(self) -> None:
        """Returns when the next request may leave."""
        planned = self._plan()
        try:
            while (seconds := self._leave(planned)) > 0:
                await self._clock.sleep(seconds)
        except BaseException:
            self._give_back(planned)
            raise

    def _plan(self) -> float:
        with self._guard:
            planned = max(self._clock.monotonic(), self._after([*self._left, *self._planned]))
            self._planned.append(planned)
            return planned

    def _leave(self, planned: float) -> float:
        """Seconds to wait still; 0 when the request has left."""
        with self._guard:
            now = self._clock.monotonic()
            # what really left counts: sleeping is never exact, and one that overslept pushes the next ones back
            due = max(planned, self._after(self._left))
            if now < due:
                return due - now
            self._planned.remove(planned)
            self._left.append(now)
            return 0.0

    def _give_back(self, planned: float) -> None:
        with self._guard:
            self._planned.remove(planned)

    def _after(self, moments: deque[float] | list[float]) -> float:
        """The earliest moment for one more after those moments."""
        spaced = moments[-1] + self._spacing if moments else 0.0
        limit = self._per_minute
        if limit is None or len(moments) < limit:
            return spaced
        return max(spaced, moments[-limit] + MINUTE)

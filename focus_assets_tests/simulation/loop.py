"""Run asyncio so that a seed replays exactly: one thread at a time, in an order that no machine decides.

The mirror works in worker threads. Here the loop first does all that it can do without them, and only then hears what
one of them has to say; and its clock stands still, so that no timer of the libraries' own ever fires: time is the
simulation's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class OneAtATime(asyncio.SelectorEventLoop):
    """What threads call in waits until the loop has nothing else to do."""

    def __init__(self) -> None:
        self._from_threads: deque[asyncio.Handle] = deque()
        super().__init__()

    def time(self) -> float:
        """Never a moment later."""
        return 0.0

    def call_soon_threadsafe(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.Handle:
        """From another thread, or from a signal: later than all that is ready."""
        handle = asyncio.Handle(callback, args, self, context)
        self._from_threads.append(handle)
        self._write_to_self()  # type: ignore[attr-defined]
        return handle

    def _run_once(self) -> None:
        if not self._ready and self._from_threads:  # type: ignore[attr-defined]
            self._ready.append(self._from_threads.popleft())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on such a loop."""
    with asyncio.Runner(loop_factory=OneAtATime) as runner:
        return runner.run(main)

"""Let somebody fetch something meanwhile, and take it when it is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

T = TypeVar("T")

_TURNS = 8  # of the loop, in which a request that waits for nothing has left


class Errand(Generic[T]):
    """What a task of a group fetches; its error is kept for whoever asks for the result."""

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self._fetch, self._done = fetch, anyio.Event()
        self._found: list[T] = []
        self._error: Exception | None = None

    async def run(self) -> None:
        """Do it; for the group."""
        try:
            self._found.append(await self._fetch())
        except Exception as error:  # noqa: BLE001 (raised again by `result`)
            self._error = error
        self._done.set()

    async def get_going(self) -> None:
        """Let it ask before the caller works on, who may not wait for anything in a while."""
        for _ in range(_TURNS):
            await anyio.lowlevel.checkpoint()

    async def result(self) -> T:
        """What was found, or the error that came instead."""
        await self._done.wait()
        if self._error is not None:
            raise self._error
        return self._found[0]


@asynccontextmanager
async def errands() -> AsyncIterator[TaskGroup]:
    """Tasks that end with the body, and whose errors are told by `result`: the body's own comes out as it is."""
    failed: Exception | None = None
    async with anyio.create_task_group() as group:
        try:
            yield group
        except Exception as error:  # noqa: BLE001 (raised below: here the group would wrap it)
            failed = error
        group.cancel_scope.cancel()
    if failed is not None:
        raise failed

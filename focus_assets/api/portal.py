"""Reach the asynchronous world of HTTP from synchronous code, also where an event loop runs already."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TypeVar

import anyio
from anyio.from_thread import BlockingPortal

T = TypeVar("T")


class Portal:
    """An event loop in a thread of its own: begun by the first call, ended by `close`, or with the last user of it.

    The thread ends with the program: who forgets to close it does not keep Python from leaving.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._loop: _Loop | None = None

    def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """The result of an asynchronous call, or what it raises."""
        return self._begun().call(function)

    def enter(self, manager: AbstractAsyncContextManager[T]) -> AbstractContextManager[T]:
        """An asynchronous context manager as a synchronous one."""
        return self._begun().wrap_async_context_manager(manager)

    def close(self) -> None:
        """End the loop and its thread; a later call begins another one."""
        with self._guard:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.end()

    def _begun(self) -> BlockingPortal:
        with self._guard:
            if self._loop is None:
                self._loop = _Loop()
                weakref.finalize(self, self._loop.end)
            return self._loop.portal


class _Loop:
    """A running event loop, and the way into it."""

    portal: BlockingPortal

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=anyio.run, args=(self._serve,), name="focus-assets-portal", daemon=True)
        self._thread.start()
        self._ready.wait()

    async def _serve(self) -> None:
        async with BlockingPortal() as self.portal:
            self._ready.set()
            await self.portal.sleep_until_stopped()

    def end(self) -> None:
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self.portal.start_task_soon(self.portal.stop, True)
            self._thread.join()

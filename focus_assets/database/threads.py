"""Reach the synchronous world of databases from asynchronous code: through a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio.to_thread

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await a blocking call; a cancelled caller waits for its end, as a driver's call cannot be left half done."""
    return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs))

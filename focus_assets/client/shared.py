"""Keep in a file what has been asked of an API, so that all processes of a machine hold to one rate limit.

Moments are those of the machine's monotonic clock, which its processes have in common.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from focus_assets.client.rate import Past
from focus_assets.model.errors import SharedLimitUnavailable

T = TypeVar("T")

_BUSY_SECONDS = 30.0
_TABLE = "CREATE TABLE IF NOT EXISTS past (id INTEGER PRIMARY KEY CHECK (id = 1), said TEXT NOT NULL)"
_WRITE = "INSERT INTO past VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET said = excluded.said"


class SharedFile:
    """One row of SQLite, changed under its lock. Nothing is lost when it is deleted but the last minute's count."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_at_a_time = threading.Lock()  # a process stands in the line of processes once

    async def update(self, change: Callable[[Past], tuple[Past, T]]) -> T:
        """Raises SharedLimitUnavailable."""
        # a limiter of its own: loads wait for requests in the threads of the others
        return await anyio.to_thread.run_sync(self._update, change, limiter=anyio.CapacityLimiter(1))

    def _update(self, change: Callable[[Past], tuple[Past, T]]) -> T:
        try:
            with self._one_at_a_time:
                return self._changed(change)
        except (OSError, sqlite3.Error, ValueError, TypeError) as error:
            raise SharedLimitUnavailable(self._path, str(error)) from error

    def _changed(self, change: Callable[[Past], tuple[Past, T]]) -> T:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # after a power cut the last minute does not matter
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
            row = connection.execute("SELECT said FROM past").fetchone()
            before = _read(row[0]) if row else Past()
            after, result = change(before)
            if after != before:
                connection.execute(_WRITE, (json.dumps(asdict(after)),))
            connection.execute("COMMIT")
        return result


def _read(said: str) -> Past:
    found = json.loads(said)
    return Past(**{**found, "left": tuple(found["left"])})

"""Keep connections for who needs one next: to open one costs as much as a small load has to write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa


class Kept:
    """Those that nobody uses at the moment; none but while somebody wants them, from whatever thread."""

    def __init__(self, stands: Callable[[sa.Connection], bool]) -> None:
        """`stands` tells whether a connection can still be used: between two uses it may have been lost."""
        self._stands = stands
        self._guard = threading.Lock()  # never held while a database is spoken to
        self._wanted = 0
        self._idle: list[sa.Connection] = []

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """Until all of those who want them are done; then they are closed."""
        with self._guard:
            self._wanted += 1
        try:
            yield
        finally:
            with self._guard:
                self._wanted -= 1
                idle, self._idle = ([], self._idle) if self._wanted else (self._idle, [])
            for connection in idle:
                connection.close()

    def take(self) -> sa.Connection | None:
        """One that stands; None where a new one is needed."""
        while (connection := self._next()) is not None:
            if self._stands(connection):
                return connection
            connection.invalidate()
            connection.close()
        return None

    def put(self, connection: sa.Connection) -> None:
        """One whose use ended well."""
        with self._guard:
            keep = self._wanted > 0 and not connection.invalidated and not connection.in_transaction()
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

    def _next(self) -> sa.Connection | None:
        with self._guard:
            return self._idle.pop() if self._idle else None

"""Count every point at which a run touches a database or the API, and do something at one of them.

Nothing of the product is replaced: SQLite tells its own trace, psycopg makes cursors of the class that it is given,
and httpx speaks through a transport.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import sqlalchemy as sa

from focus_assets.database.open import Database

CHUNK_BYTES = 700


def die() -> None:
    """Here and now, as by kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)


def halt() -> None:
    """Until somebody lets it go on: every thread stands still, with whatever it has locked."""
    os.kill(os.getpid(), signal.SIGSTOP)


def die_soon(micros: float) -> Callable[[], None]:
    """A little later, in the middle of whatever happens then: an alarm that nobody handles ends a process at once."""
    return lambda: _arm(micros / 1e6)


def _arm(seconds: float) -> None:
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))


@dataclass
class Seam:
    """The points passed so far, in order; at those of `at` (from 1) `act` is called, before what they name happens."""

    at: Collection[int] = ()
    act: Callable[[], None] = die
    passed: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def point(self, what: str) -> None:
        with self._lock:
            self.passed.append(what)
            mine = len(self.passed) in self.at
        if mine:
            self.act()

    def watch(self, database: Database) -> None:
        """Count what this database is told from now on: every statement, every row and block that is written."""
        engine = database._engine
        if database.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", lambda connection, _: connection.set_trace_callback(self._told))
            return
        count = _count_queries if database.dialect.name == "mysql" else _count_cursors
        sa.event.listen(engine, "connect", lambda connection, _: count(connection, self))
        sa.event.listen(engine, "commit", lambda _: self.point("COMMIT"))
        sa.event.listen(engine, "rollback", lambda _: self.point("ROLLBACK"))

    def _told(self, statement: str) -> None:
        self.point(_short(statement))


def _short(statement: str) -> str:
    return " ".join(statement.split())[:60]


def _count_queries(connection: Any, seam: Seam) -> None:
    send, write = connection._execute_command, connection.write_packet

    def counted(command: Any, statement: Any) -> Any:
        text = statement.decode(errors="replace") if isinstance(statement, bytes | bytearray) else statement
        seam.point(_short(text))
        return send(command, statement)

    def counted_rows(data: bytes) -> Any:
        seam.point(f"{len(data):,} bytes of rows")
        return write(data)

    connection._execute_command, connection.write_packet = counted, counted_rows


def _count_cursors(connection: Any, seam: Seam) -> None:
    import psycopg

    class Counted(psycopg.Cursor[Any]):
        def execute(self, query: Any, *given: Any, **more: Any) -> Any:
            seam.point(_short(str(query)))
            return super().execute(query, *given, **more)

        @contextmanager
        def copy(self, statement: Any, *given: Any, **more: Any) -> Iterator[Any]:
            seam.point("COPY")
            with super().copy(statement, *given, **more) as copy:
                yield _CountedCopy(copy, seam)
                seam.point("COPY ends")

    class CountedOnServer(psycopg.ServerCursor[Any]):
        def execute(self, query: Any, *given: Any, **more: Any) -> Any:
            seam.point(_short(str(query)))
            return super().execute(query, *given, **more)

    connection.cursor_factory = Counted
    connection.server_cursor_factory = CountedOnServer


class _CountedCopy:
    def __init__(self, copy: Any, seam: Seam) -> None:
        self._copy, self._seam = copy, seam

    def write(self, data: bytes) -> None:
        self._seam.point("COPY data")
        self._copy.write(data)


def plain() -> httpx.AsyncHTTPTransport:
    """Over a socket without TLS: no certificates are read for it."""
    return httpx.AsyncHTTPTransport(verify=False)


class CountedTransport(httpx.AsyncBaseTransport):
    """Each request is a point, and so is each small piece of its answer."""

    def __init__(self, inner: httpx.AsyncBaseTransport, seam: Seam) -> None:
        self._inner, self._seam = inner, seam

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._seam.point(f"ask {request.url.path}")
        answer = await self._inner.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        answer.stream = _Pieces(answer.stream, self._seam, request.url.path.rsplit("/", 2)[-2])
        return answer


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, seam: Seam, name: str) -> None:
        self._inner, self._seam, self._name = inner, seam, name

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            for start in range(0, len(chunk), CHUNK_BYTES):
                self._seam.point(f"a piece of {self._name}")
                yield chunk[start : start + CHUNK_BYTES]

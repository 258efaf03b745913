"""Stand between a client and PostgreSQL, and break the connection at a COMMIT."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

_COMMIT = b"COMMIT\0"  # as a simple query says it
_PORT = 5432


class Break(enum.Enum):
    """What becomes of a COMMIT, and of the connection that it came on."""

    UNHEARD = "the server never hears of it"
    UNANSWERED = "it takes effect, and nobody is told"
    LATE = "it takes effect after the client has come back to ask"
    TERMINATED = "the server ends the session first"
    GONE = "it takes effect, and the server lets nobody in any more"


class Proxy:
    """Breaks at the `at`-th COMMIT (from 1; 0: never); `commits` counts them."""

    def __init__(self, server: URL, database: str) -> None:
        self._server, self._database = server, database
        self.at, self.how = 0, Break.UNHEARD
        self.commits = 0
        self._closed = False
        self._back = asyncio.Event()
        self._passing: set[asyncio.Task[None] | None] = set()

    def arm(self, at: int, how: Break) -> None:
        """From now on."""
        self.at, self.how = at, how
        self.commits, self._closed = 0, False
        self._back.clear()

    def release(self) -> None:
        """Nobody will come back to ask."""
        self._back.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[URL]:
        """The URL under which the database is reached through it."""
        serving = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        host, port = serving.sockets[0].getsockname()[:2]
        async with serving, _ended(self._passing):
            query = {"sslmode": "disable", "gssencmode": "disable"}
            yield self._server.set(host=host, port=port, database=self._database, query=query)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._passing.add(asyncio.current_task())
        if self._closed:
            writer.transport.abort()
            return
        there, back = await self._reached()
        down = asyncio.ensure_future(_pour(there, writer))
        try:
            with contextlib.suppress(ConnectionError):
                await self._pump(reader, writer, _Upward(there, back, down))
        finally:
            down.cancel()
            writer.transport.abort()
            back.transport.abort()

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder = self._server.query.get("host")
        if isinstance(folder, str):
            return await asyncio.open_unix_connection(Path(folder) / f".s.PGSQL.{self._server.port or _PORT}")
        return await asyncio.open_connection(self._server.host, self._server.port or _PORT)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: _Upward) -> None:
        while data := await reader.read(65536):
            if b"_focus_" in data:
                self._back.set()
            if _COMMIT in data:
                self.commits += 1
                if self.commits == self.at:
                    await self._break(data, writer, up)
                    return
            up.writer.write(data)
            await up.writer.drain()

    async def _break(self, data: bytes, writer: asyncio.StreamWriter, up: _Upward) -> None:
        self._closed = self.how is Break.GONE
        if self.how is Break.UNHEARD:
            return
        if self.how is Break.TERMINATED:
            await asyncio.to_thread(self._terminate)
            await up.down  # the server's last word goes to the client
            return
        up.down.cancel()
        await asyncio.wait([up.down])
        if self.how is Break.LATE:
            self._back.clear()
            writer.transport.abort()
            await self._back.wait()
            await asyncio.to_thread(self._answered)
        up.writer.write(data)
        while _COMMIT not in await up.reader.read(65536):
            pass

    def _answered(self) -> None:
        """Until whoever came back has got an answer, or waits for the transaction whose COMMIT is held up."""
        busy = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state = 'active' "
            "AND wait_event_type IS DISTINCT FROM 'Lock'"
        )
        with self._asked() as connection:
            while connection.execute(busy, [self._database]).fetchone()[0]:
                connection.execute("SELECT pg_sleep(0.001)")

    def _terminate(self) -> None:
        ended = "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = %s"
        with self._asked() as connection:
            connection.execute(ended, [self._database])

    def _asked(self) -> Any:
        import psycopg

        plain = self._server.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True)


@asynccontextmanager
async def _ended(tasks: set[asyncio.Task[None] | None]) -> AsyncIterator[None]:
    yield
    if left := {task for task in tasks if task and not task.done()}:
        await asyncio.wait(left)  # their clients are gone


@dataclass(frozen=True, slots=True)
class _Upward:
    """A connection to the server, and what brings its answers down to the client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    down: asyncio.Future[None]


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

"""Serve the sandbox over HTTP/1.1, with the control to cut and to reset that a framework does not give."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar
from urllib.parse import parse_qsl

from focus_assets.sandbox.exchange import Ending, Request, Response, json_response

Answer = Callable[[Request], Awaitable[Response]]


class Answering(Protocol):
    """What a server serves."""

    def answer(self, request: Request) -> Response:
        """The answer to one request, from any thread."""


_log = logging.getLogger(__name__)

_HEAD_LIMIT = 32 * 1024
_BODY_LIMIT = 1024 * 1024
_IDLE_SECONDS = 120
_WORKERS = 4
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends RST, not FIN."""


class _BadRequest(Exception):
    """Something that is no request; the connection is closed after the answer."""

    def __init__(self, status: int, problem: str) -> None:
        self.status, self.problem = status, problem
        super().__init__(problem)


async def serve(
    sandbox: Answering, host: str = "127.0.0.1", port: int = 0, *, started: Callable[[str], None] | None = None
) -> None:
    """Serve until cancelled; `started` is told the URL. OSError where the port is taken."""
    async with listening(sandbox, host, port) as url:
        if started:
            started(url)
        await asyncio.Event().wait()


@asynccontextmanager
async def listening(sandbox: Answering, host: str, port: int) -> AsyncIterator[str]:
    """The URL at which it listens; at the end no connection is left."""
    connections: set[asyncio.Task[None]] = set()

    async def answer(request: Request) -> Response:
        return await asyncio.get_running_loop().run_in_executor(workers, sandbox.answer, request)

    # A plain function: a coroutine's task would belong to asyncio, which prints a trace when it is cancelled.
    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(_Connection(answer, reader, writer).run())
        connections.add(task)
        task.add_done_callback(connections.discard)
        task.add_done_callback(_report)

    with _workers() as workers:
        server = await asyncio.start_server(connected, host, port, limit=_HEAD_LIMIT)
        try:
            yield _url(host, server.sockets[0].getsockname()[1])
        finally:
            server.close()
            await _end(connections)
            await server.wait_closed()


def _workers() -> ThreadPoolExecutor:
    """Where requests are answered, so that one that takes long (a digest of millions) holds up no other."""
    workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="sandbox")
    # All threads start now: one that started later would look like a leak of whoever sent that request.
    met = threading.Barrier(_WORKERS)
    for _ in range(_WORKERS):
        workers.submit(met.wait)
    return workers


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("the sandbox failed to answer", exc_info=error)


class _Connection:
    """One connection: requests one after the other, until either side ends it."""

    def __init__(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._answer, self._reader, self._writer = answer, reader, writer
        # A drain waits until all is with the operating system: a cut comes after what was sent before it.
        writer.transport.set_write_buffer_limits(0)

    async def run(self) -> None:
        """Until the end; a client that has gone away ends it quietly."""
        try:
            while await self._exchange():
                pass
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            _log.debug("the client went away")
        finally:
            self._writer.transport.abort()

    async def _exchange(self) -> bool:
        try:
            request = await self._read()
        except _BadRequest as bad:
            await self._write(json_response(bad.status, {"error": bad.problem}), keep=False)
            return await self._close()
        response = await self._answer(request)
        keep = _keeps(request, response)
        await self._write(response, keep=keep)
        return await self._ended(response.ending, keep=keep)

    async def _ended(self, ending: Ending, *, keep: bool) -> bool:
        if ending is Ending.NORMAL and keep:
            return True
        if ending is Ending.RESET:
            return self._reset()
        return await self._close()

    async def _close(self) -> bool:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        return False

    def _reset(self) -> bool:
        connection: socket.socket = self._writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._writer.transport.abort()
        return False

    async def _read(self) -> Request:
        async with asyncio.timeout(_IDLE_SECONDS):
            try:
                head = await self._reader.readuntil(b"\r\n\r\n")
            except asyncio.LimitOverrunError:
                raise _BadRequest(431, "the head is too large") from None
            method, target, headers = _parsed(head)
            return _request(method, target, headers, await self._body(headers))

    async def _body(self, headers: dict[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise _BadRequest(411, "a body needs a content-length")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise _BadRequest(400, "the content-length is no number")
        if int(length) > _BODY_LIMIT:
            raise _BadRequest(413, "the body is too large")
        return await self._reader.readexactly(int(length))

    async def _write(self, response: Response, *, keep: bool) -> None:
        await asyncio.sleep(response.delay)
        if response.ending is Ending.SILENT:
            return
        chunked = not {"content-length", "connection"} & response.headers.keys()
        await self._send(_head(response, chunked=chunked, keep=keep))
        for chunk in response.body:
            await asyncio.sleep(response.pause)
            await self._send(_framed(chunk) if chunked else chunk)
        if chunked and response.ending is Ending.NORMAL:
            await self._send(b"0\r\n\r\n")

    async def _send(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()


def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise _BadRequest(400, "this is no HTTP/1.1 request")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if words[2] == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return words[0], words[1], headers


def _request(method: str, target: str, headers: dict[str, str], body: bytes) -> Request:
    path, _, query = target.partition("?")
    return Request(method, path, dict(parse_qsl(query, keep_blank_values=True)), headers, body)


def _keeps(request: Request, response: Response) -> bool:
    return "close" not in (request.headers.get("connection", "").lower(), response.headers.get("connection", ""))


def _head(response: Response, *, chunked: bool, keep: bool) -> bytes:
    headers = dict(response.headers)
    if chunked:
        headers["transfer-encoding"] = "chunked"
    headers["connection"] = "keep-alive" if keep else "close"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {response.status} {_reason(response.status)}\r\n{lines}\r\n".encode("latin-1")


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase


def _framed(chunk: bytes) -> bytes:
    # A chunk of length zero would be the end.
    return b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunk else b""


A = TypeVar("A", bound=Answering)


class SandboxServer(Generic[A]):
    """A sandbox on a port of its own, in a thread of its own, for as long as the `with` lasts."""

    def __init__(self, sandbox: A, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sandbox = sandbox
        self.url = ""
        self._host, self._port = host, port
        self._ready = threading.Event()
        self._problem: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._problem:
            self._thread.join()
            raise self._problem
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._problem = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with listening(self.sandbox, self._host, self._port) as url:
            self.url = url
            self._ready.set()
            await self._stop.wait()

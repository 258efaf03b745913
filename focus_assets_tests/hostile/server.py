"""A server that answers what the protocol asks, but for the one endpoint where it does its worst."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager

from focus_assets_tests.crash.children import start
from focus_assets_tests.integration.client.sockets import chunked, head

# What goes over the wire, as it comes; the connection is closed at the end of it.
Answer = Callable[[], AsyncIterator[bytes]]
ATTRIBUTES = {"id": "string", "name": "string", "extra": "json", "updated_at": "time"}
TOTAL = 3


def attribute(name: str, type_name: str) -> dict[str, object]:
    return {name: {"primary_key": name == "id", "foreign_key": None, "type": type_name}}


SCHEMA = {"resources": {"things": {"attributes": [attribute(*one) for one in ATTRIBUTES.items()]}}}


def line(number: int, **more: str) -> bytes:
    members = {"id": f'"k{number}"', "name": '"n"', "updated_at": '"2025-07-01T16:01:00.000000Z"', **more}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}\n").encode()


GOOD: Mapping[str, bytes] = {
    "auth": b'{"token":"t"}',
    "schema": json.dumps(SCHEMA).encode(),
    "state": b'{"total_items":%d}' % TOTAL,
    "full": b"".join(line(number) for number in range(TOTAL)),
    "created": b"",
    "updated": b"",
    "deleted": b"",
}


def endpoint_of(request: bytes) -> str:
    path = request.split(b" ", 2)[1].partition(b"?")[0].decode("latin-1")
    names = [name for name in reversed(path.split("/")) if name in GOOD]
    return names[0] if names else "state"


@contextmanager
def hostile(answers: Mapping[str, Answer]) -> Iterator[str]:
    """In a process of its own, so that its memory is not ours; its URL."""
    reading, writing = os.pipe()
    server = start(lambda: asyncio.run(_serve(answers, writing)))
    os.close(writing)
    try:
        yield os.read(reading, 200).decode()
    finally:
        os.close(reading)
        os.kill(server.pid, signal.SIGKILL)
        os.waitpid(server.pid, 0)
        os.close(server.pipe)


async def _serve(answers: Mapping[str, Answer], ready: int) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            async for piece in _answer(await _request(reader), answers):
                writer.write(piece)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    os.write(ready, f"http://{host}:{port}".encode())
    async with server:
        await asyncio.Event().wait()


async def _request(reader: asyncio.StreamReader) -> bytes:
    request = await reader.readuntil(b"\r\n\r\n")
    lengths = [one for one in request.lower().split(b"\r\n") if one.startswith(b"content-length:")]
    return request + (await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b"")


def _answer(request: bytes, answers: Mapping[str, Answer]) -> AsyncIterator[bytes]:
    endpoint = endpoint_of(request)
    return answers.get(endpoint, whole(GOOD[endpoint]))()


def whole(body: bytes, status: str = "200 OK", **headers: object) -> Answer:
    """One answer with its length."""

    async def answer() -> AsyncIterator[bytes]:
        yield head(status, content_length=len(body), date="Tue, 01 Jul 2025 17:00:00 GMT", **headers)
        yield body

    return answer


def streamed(pieces: Callable[[], Iterator[bytes]], **headers: object) -> Answer:
    """As many pieces as the client takes; the end of the connection is the end."""

    async def answer() -> AsyncIterator[bytes]:
        yield head(date="Tue, 01 Jul 2025 17:00:00 GMT", **headers)
        for piece in pieces():
            yield piece

    return answer


def dripping(start_at_once: bytes, drop: bytes, seconds: float) -> Answer:
    """Something at once, then a drop at a time, for ever."""

    async def answer() -> AsyncIterator[bytes]:
        yield start_at_once
        while True:
            await asyncio.sleep(seconds)
            yield drop

    return answer


__all__ = ["GOOD", "Answer", "chunked", "dripping", "hostile", "line", "streamed", "whole"]

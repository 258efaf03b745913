"""A server on a real socket that says exactly the bytes it is told to, then closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

# the request's head and body in, the bytes of the answer out; the pieces are written one after the other
Script = Callable[[bytes], Iterable[bytes]]


_TLS = b"\x16"  # how a client begins that wants TLS


@asynccontextmanager
async def serving(script: Script, *, linger: bool = False) -> AsyncIterator[str]:
    """The server's base URL; one that lingers says nothing more, and leaves the connection open."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for piece in script(await _request(reader)):
                writer.write(piece)
                await writer.drain()
            if linger:
                await reader.read()  # until the client goes
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client had heard enough
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    async with server:
        yield f"http://{host}:{port}"


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(1)
    if head == _TLS:
        return head
    head += await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + (await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b"")


def head(status: str = "200 OK", **headers: object) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode()


def chunked(*pieces: bytes) -> bytes:
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in (*pieces, b""))

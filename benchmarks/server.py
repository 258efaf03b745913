"""Serve ready-made files as a Data Exchange server would, as fast as the kernel sends them.

A process of its own: `python -m benchmarks.server FOLDER`. It says its port in one line, and ends with its input.
What `FOLDER/now` points to is what it says; a feed without a file is empty.
"""

from __future__ import annotations

import asyncio
import sys
from email.utils import formatdate
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO

NOW = "now"
_REASONS = {200: "OK", 201: "Created", 404: "Not Found"}
_LOGGED_IN = b'{"token":"bench"}'


def answer_of(folder: Path, path: str) -> tuple[int, BinaryIO]:
    """The status, and the body: a file wherever it is large."""
    named, _, query = path.partition("?")
    parts = named.strip("/").split("/")
    if parts[-1] == "auth":
        return 201, BytesIO(_LOGGED_IN)
    if parts[-1] == "schema":
        return 200, (folder / "schema.json").open("rb")
    if parts[-1] == "state":
        return 200, (folder / NOW / "state.json").open("rb")
    if parts[0] == "pages":
        return 200, (folder / NOW / "pages" / f"{query.partition('=')[2] or parts[-1]}.json").open("rb")
    if parts == ["lines"]:
        return 200, (folder / NOW / "full.ndjson").open("rb")
    if parts[-1] == "lines":
        file = folder / NOW / f"{parts[-2]}.ndjson"
        return 200, file.open("rb") if file.exists() else BytesIO()
    return 404, BytesIO()


class _Server:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while path := await _request(reader):
                await self._send(writer, *answer_of(self._folder, path))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter, status: int, body: BinaryIO) -> None:
        with body:
            size = body.seek(0, SEEK_END)
            body.seek(0)
            head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nDate: {formatdate(usegmt=True)}\r\n"
            writer.write(f"{head}Content-Length: {size}\r\n\r\n".encode())
            await writer.drain()
            # by the kernel where it is a file, by copying where it is not
            await asyncio.get_running_loop().sendfile(writer.transport, body)


async def _request(reader: asyncio.StreamReader) -> str:
    """The path; its body is read and thrown away."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            await reader.readexactly(int(value))
    return first.split(" ")[1]


async def _serve(folder: Path) -> None:
    server = await asyncio.start_server(_Server(folder).talk, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))

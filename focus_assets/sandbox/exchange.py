"""Say what a request is and what an answer is, without a socket."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `path` is still percent-encoded, the names of `headers` are lower-case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class Ending(enum.Enum):
    """How the bytes of an answer come to their end."""

    NORMAL = "normal"
    """The framing is closed properly, also where lines are missing."""
    CUT = "cut"
    """The connection is closed in the middle of the framing."""
    RESET = "reset"
    """The connection is reset in the middle of the framing."""
    SILENT = "silent"
    """The connection is closed without an answer: neither head nor body is sent."""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: whoever carries it out sleeps `delay` seconds before the head and `pause` before each chunk.

    Without a `content-length` the body is chunked, or runs to the connection's end where the
    headers say `connection: close`. An empty chunk stands for a breath: nothing is sent.
    """

    status: int
    headers: dict[str, str]
    body: Iterator[bytes]
    ending: Ending = Ending.NORMAL
    delay: float = 0.0
    pause: float = 0.0


def json_response(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that is one JSON text."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return whole_response(status, text, {"content-type": "application/json", **(headers or {})})


def whole_response(status: int, content: bytes, headers: Mapping[str, str]) -> Response:
    """An answer whose length is known."""
    return Response(status, {**headers, "content-length": str(len(content))}, iter((content,) if content else ()))

"""Read what comes off the wire, and turn whatever goes wrong there into our own errors."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from typing import Protocol

import anyio
import httpx

from focus_assets.client.clock import Clock
from focus_assets.client.protocol import parse_count, redact
from focus_assets.model.errors import ApiError, ApiTimeout, ApiUnreachable, OriginRefused, RequestRefused, Truncated
from focus_assets.model.purse import Purse

# What may come up through httpx: its own errors, and what its layers below do not always wrap.
FOREIGN = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    OSError,
    ssl.SSLError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
)


class Deadline:
    """A moment by which a request and its answer must be done."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self.seconds = clock, seconds
        self._at = clock.monotonic() + seconds

    @property
    def passed(self) -> bool:
        return self._clock.monotonic() >= self._at

    def left(self) -> float:
        """Seconds; never negative."""
        return max(0.0, self._at - self._clock.monotonic())


class Decoder(Protocol):
    """Knows how far a body was understood."""

    def truncated(self, problem: str) -> Truncated: ...


class Wire:
    """The raw bytes of one answer's body, counted and timed: the deadline, and the length that was announced."""

    def __init__(self, response: httpx.Response, deadline: Deadline, decoder: Decoder, purse: Purse) -> None:
        self._response, self._deadline, self._decoder, self._purse = response, deadline, decoder, purse
        self._chunks: AsyncIterator[bytes] = response.aiter_raw()
        self._received = 0

    async def read(self) -> bytes | None:
        """The next bytes, None at the end; raises Truncated, ApiTimeout."""
        chunk = await self._next()
        if self._deadline.passed:
            raise too_late(self._url, self._deadline)
        self._received += len(chunk or b"")
        self._purse.pay_bytes(len(chunk or b""))
        if chunk is None:
            self._check_length()
        return chunk

    @property
    def _url(self) -> str:
        return str(self._response.request.url)

    async def _next(self) -> bytes | None:
        try:
            return await anext(self._chunks, None)
        except httpx.TimeoutException as error:
            raise translated(error, self._url) from error
        except FOREIGN as error:
            raise self._decoder.truncated(
                f"the transfer broke after {self._received:,} bytes: {_said(error)}"
            ) from error

    def _check_length(self) -> None:
        # the library below checks this for its own sockets, not for every transport
        announced = announced_length(self._response.headers)
        if announced is not None and announced != self._received:
            raise self._decoder.truncated(f"the transfer had {self._received:,} of the announced {announced:,} bytes")


def announced_length(headers: httpx.Headers) -> int | None:
    """Content-Length where it counts: not beside a transfer encoding."""
    return None if "transfer-encoding" in headers else parse_count(headers.get("content-length", ""))


def too_late(url: str, deadline: Deadline) -> ApiTimeout:
    """The error for an answer that was not complete in time."""
    return ApiTimeout(f"the answer was not complete after {deadline.seconds:g} s", url=redact(url))


def translated(error: BaseException, url: str) -> ApiError:
    """Our error for one of FOREIGN that came before the answer's body."""
    shown = redact(url)
    match error:
        case httpx.ConnectTimeout():
            return ApiTimeout("no connection in time", url=shown)
        case httpx.PoolTimeout():
            return ApiTimeout("no connection came free in time", url=shown)
        case httpx.TimeoutException():
            return ApiTimeout("nothing arrived in time", url=shown)
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return OriginRefused("this is no URL that can be asked", url=shown)
        case httpx.LocalProtocolError():
            # its text quotes the header that cannot be sent, and that may be the one with the token
            return RequestRefused("the request cannot be sent as it is", url=shown)
        case httpx.ConnectError():
            return ApiUnreachable(f"no connection: {_said(error)}", url=shown)
        case _:
            return ApiUnreachable(f"the connection broke before the answer: {_said(error)}", url=shown)


def _said(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__

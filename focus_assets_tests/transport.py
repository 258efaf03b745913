"""Let httpx talk to the sandbox without a socket: bodies stream, and end as the sandbox says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

from focus_assets.sandbox import Ending, Request, Response, Sandbox

Sleep = Callable[[float], Awaitable[None]]


async def no_sleep(seconds: float) -> None:
    """Slowness takes no time."""


class SandboxTransport(httpx.AsyncBaseTransport):
    """Each request is answered by the sandbox; what is slow waits with `sleep`, a test's own clock for one."""

    def __init__(self, sandbox: Sandbox, *, sleep: Sleep = no_sleep) -> None:
        self.sandbox, self._sleep = sandbox, sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body not yet read."""
        answer = self.sandbox.answer(await _request(request))
        await self._sleep(answer.delay)
        if answer.ending is Ending.SILENT:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        return httpx.Response(answer.status, headers=_headers(answer), stream=_Body(answer, self._sleep))


async def _request(request: httpx.Request) -> Request:
    path = request.url.raw_path.partition(b"?")[0].decode()
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(request.method, path, dict(request.url.params), headers, await request.aread())


def _headers(answer: Response) -> dict[str, str]:
    framed = {"content-length", "connection"} & answer.headers.keys()
    return answer.headers if framed else {**answer.headers, "transfer-encoding": "chunked"}


class _Body(httpx.AsyncByteStream):
    """The body, and the error with which httpx says that it ended too soon."""

    def __init__(self, answer: Response, sleep: Sleep) -> None:
        self._answer, self._sleep = answer, sleep

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._answer.body:
            await self._sleep(self._answer.pause)
            if chunk:
                yield chunk
        if self._answer.ending is Ending.RESET:
            raise httpx.ReadError("connection reset by peer")
        if self._answer.ending is Ending.CUT:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")

"""What stands in for the world: a clock that jumps, and a server that is a function."""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import anyio
import anyio.lowlevel
import httpx
from pydantic import SecretStr

from focus_assets.client import ApiClient, FocusLogin, HttpSettings, NoPace, Repeater, RetryPolicy
from focus_assets.client.auth import Auth
from focus_assets.client.pace import Pace

HOST = "https://api.example.org"
LOGIN = f"{HOST}/api/v1/auth"
PASSWORD = "correct horse battery staple"


class JumpingClock:
    """Sleeping takes no time; sleepers wake in order of their moments, when all else has come to rest."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.slept: list[float] = []
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._ids = count()

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        wake = anyio.Event()
        sleeper = (self.now + seconds, next(self._ids), wake)
        heapq.heappush(self._sleepers, sleeper)
        try:
            await wake.wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let time jump while the block runs."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._run)
            yield
            tasks.cancel_scope.cancel()

    async def _run(self) -> None:
        while True:
            await anyio.wait_all_tasks_blocked()
            self.wake_next()
            await anyio.lowlevel.checkpoint()

    def wake_next(self) -> None:
        """Jump to the moment of whoever wakes first."""
        if self._sleepers:
            self.now, _, wake = heapq.heappop(self._sleepers)
            wake.set()


class SleeplessClock(JumpingClock):
    """For one sleeper at a time: sleeping is over at once."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await anyio.lowlevel.checkpoint()


@dataclass
class Said:
    """One answer: chunks as they come off the wire; an exception among them is raised there."""

    status: int = 200
    chunks: Iterable[bytes | Exception] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], Awaitable[None]] | None = None


def said_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Said:
    return Said(status, [json.dumps(value).encode()], headers or {})


class _Chunks(httpx.AsyncByteStream):
    def __init__(self, chunks: Iterable[bytes | Exception]) -> None:
        self._chunks = chunks
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            await anyio.lowlevel.checkpoint()
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    async def aclose(self) -> None:
        self.closed = True


class FunctionServer(httpx.AsyncBaseTransport):
    """Answers with a function, keeps what was asked, streams as it is told to; nothing is buffered."""

    def __init__(self, answer: Callable[[httpx.Request], Said | Exception]) -> None:
        self._answer = answer
        self.asked: list[httpx.Request] = []
        self.bodies: list[_Chunks] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        await anyio.lowlevel.checkpoint()
        answer = self._answer(request)
        if isinstance(answer, Exception):
            raise answer
        if answer.before is not None:
            await answer.before()
        body = _Chunks(answer.chunks)
        self.bodies.append(body)
        return httpx.Response(answer.status, headers=dict(answer.headers), stream=body)

    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]

    @property
    def logins(self) -> int:
        return self.paths().count("/api/v1/auth")


class TokenServer(FunctionServer):
    """Logs in whoever knows the password, and answers 401 to all but the tokens in `valid`."""

    def __init__(self, answer: Callable[[httpx.Request], Said | Exception] | None = None) -> None:
        self.valid: set[str] = set()
        self.accepts_new = True
        self._serial = count(1)
        self._data = answer or (lambda request: said_json({"ok": True}))
        super().__init__(self._route)

    def _route(self, request: httpx.Request) -> Said | Exception:
        if request.url.path == "/api/v1/auth":
            return self._login(request)
        return self._data(request) if request.headers.get("authorization") in self.valid else Said(401)

    def _login(self, request: httpx.Request) -> Said:
        if json.loads(request.content) != {"username": "ada", "password": PASSWORD}:
            return Said(401, [b"wrong: ", request.content])
        token = f"token-{next(self._serial)}"
        if self.accepts_new:
            self.valid = {token}
        return said_json({"token": token}, 201)


def login(*, password: str = PASSWORD, clock: JumpingClock | None = None) -> FocusLogin:
    return FocusLogin(LOGIN, "ada", SecretStr(password), clock=clock or SleeplessClock())


def client(
    server: httpx.AsyncBaseTransport | None,
    auth: Auth,
    *,
    clock: JumpingClock | None = None,
    pace: Pace | None = None,
    settings: HttpSettings | None = None,
) -> ApiClient:
    clock = clock or SleeplessClock()
    repeat = Repeater(RetryPolicy(), clock, random.Random(1))
    settings = settings or HttpSettings([HOST])
    return ApiClient(settings, auth, pace=pace or NoPace(), repeat=repeat, clock=clock, transport=server)

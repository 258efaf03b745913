"""Call the sandbox without a socket, at a time that the test decides."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

from focus_assets.sandbox import ANCHOR, FaultPlan, Request, Response, Sandbox, SandboxOptions, Services, Sizes
from focus_assets.sandbox.timeline import SECOND, write_naive

SMALL = Sizes(promotions=500, products=40, stores=9)
BEFORE = write_naive(ANCHOR)
"""The moment up to which nothing has changed."""


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int = ANCHOR + 3600 * SECOND) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def pass_by(self, seconds: float) -> int:
        """Time goes by; the new moment."""
        self.now += int(seconds * SECOND)
        return self.now


class Caller:
    """A client that is logged in."""

    def __init__(
        self,
        options: SandboxOptions | None = None,
        *,
        faults: FaultPlan | None = None,
        services: Services | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.sandbox = Sandbox(
            options or SandboxOptions(sizes=SMALL), clock=self.clock, faults=faults, services=services
        )
        self.headers = dict(headers or {})
        self.token = ""

    def login(self, username: str = "demo", password: str = "demo") -> Response:
        """Obtain a token and keep it."""
        answer = self.post("/api/v1/auth", {"username": username, "password": password})
        if answer.status < 300:
            self.token = json.loads(body(answer))["token"]
        return answer

    def post(self, path: str, value: object) -> Response:
        """POST some JSON."""
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.sandbox.answer(Request("POST", path, headers=self.headers, body=content))

    def get(self, path: str, since: str | None = None) -> Response:
        """GET with the token, below the API's root."""
        if not self.token:
            self.login()
        query = {} if since is None else {"delta_timestamp": since}
        headers = {**self.headers, "authorization": self.token}
        return self.sandbox.answer(Request("GET", f"/api/v1/{path}", query, headers))

    def feed(self, name: str, since: str | None = None, where: str = "retail/resource/promotions/DE") -> Response:
        """One of the four feeds."""
        return self.get(f"{where}/{name}/lines", since)

    def lines(self, name: str, since: str | None = None, where: str = "retail/resource/promotions/DE") -> list[Any]:
        """The records of a feed."""
        return records(self.feed(name, since, where))

    def state(self, since: str | None = None, where: str = "retail/resource/promotions/DE") -> Any:
        """The state."""
        return json.loads(body(self.get(f"{where}/state", since)))


def body(response: Response) -> bytes:
    """All bytes, unzipped."""
    content = b"".join(response.body)
    return gzip.decompress(content) if response.headers.get("content-encoding") == "gzip" else content


def records(response: Response) -> list[Any]:
    """All lines, each of them whole."""
    assert response.status == 200, body(response)
    content = body(response)
    assert content.endswith(b"\n") or not content
    return [json.loads(line) for line in content.splitlines()]

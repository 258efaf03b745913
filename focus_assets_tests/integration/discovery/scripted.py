"""A registry, an identity service and one service that say what a test wants them to say, over a real socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from focus_assets.api.discovery import DiscoveryClient, DiscoveryOptions
from focus_assets_tests.integration.client.sockets import head, serving
from focus_assets_tests.unit.client.fakes import SleeplessClock

SECRET = "canary-s3cret"
OFFERS = {"path": "/data", "pluralName": "offers", "hyphenatedPluralName": "offers"}


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Scripted:
    """`says` maps `METHOD path` to answers, one after the other, of which the last stays; an answer is status and
    value, bytes for the whole answer, or nothing: a connection that is closed.
    """

    says: dict[str, list[tuple[int, Any] | bytes]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    base: str = ""
    tokens: int = 0
    only: str = ""  # the authorization that data is given for; none: any

    def __call__(self, request: bytes) -> Iterable[bytes]:
        top, _, body = request.partition(b"\r\n\r\n")
        first, *lines = top.decode().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        asked = Asked(method, target, headers, body)
        self.asked.append(asked)
        return self._written(self._said(asked))

    def count(self, path: str) -> int:
        """How often a path was asked."""
        return [asked.path for asked in self.asked].count(path)

    def last(self) -> Asked:
        return self.asked[-1]

    def _said(self, asked: Asked) -> tuple[int, Any] | bytes:
        if self.only and "/data/" in asked.path and asked.headers.get("authorization") != self.only:
            return 401, {}
        answers = self.says.get(f"{asked.method} {asked.path}")
        if answers:
            return answers.pop(0) if len(answers) > 1 else answers[0]
        usual: dict[str, Callable[[], tuple[int, Any]]] = {
            "/services/root/": self._registry,
            "/services/acme/": self._registry,
            "/identity/oauth/token/": self._token,
            "/metadata/descriptor/raw/": lambda: (200, {"name": "metadata", "resourcefuls": {"offers": OFFERS}}),
        }
        return usual.get(asked.path, lambda: (404, {}))()

    def _registry(self) -> tuple[int, Any]:
        names = ("identity", "metadata", "asset-rights")
        return 200, {"services": [{"owner": "root", "name": name, "location": f"{self.base}/{name}"} for name in names]}

    def _token(self) -> tuple[int, Any]:
        self.tokens += 1
        return 200, {"access_token": f"token-{self.tokens}"}

    @staticmethod
    def _written(said: tuple[int, Any] | bytes) -> Iterable[bytes]:
        if isinstance(said, bytes):
            return [said] if said else []
        status, value = said
        body = b"" if value is None else json.dumps(value).encode()
        more = {"retry_after": 3} if status == 429 else {}
        return [head(f"{status} it", content_length=len(body), **more), body]


@asynccontextmanager
async def scripted(
    says: dict[str, list[tuple[int, Any] | bytes]] | None = None, **more: Any
) -> AsyncIterator[tuple[Scripted, DiscoveryClient]]:
    """The server, and a client that has not been entered yet; waiting takes no time."""
    script = Scripted(says or {})
    async with serving(script, linger=more.pop("linger", False)) as base:
        script.base = base
        options = DiscoveryOptions(clock=SleeplessClock(), **more.pop("options", {}))
        start = {"registry_url": base, "client_id": "me", "client_secret": SECRET, "options": options}
        yield script, DiscoveryClient(**{**start, **more})


def page(*refs: str, following: object = None, **meta: object) -> tuple[int, Any]:
    """A page of offers."""
    link = {} if following is None else {"continue": following}
    return 200, {"meta": {**link, **meta}, "offers": [{"ref": ref} for ref in refs]}


async def refs(listing: AsyncIterator[Any]) -> list[str]:
    """The items' names, to the end."""
    return [item["ref"] async for item in listing]

"""Tempt the client to other places, and count where its sockets go: to the configured server, and nowhere else.

python -m focus_assets_tests.hostile.origins
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from focus_assets.model.errors import FocusError
from focus_assets_tests.crash.children import forked
from focus_assets_tests.hostile.loading import load
from focus_assets_tests.hostile.server import GOOD, Answer, attribute, hostile, whole

ENDPOINTS = ("auth", "schema", "state", "full")
NAMES = (
    "../evil", "..", ".", "/evil", "//evil.test/x", "\\\\evil.test", "http://evil.test/", "@evil.test",
    "a@evil.test:80", "x?y=//evil.test", "x#//evil.test", "%2e%2e", "%2f%2fevil.test", "x\r\nHost: evil.test", "x\nGET http://evil.test",
    "x\0y", "x y", ":80@evil.test", "javascript:x", "file:///etc/passwd",
)  # fmt: skip


@dataclass(frozen=True)
class Lure:
    """What tempts: an answer, the resource's name, or the environment. `harmless`: the run may end well."""

    name: str
    answers: Mapping[str, Answer]
    resource: str = "things"
    environment: Mapping[str, str] | None = None
    harmless: bool = False


def lures(evil: str) -> Iterator[Lure]:
    """Every one; `evil` is a server that must never be asked."""
    for code in (301, 302, 303, 307, 308):
        for place in ENDPOINTS:
            yield Lure(f"{code} of {place}", {place: whole(b"", f"{code} Elsewhere", location=f"{evil}/{place}")})
    for number, name in enumerate(NAMES):
        schema = {"resources": {name: {"attributes": [attribute("id", "string"), attribute("name", "string")]}}}
        yield Lure(f"name {number}", {"schema": whole(json.dumps(schema).encode())}, resource=name, harmless=True)
    yield from _by_headers(evil)
    yield from _by_bodies(evil)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        yield Lure(f"{name} of the environment", {}, environment={name: evil}, harmless=True)


def _by_headers(evil: str) -> Iterator[Lure]:
    headers = {
        "refresh": f"0; url={evil}/",
        "link": f'<{evil}/next>; rel="next"',
        "alt_svc": f'http/1.1="{urlsplit(evil).netloc}"',
        "content_location": f"{evil}/there",
        "location": f"{evil}/there",
        "set_cookie": "a=b; domain=evil.test",
    }
    for name, text in headers.items():
        yield Lure(f"the header {name}", {"state": whole(GOOD["state"], **{name: text})}, harmless=True)
    asks = {"www_authenticate": f'Bearer realm="{evil}/token"'}
    yield Lure("401 with a realm elsewhere", {"full": whole(b"", "401 Who", **asks)})
    yield Lure("407 of a proxy", {"full": whole(b"", "407 Proxy", proxy_authenticate=f'Basic realm="{evil}"')})
    yield Lure("305 use this proxy", {"full": whole(b"", "305 Use Proxy", location=evil)})
    yield Lure("a redirect without its scheme", {"full": whole(b"", "302 Found", location=evil.removeprefix("http:"))})


def _by_bodies(evil: str) -> Iterator[Lure]:
    for name in ("next", "continue", "links", "location", "href"):
        state = json.dumps({"total_items": 3, name: f"{evil}/next", "meta": {name: f"{evil}/next"}}).encode()
        yield Lure(f"{name} in a state", {"state": whole(state)}, harmless=True)
    yield Lure("a token with a header", {"auth": whole(b'{"token":"t\\r\\nHost: evil.test"}')})


@dataclass(frozen=True, slots=True)
class Gone:
    """Where a run went: how it ended, connections and look-ups that were not of the configured server."""

    error: str
    ours: int
    elsewhere: tuple[str, ...]


def tempt(lure: Lure, folder: Path) -> Gone:
    """One run in a child, its sockets watched."""
    with hostile(lure.answers) as url:
        gone: Gone = forked(lambda: _watched(url, lure, folder)).value
    return gone


def _watched(url: str, lure: Lure, folder: Path) -> Gone:
    parts = urlsplit(url)
    ours, elsewhere = [0], []

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            host_and_port = tuple(given[1][:2]) if isinstance(given[1], tuple) else given[1]
            ours[0] += host_and_port == (parts.hostname, parts.port)
            if host_and_port != (parts.hostname, parts.port):
                elsewhere.append(f"connect {host_and_port}")
        elif event == "socket.getaddrinfo" and given[0] not in (parts.hostname, str(parts.hostname).encode()):
            elsewhere.append(f"look up {given[0]}")

    os.environ.update(lure.environment or {})
    sys.addaudithook(hook)
    error = asyncio.run(_run(url, lure, folder))
    return Gone(error, ours[0], tuple(elsewhere))


async def _run(url: str, lure: Lure, folder: Path) -> str:
    error = (await load(url, folder, lure.resource)).error
    unnamed = error is not None and not isinstance(error, FocusError)
    return f"{'unnamed ' if unnamed else ''}{type(error).__name__}" if error else ""


def wrong(lure: Lure, gone: Gone) -> str:
    """What is not as it must be."""
    if gone.elsewhere or not gone.ours:
        return f"{lure.name}: {gone.ours} connections of ours, elsewhere {list(gone.elsewhere)}"
    if gone.error.startswith("unnamed") or not (gone.error or lure.harmless):
        return f"{lure.name}: {gone.error or 'it was taken for good'}"
    return ""


def main() -> int:
    problems, count = [], 0
    with socket.create_server(("127.0.0.1", 0)) as evil:
        evil.setblocking(False)
        for lure in lures(f"http://127.0.0.1:{evil.getsockname()[1]}"):
            with tempfile.TemporaryDirectory(prefix="focus-lures-") as folder:
                gone = tempt(lure, Path(folder))
            count += 1
            sys.stdout.write(
                f"{lure.name:36}{gone.error or 'well':28}{gone.ours:>4} ours{len(gone.elsewhere):>4} elsewhere\n"
            )
            problems += [text for text in [wrong(lure, gone)] if text]
        reached = _reached(evil)
    sys.stderr.write("".join(f"{text}\n" for text in problems))
    sys.stdout.write(f"{count} lures, {len(problems)} wrong, {reached} connections to the other server\n")
    return 1 if problems or reached else 0


def _reached(evil: socket.socket) -> int:
    count = 0
    try:
        while True:
            evil.accept()[0].close()
            count += 1
    except BlockingIOError:
        return count


if __name__ == "__main__":
    sys.exit(main())

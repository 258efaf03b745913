"""Every method over a real socket: what reads may be asked again by the caller, what writes is sent once."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable

import pytest
from pydantic import SecretStr

from focus_assets.client import (
    ApiClient,
    HttpSettings,
    NoAuth,
    NoPace,
    Repeater,
    Request,
    RetryPolicy,
    SystemClock,
)
from focus_assets.model.errors import RequestRefused, ServerFailed
from focus_assets_tests.integration.client.sockets import head, serving

KEY = "k3y-that-nobody-may-see"


def client_of(base: str) -> ApiClient:
    clock = SystemClock()
    settings = HttpSettings([base], headers={"x-key": SecretStr(KEY), "accept": SecretStr("*/*")})
    repeat = Repeater(RetryPolicy(attempts=3, base=0.0), clock, random.Random(1))
    return ApiClient(settings, NoAuth(), pace=NoPace(), repeat=repeat, clock=clock)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_carries_its_body_and_is_sent_once_even_where_the_server_fails(method: str) -> None:
    seen: list[bytes] = []

    def script(request: bytes) -> Iterable[bytes]:
        seen.append(request)
        return [head("503 Service Unavailable", content_length=0)]

    async with serving(script) as base, client_of(base) as client:
        with pytest.raises(ServerFailed):
            await client.write(Request(f"{base}/groups/1", method, json={"name": "one"}))
    assert len(seen) == 1
    assert seen[0].startswith(f"{method} /groups/1 ".encode())
    assert json.loads(seen[0].split(b"\r\n\r\n", 1)[1]) == {"name": "one"}


async def test_a_write_may_be_answered_by_nothing() -> None:
    async with serving(lambda request: [head("204 No Content")]) as base, client_of(base) as client:
        assert (await client.write(Request(f"{base}/groups/1", "DELETE"))).data == b""


async def test_a_read_by_post_gives_the_body_the_clock_and_the_next_link() -> None:
    def script(request: bytes) -> Iterable[bytes]:
        assert request.startswith(b"POST /search?page=2 ")
        assert f"x-key: {KEY}".encode() in request.lower()
        assert json.loads(request.split(b"\r\n\r\n", 1)[1]) == {"query": "all"}
        link = '</search?page=3>; rel="next", </search?page=9>; rel="last"'
        return [head(content_length=4, link=link, date="Tue, 01 Jul 2025 16:05:00 GMT"), b"[17]"]

    async with serving(script) as base, client_of(base) as client:
        body = await client.body(Request(f"{base}/search", "POST", {"page": "2"}, {"query": "all"}))
    assert (body.data, body.next_link) == (b"[17]", "/search?page=3")
    assert body.server_time is not None
    assert body.server_time.isoformat() == "2025-07-01T16:05:00+00:00"


async def test_what_reads_takes_a_200_alone_and_an_echoed_header_is_not_shown() -> None:
    echo = f'{{"error":"no such key {KEY}"}}'.encode()

    def script(request: bytes) -> Iterable[bytes]:
        return [head("201 Created", content_length=len(echo)), echo]

    async with serving(script) as base, client_of(base) as client:
        with pytest.raises(RequestRefused) as caught:
            await client.body(Request(f"{base}/things"))
    assert "no such key …" in str(caught.value)
    assert KEY not in str(caught.value)

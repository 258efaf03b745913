"""Over a real socket: log in, ask, stream; and a cut is found wherever it can be found."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable

import pytest
from pydantic import SecretStr

from focus_assets.client import (
    ApiClient,
    FocusLogin,
    HttpSettings,
    Limits,
    NoAuth,
    NoPace,
    Repeater,
    RetryPolicy,
    SystemClock,
    Timeouts,
)
from focus_assets.client.auth import Auth
from focus_assets.model.errors import ApiTimeout, ApiUnreachable, Truncated
from focus_assets.model.feed import Block, Feed
from focus_assets_tests.integration.client.sockets import chunked, head, serving
from focus_assets_tests.ports import nobody

LINES = b'{"id":1}\n{"id":2}\n{"id":3}\n'


def open_client(
    base: str, auth: Auth | None = None, *, timeouts: Timeouts | None = None, connections: int = 8
) -> ApiClient:
    clock = SystemClock()
    repeat = Repeater(RetryPolicy(attempts=1), clock, random.Random(1))
    settings = HttpSettings(
        [base], timeouts=timeouts or Timeouts(), limits=Limits(block_bytes=4096), connections=connections
    )
    return ApiClient(settings, auth or NoAuth(), pace=NoPace(), repeat=repeat, clock=clock)


async def blocks(client: ApiClient, url: str) -> list[Block]:
    async with client.stream(url, feed=Feed.CREATED) as stream:
        return [block async for block in stream]


async def test_a_client_logs_in_asks_and_streams() -> None:
    def script(request: bytes) -> Iterable[bytes]:
        if request.startswith(b"POST /api/v1/auth"):
            assert json.loads(request.split(b"\r\n\r\n", 1)[1]) == {"username": "ada", "password": "secret"}
            return [head("201 Created", content_length=15), b'{"token":"abc"}']
        if b"authorization: abc\r\n" not in request:
            return [head("401 Unauthorized", content_length=0)]
        if b"/state?" in request:
            return [head(content_length=17, date="Tue, 01 Jul 2025 16:05:00 GMT"), b'{"total_items":3}']
        packed = gzip.compress(LINES)
        return [head(content_encoding="gzip", transfer_encoding="chunked"), chunked(packed[:9], packed[9:])]

    async with serving(script) as base:
        auth = FocusLogin(f"{base}/api/v1/auth", "ada", SecretStr("secret"))
        async with open_client(base, auth) as client:
            state = await client.get_json(f"{base}/state", {"delta_timestamp": "2025-07-01T16:01:00.827904"})
            assert state.value == {"total_items": 3}
            assert state.server_time is not None
            assert state.server_time.isoformat() == "2025-07-01T16:05:00+00:00"
            assert await blocks(client, f"{base}/lines") == [Block(LINES, 1, 0)]


def framed(framing: str, body: bytes, encoding: str) -> tuple[bytes, bytes]:
    """The answer's head, and its body as it goes over the wire."""
    extra = {"content_encoding": encoding} if encoding else {}
    match framing:
        case "content-length":
            return head(content_length=len(body), **extra), body
        case "chunked":
            return head(transfer_encoding="chunked", **extra), chunked(body[:7], body[7:])
        case _:
            return head(**extra), body


@pytest.mark.parametrize(
    ("framing", "encoding"),
    [
        ("content-length", ""),
        ("chunked", ""),
        ("content-length", "gzip"),
        ("chunked", "gzip"),
        ("until-close", "gzip"),
    ],
)
async def test_a_body_cut_at_any_byte_is_truncated(framing: str, encoding: str) -> None:
    top, body = framed(framing, gzip.compress(LINES) if encoding else LINES, encoding)
    cuts = iter(range(len(body)))

    async with serving(lambda request: [top, body[: next(cuts)]]) as base, open_client(base) as client:
        for _ in range(len(body)):
            with pytest.raises(Truncated, match=r"created, line \d, byte \d"):
                await blocks(client, f"{base}/lines")


async def test_a_plain_body_that_ends_with_its_connection_shows_a_cut_in_its_last_line_alone() -> None:
    ends = iter(range(len(LINES)))
    async with serving(lambda request: [head(), LINES[: next(ends)]]) as base, open_client(base) as client:
        for end in range(len(LINES)):
            found = await blocks(client, f"{base}/lines")
            assert b"".join(block.data for block in found) == LINES[:end]
            assert not found or found[-1].unterminated is not LINES[:end].endswith(b"\n")


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("framing", ["content-length", "chunked", "until-close"])
async def test_a_whole_body_arrives_however_it_is_framed(framing: str, encoding: str) -> None:
    pieces = framed(framing, gzip.compress(LINES) if encoding else LINES, encoding)
    async with serving(lambda request: pieces) as base, open_client(base) as client:
        assert await blocks(client, f"{base}/lines") == [Block(LINES, 1, 0)]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000,
    ],
)
async def test_a_broken_head_is_a_connection_that_broke(answer: bytes) -> None:
    async with serving(lambda request: [answer]) as base, open_client(base) as client:
        with pytest.raises(ApiUnreachable) as caught:
            await client.get_json(f"{base}/state")
    assert caught.value.repeatable


async def test_broken_chunks_are_truncated() -> None:
    pieces = [head(transfer_encoding="chunked"), b"9\r\n" + LINES[:9] + b"\r\nzz\r\n"]
    async with serving(lambda request: pieces) as base, open_client(base) as client:
        with pytest.raises(Truncated, match="created, line 2, byte 9"):
            await blocks(client, f"{base}/lines")


async def test_nobody_listening_is_unreachable() -> None:
    with nobody() as port:
        base = f"http://127.0.0.1:{port}"
        async with open_client(base) as client:
            with pytest.raises(ApiUnreachable, match="no connection"):
                await client.get_json(f"{base}/state")


async def test_a_silent_server_is_a_timeout() -> None:
    silent = Timeouts(read=0.05)

    def script(request: bytes) -> Iterable[bytes]:
        return [head(content_length=18), LINES[:9]] if b"/lines" in request else []

    async with serving(script, linger=True) as base, open_client(base, timeouts=silent) as client:
        with pytest.raises(ApiTimeout, match="nothing arrived in time"):
            await client.get_json(f"{base}/state")
        with pytest.raises(ApiTimeout, match="nothing arrived in time"):
            await blocks(client, f"{base}/lines")


async def test_a_head_that_never_ends_is_a_timeout_too() -> None:
    def drip(request: bytes) -> Iterable[bytes]:
        return [b"HTTP/1.1 200 OK\r\n", *[b"x: y\r\n"] * 10]

    async with serving(drip, linger=True) as base, open_client(base, timeouts=Timeouts(request=0.05)) as client:
        with pytest.raises(ApiTimeout, match="not complete after 0.05 s"):
            await client.get_json(f"{base}/state")


async def test_a_server_without_tls_is_unreachable_over_tls() -> None:
    async with serving(lambda request: [head(content_length=0)]) as base:
        secure = base.replace("http:", "https:")
        async with open_client(secure) as client:
            with pytest.raises(ApiUnreachable, match="SSL"):
                await client.get_json(f"{secure}/state")


async def test_a_pool_is_not_worn_out_by_streams_left_early_or_broken() -> None:
    top, body = framed("content-length", LINES * 10_000, "")
    async with serving(lambda request: [top, body[:100_000]]) as base, open_client(base, connections=2) as client:
        for _ in range(5):
            async with client.stream(f"{base}/lines") as stream:
                await anext(stream)
            with pytest.raises(Truncated):
                await blocks(client, f"{base}/lines")

"""Over a real socket: log in, ask, stream; and a cut is found wherever it can be found."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable

from pydantic import SecretStr

from focus_assets.client import (
    ApiClient,
    FocusLogin,
    HttpSettings,
    NoAuth,
    NoPace,
    Repeater,
    RetryPolicy,
    SystemClock,
)
from focus_assets.client.auth import Auth
from focus_assets.model.feed import Block, Feed
from focus_assets_tests.integration.client.sockets import chunked, head, serving

LINES = b'{"id":1}\n{"id":2}\n{"id":3}\n'


def open_client(base: str, auth: Auth | None = None) -> ApiClient:
    clock = SystemClock()
    repeat = Repeater(RetryPolicy(attempts=1), clock, random.Random(1))
    return ApiClient(HttpSettings([base]), auth or NoAuth(), pace=NoPace(), repeat=repeat, clock=clock)


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

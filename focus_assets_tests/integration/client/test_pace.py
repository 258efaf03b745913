"""A server that answers 429 is given the time that it asks for, by everybody who asks it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.client import ApiClient, HttpSettings, NoAuth, Repeater, RetryPolicy, SlidingPace
from focus_assets.config import Config, Destination, ExchangeSource
from focus_assets.model.errors import RateLimited, ServerFailed
from focus_assets.sources.open import open_source
from focus_assets_tests.integration.client.sockets import head, serving
from focus_assets_tests.unit.client.fakes import SleeplessClock


def refusing(status: str) -> list[bytes]:
    return [head(status, content_length=0, retry_after=7)]


async def ask_twice(status: str, error: type[Exception]) -> float:
    """When the second request came: the first was refused."""
    clock, asked = SleeplessClock(0.0), []

    def script(request: bytes) -> Iterable[bytes]:
        asked.append(clock.now)
        return refusing(status) if len(asked) == 1 else [head(content_length=2), b"{}"]

    repeat = Repeater(RetryPolicy(attempts=1), clock, random.Random(1))
    async with (
        serving(script) as base,
        ApiClient(HttpSettings([base]), NoAuth(), pace=SlidingPace(clock), repeat=repeat, clock=clock) as client,
    ):
        with pytest.raises(error):
            await client.get_json(f"{base}/one")
        await client.get_json(f"{base}/other")
    return asked[1]


async def test_after_a_429_another_request_waits_as_long_as_the_server_said() -> None:
    assert await ask_twice("429 Too Many", RateLimited) == 7.0


async def test_a_server_that_fails_holds_back_nobody_else() -> None:
    assert await ask_twice("503 Down", ServerFailed) == 0.0


async def test_a_sources_limit_is_shared_by_all_who_open_it(tmp_path: Path) -> None:
    clock, asked = SleeplessClock(0.0), []

    def script(request: bytes) -> Iterable[bytes]:
        asked.append(clock.now)
        body = b'{"resources":{}}'
        return [head(content_length=len(body)), body]

    async with serving(script) as base:
        settings = ExchangeSource.model_validate(
            {
                "kind": "exchange",
                "base_url": base,
                "business_service": "retail",
                "auth": {"kind": "none"},
                "countries": ["DE"],
                "rate_limit": {"per_minute": 1},
            }
        )
        url = SecretStr(f"sqlite:///{tmp_path / 'mirror.db'}")
        config = Config(sources={"shop": settings}, destination=Destination(url=url), home=tmp_path)
        for _ in range(3):
            async with open_source("shop", config, clock=clock) as source:
                await source.schemas()
    assert asked == [0.0, 60.0, 120.0]

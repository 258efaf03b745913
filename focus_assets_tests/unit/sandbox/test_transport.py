"""The sandbox behind httpx, without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from focus_assets.sandbox import Fault, FaultPlan, Kind, Sandbox, SandboxOptions
from focus_assets_tests.transport import SandboxTransport
from focus_assets_tests.unit.sandbox.calling import SMALL, FakeClock

FULL = "/api/v1/retail/resource/promotions/DE/full/lines"


@asynccontextmanager
async def _client(
    *faults: tuple[str, Fault | str], slept: list[float] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    async def sleep(seconds: float) -> None:
        if slept is not None:
            slept.append(seconds)

    sandbox = Sandbox(SandboxOptions(sizes=SMALL), clock=FakeClock(), faults=FaultPlan(faults))
    transport = SandboxTransport(sandbox, sleep=sleep)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        answer = await client.post("/api/v1/auth", json={"username": "demo", "password": "demo"})
        client.headers["authorization"] = answer.json()["token"]
        yield client


async def test_a_body_streams_zipped_and_chunked() -> None:
    async with _client() as client, client.stream("GET", FULL) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["transfer-encoding"] == "chunked"
        assert b"".join([chunk async for chunk in answer.aiter_bytes()]).count(b"\n") == SMALL.promotions


@pytest.mark.parametrize(("kind", "error"), [("reset", httpx.ReadError), ("hangup", httpx.RemoteProtocolError)])
async def test_a_broken_body_raises_what_httpx_raises(kind: str, error: type[httpx.HTTPError]) -> None:
    async with _client(("full", kind)) as client, client.stream("GET", FULL) as answer:
        assert answer.status_code == 200
        with pytest.raises(error):
            await answer.aread()


async def test_a_dropped_request_raises_what_httpx_raises() -> None:
    async with _client(("full", "drop")) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(FULL)


async def test_slowness_goes_through_the_sleep_that_was_passed_in() -> None:
    slept: list[float] = []
    async with _client(("full", Fault(Kind.SLOW, seconds=30)), slept=slept) as client:
        await client.get(FULL)
    assert 30 in slept

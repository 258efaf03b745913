"""Asking and streaming through a transport of our own: what is sent, what is refused, what is checked."""

from __future__ import annotations

import gzip
import logging
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime

import anyio
import httpx
import pytest

from focus_assets.client import HttpSettings, NoAuth, SlidingPace, Timeouts
from focus_assets.client.http import ApiClient
from focus_assets.client.lines import LineStream
from focus_assets.model.errors import (
    ApiError,
    ApiTimeout,
    ApiUnreachable,
    LimitExceeded,
    NotFound,
    OriginRefused,
    RateLimited,
    RedirectRefused,
    RequestRefused,
    ServerFailed,
    StaleAnswer,
    Truncated,
    UnexpectedBody,
    UnsupportedEncoding,
)
from focus_assets.model.feed import Block, Feed
from focus_assets_tests.unit.client.fakes import (
    HOST,
    FunctionServer,
    Said,
    SleeplessClock,
    TokenServer,
    client,
    login,
    said_json,
)

URL = f"{HOST}/lines"
LINES = b'{"id":1}\n{"id":2}\n'


def server_of(*answers: Said | Exception) -> FunctionServer:
    left = list(answers)
    return FunctionServer(lambda request: left.pop(0))


async def blocks(api: ApiClient) -> list[Block]:
    async with api.stream(URL, {"lang": "de"}, Feed.UPDATED) as stream:
        found = [block async for block in stream]
        assert stream.complete
        return found


async def streamed(said: Said | Exception, clock: SleeplessClock | None = None) -> list[Block]:
    async with client(server_of(said), NoAuth(), clock=clock) as api:
        return await blocks(api)


async def test_a_request_says_who_we_are_and_what_we_understand_and_nothing_else() -> None:
    server = server_of(said_json({}))
    async with client(server, NoAuth()) as api:
        await api.get_json(URL, {"delta_timestamp": "2025-07-01T16:01:00.827904", "x": "a b&c"})
    (asked,) = server.asked
    assert asked.method == "GET"
    assert str(asked.url) == f"{URL}?delta_timestamp=2025-07-01T16%3A01%3A00.827904&x=a+b%26c"
    headers = dict(asked.headers)
    assert headers.pop("user-agent").startswith("focus-assets/")
    assert headers == {
        "host": "api.example.org",
        "accept": "*/*",
        "accept-encoding": "gzip, identity",
        "cache-control": "no-cache",
        "connection": "keep-alive",
    }


async def test_an_answer_carries_the_servers_clock() -> None:
    date = {"date": "Tue, 01 Jul 2025 16:05:00 GMT"}
    server = server_of(said_json([1], headers=date), said_json([2]), Said(200, [LINES], date))
    async with client(server, NoAuth()) as api:
        answer = await api.get_json(URL)
        assert (answer.value, answer.server_time) == ([1], datetime(2025, 7, 1, 16, 5, tzinfo=UTC))
        assert (await api.get_json(URL)).server_time is None
        async with api.stream(URL) as stream:
            assert stream.server_time == datetime(2025, 7, 1, 16, 5, tzinfo=UTC)


async def test_what_a_cache_had_kept_is_asked_for_again_and_never_taken() -> None:
    kept = {"age": "7"}
    server = server_of(said_json("old", headers=kept), said_json("new", headers={"age": "0"}))
    async with client(server, NoAuth()) as api:
        assert (await api.get_json(URL)).value == "new"
    with pytest.raises(StaleAnswer):
        await streamed(Said(200, [LINES], kept))


async def test_a_get_is_repeated_while_that_may_help() -> None:
    clock = SleeplessClock()
    html = Said(502, [b"<h1>Bad Gateway</h1>"], {"content-type": "text/html"})
    slow = Said(429, headers={"retry-after": "7"})
    dated = Said(503, headers={"retry-after": "Tue, 01 Jul 2025 16:05:09 GMT", "date": "Tue, 01 Jul 2025 16:05:00 GMT"})
    server = server_of(httpx.ConnectError("refused"), html, slow, dated, said_json("done"))
    async with client(server, NoAuth(), clock=clock) as api:
        assert (await api.get_json(URL)).value == "done"
    assert [int(seconds) for seconds in clock.slept[2:]] == [7, 9]


async def test_a_stream_is_one_attempt() -> None:
    server = server_of(Said(503), said_json({}))
    async with client(server, NoAuth()) as api:
        with pytest.raises(ServerFailed):
            await blocks(api)
    assert len(server.asked) == 1


async def test_a_filling_is_repeated_as_a_whole_by_its_caller() -> None:
    server = server_of(Said(200, [LINES[:5]], {"content-length": "18"}), Said(429), Said(200, [LINES]))
    async with client(server, NoAuth()) as api:
        assert await api.repeat(lambda: blocks(api)) == [Block(LINES, 1, 0)]


async def test_a_stream_renews_a_token_that_had_expired() -> None:
    server = TokenServer(lambda request: Said(200, [LINES]))
    async with client(server, login()) as api:
        await blocks(api)
        server.valid.clear()
        assert await blocks(api) == [Block(LINES, 1, 0)]
    assert server.logins == 2
    assert all(body.closed for body in server.bodies)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_refused_and_the_token_stays(status: int) -> None:
    server = TokenServer(lambda request: Said(status, headers={"location": "https://evil.example.org/"}))
    async with client(server, login()) as api:
        with pytest.raises(RedirectRefused):
            await api.get_json(URL)
    assert {request.url.host for request in server.asked} == {"api.example.org"}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.org/x",
        "http://api.example.org/x",
        "https://api.example.org:444/x",
        "https://api.example.org@evil.example.org/",
        "https://api.example.org.evil.example.org/",
        "//evil.example.org/",
        "/relative",
        "file:///etc/passwd",
        "https://[::1",
        "https://api.example.org/\r\nx: y",
        "",
    ],
)
async def test_only_the_configured_origins_are_asked(url: str) -> None:
    server = TokenServer()
    async with client(server, login()) as api:
        with pytest.raises(OriginRefused):
            await api.get_json(url)
        with pytest.raises(OriginRefused):
            async with api.stream(url):
                pass
    assert URL not in [str(request.url) for request in server.asked]
    assert {request.url.host for request in server.asked} <= {"api.example.org"}


def test_settings_that_name_no_server_are_refused() -> None:
    with pytest.raises(OriginRefused, match="http or https"):
        client(None, NoAuth(), settings=HttpSettings(["api.example.org"]))


async def test_a_cookie_is_not_kept() -> None:
    server = server_of(said_json(1, headers={"set-cookie": "who=me; Domain=api.example.org"}), said_json(2))
    async with client(server, NoAuth()) as api:
        await api.get_json(URL)
        await api.get_json(URL)
    assert "cookie" not in server.asked[1].headers


@pytest.mark.parametrize("status", [203, 204, 206])
async def test_another_success_is_no_data(status: int) -> None:
    with pytest.raises(RequestRefused):
        await streamed(Said(status, [LINES]))


async def test_an_error_shows_how_the_answer_began_also_when_it_is_packed_or_breaks() -> None:
    packed = Said(404, [gzip.compress(b'{"error":"no such country"}')], {"content-encoding": "gzip"})
    with pytest.raises(NotFound, match="no such country"):
        await streamed(packed)
    with pytest.raises(NotFound, match="it answered: half"):
        await streamed(Said(404, [b"half", httpx.ReadError("gone")]))
    with pytest.raises(NotFound):
        await streamed(Said(404, [b"not gzip"], {"content-encoding": "gzip"}))


async def test_an_endless_error_page_is_not_read_to_its_end() -> None:
    def endless() -> Iterable[bytes]:
        while True:
            yield b"x" * 1000

    with pytest.raises(RateLimited) as caught:
        await streamed(Said(429, endless(), {"retry-after": "1"}))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Said(200, [b"<html>login</html>"]), UnexpectedBody),
        (Said(200, [b"x"], {"content-encoding": "zstd"}), UnsupportedEncoding),
        (Said(200, [LINES], {"content-length": "19"}), Truncated),
        (Said(200, [LINES], {"content-length": "17"}), Truncated),
        (Said(200, [LINES], {"x-total-lines": "3"}), Truncated),
        (Said(200, [LINES, httpx.ReadError("reset")]), Truncated),
        (Said(200, [LINES, httpx.RemoteProtocolError("incomplete chunked read")]), Truncated),
        (Said(200, [LINES, ConnectionResetError()]), Truncated),
        (Said(200, [LINES, anyio.EndOfStream()]), Truncated),
        (Said(200, [LINES, httpx.ReadTimeout("slow")]), ApiTimeout),
        (httpx.ConnectError("refused"), ApiUnreachable),
        (httpx.ConnectTimeout("slow"), ApiTimeout),
        (Said(200, [b"{" + b"x" * 2**24]), LimitExceeded),
    ],
)
async def test_a_stream_ends_well_or_with_a_named_error(said: Said | Exception, kind: type[ApiError]) -> None:
    with pytest.raises(kind) as caught:
        await streamed(said)
    assert type(caught.value) is kind
    assert "updated" in str(caught.value) or not isinstance(caught.value, (Truncated, UnexpectedBody))


async def test_a_break_says_feed_line_and_byte() -> None:
    with pytest.raises(Truncated, match="updated, line 3, byte 18: the transfer broke after 18 bytes: reset"):
        await streamed(Said(200, [LINES, httpx.ReadError("reset")]))


async def test_lines_that_add_up_are_complete() -> None:
    said = Said(200, [LINES[:3], LINES[3:]], {"x-total-lines": "2", "content-length": "18"})
    assert await streamed(said) == [Block(LINES, 1, 0)]


async def _to_the_end(stream: LineStream) -> None:
    async for _ in stream:
        pass


@pytest.mark.parametrize("headers", [{"content-length": "19"}, {"x-total-lines": "3"}])
async def test_who_goes_on_after_an_error_gets_it_again_never_an_end(headers: dict[str, str]) -> None:
    server = server_of(Said(200, [LINES], headers))
    async with client(server, NoAuth()) as api, api.stream(URL) as stream:
        for _ in range(3):
            with pytest.raises(Truncated):
                await _to_the_end(stream)
        assert not stream.complete


async def test_a_stream_that_drips_ends_at_its_deadline() -> None:
    clock = SleeplessClock()

    def drips() -> Iterable[bytes]:
        while True:
            clock.now += 50
            yield b"{}\n"

    settings = HttpSettings([HOST], timeouts=Timeouts(stream=3600))
    async with client(server_of(Said(200, drips())), NoAuth(), clock=clock, settings=settings) as api:
        with pytest.raises(ApiTimeout, match="not complete after 3600 s"):
            await blocks(api)
    assert clock.now == pytest.approx(1000 + 3600)


async def test_a_document_that_drips_ends_at_its_deadline() -> None:
    clock = SleeplessClock()

    def drips() -> Iterable[bytes]:
        while True:
            clock.now += 50
            yield b" "

    server = FunctionServer(lambda request: Said(200, drips()))
    settings = HttpSettings([HOST], timeouts=Timeouts(request=120))
    async with client(server, NoAuth(), clock=clock, settings=settings) as api:
        with pytest.raises(ApiTimeout, match="after 120 s"):
            await api.get_json(URL)


async def test_waiting_for_its_turn_costs_a_request_nothing_of_its_time() -> None:
    clock = SleeplessClock()
    pace = SlidingPace(clock, per_second=0.001)
    server = FunctionServer(lambda request: said_json("done"))
    async with client(server, NoAuth(), clock=clock, pace=pace) as api:
        for _ in range(3):
            assert (await api.get_json(URL)).value == "done"
    assert clock.now == pytest.approx(1000 + 2 * 1000)


async def test_a_body_that_was_left_early_is_closed() -> None:
    server = server_of(Said(200, [LINES] * 1000))
    async with client(server, NoAuth()) as api, api.stream(URL):
        pass
    assert server.bodies[0].closed


async def test_a_cancelled_stream_is_closed() -> None:
    never = anyio.Event()
    server = server_of(Said(200, [LINES]))

    async def hold(api: ApiClient) -> None:
        async with api.stream(URL):
            await never.wait()

    async with client(server, NoAuth()) as api, anyio.create_task_group() as tasks:
        tasks.start_soon(hold, api)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert server.bodies[0].closed


async def test_the_values_of_a_query_are_in_no_log_and_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    params = {"api_key": "hush"}
    async with client(server_of(Said(404)), NoAuth()) as api:
        with pytest.raises(NotFound) as caught:
            await api.get_json(URL, params)
    assert "api_key=" in caplog.text
    assert "hush" not in caplog.text + "".join(traceback.format_exception(caught.value))

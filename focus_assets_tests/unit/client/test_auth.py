"""Logging in happens once for all, and a wrong password only once at all."""

from __future__ import annotations

import json
import logging
import traceback

import anyio
import httpx
import pytest
from pydantic import SecretStr

from focus_assets.client import ApiClient, FocusLogin, HttpSettings, NoAuth, SlidingPace
from focus_assets.model.errors import ApiError, AuthenticationFailed, NotFound, ServerFailed, UnexpectedBody
from focus_assets_tests.unit.client.fakes import (
    HOST,
    LOGIN,
    PASSWORD,
    FunctionServer,
    JumpingClock,
    Said,
    SleeplessClock,
    TokenServer,
    client,
    login,
    said_json,
)

URL = f"{HOST}/api/v1/retail/state"


async def ask_at_once(api: ApiClient, times: int) -> list[object]:
    results: list[object] = []

    async def one() -> None:
        try:
            results.append((await api.get_json(URL)).value)
        except ApiError as error:
            results.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(times):
            tasks.start_soon(one)
    return results


async def test_twenty_requests_without_a_token_log_in_once() -> None:
    server = TokenServer()
    async with client(server, login()) as api:
        assert await ask_at_once(api, 20) == [{"ok": True}] * 20
    assert server.logins == 1
    assert len(server.asked) == 21


async def test_twenty_requests_with_an_expired_token_log_in_once_more() -> None:
    server = TokenServer()
    async with client(server, login()) as api:
        await api.get_json(URL)
        server.valid.clear()
        assert await ask_at_once(api, 20) == [{"ok": True}] * 20
    assert server.logins == 2


async def test_a_request_whose_token_was_renewed_by_another_meanwhile_takes_the_new_one() -> None:
    server = TokenServer()
    slow_401, renewed = anyio.Event(), anyio.Event()

    def route(request: httpx.Request) -> Said | Exception:
        refused = request.url.path != "/api/v1/auth" and request.headers.get("authorization") not in server.valid
        if refused and "slow" in str(request.url):
            slow_401.set()
            return Said(401, before=renewed.wait)
        return server._route(request)

    auth = login()
    outer = FunctionServer(route)
    async with client(outer, auth) as api:
        await api.get_json(URL)
        server.valid.clear()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(api.get_json, f"{URL}/slow")
            with anyio.fail_after(90):
                await slow_401.wait()
                await api.get_json(URL)  # renews
            renewed.set()
    assert outer.logins == 2


async def test_a_token_is_renewed_before_it_is_due() -> None:
    clock = SleeplessClock()
    server = TokenServer()
    async with client(server, login(clock=clock), clock=clock) as api:
        await api.get_json(URL)
        clock.now += 29 * 60 - 1
        await api.get_json(URL)
        assert server.logins == 1
        clock.now += 1
        await api.get_json(URL)
    assert server.logins == 2
    assert [request.headers.get("authorization") for request in server.asked] == [
        None,
        "token-1",
        "token-1",
        None,
        "token-2",
    ]


async def test_a_token_is_as_old_as_the_question_for_it() -> None:
    clock, server = SleeplessClock(), TokenServer()
    answer = server._answer

    def slowly(request: httpx.Request) -> Said | Exception:
        if request.url.path == "/api/v1/auth":
            clock.now += 60
        return answer(request)

    server._answer = slowly
    async with client(server, login(clock=clock), clock=clock) as api:
        await api.get_json(URL)
        clock.now += 28 * 60
        await api.get_json(URL)
        assert server.logins == 2


async def test_a_token_refused_for_the_request_that_it_was_obtained_for_is_an_error() -> None:
    server = TokenServer()
    server.accepts_new = False
    async with client(server, login()) as api:
        with pytest.raises(AuthenticationFailed, match=r"'ada'.*https://api.example.org/api/v1/auth") as caught:
            await api.get_json(URL)
    assert not caught.value.repeatable
    assert server.paths() == ["/api/v1/auth", "/api/v1/retail/state"]


async def test_a_server_that_refuses_every_token_is_not_asked_for_ever() -> None:
    server = TokenServer()
    async with client(server, login()) as api:
        await api.get_json(URL)
        server.accepts_new = False
        server.valid.clear()
        results = await ask_at_once(api, 20)
    assert [type(result) for result in results] == [AuthenticationFailed] * 20
    assert server.logins == 2


async def test_a_token_that_grew_old_behind_the_pace_is_renewed_instead_of_failing() -> None:
    clock = JumpingClock()
    server = TokenServer()
    pace = SlidingPace(clock, per_minute=1)
    async with client(server, login(clock=clock), clock=clock, pace=pace) as api, clock.running():
        expired = False

        async def expire() -> None:
            nonlocal expired
            await clock.sleep(30)
            server.valid.clear()
            expired = True

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(expire)
            assert (await api.get_json(URL)).value == {"ok": True}
    assert expired
    assert server.logins == 2


@pytest.mark.parametrize("status", [400, 401, 403, 422])
async def test_a_wrong_password_is_tried_exactly_once_and_shown_nowhere(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "wrong-" + PASSWORD.replace(" ", "-")

    def answer(request: httpx.Request) -> Said:
        return Said(status, [b"not you: ", request.content])

    server = FunctionServer(answer)
    auth = login(password=wrong)
    async with client(server, auth) as api:
        results = await ask_at_once(api, 20)
        with pytest.raises(AuthenticationFailed) as caught:
            await api.get_json(URL)
    assert server.logins == len(server.asked) == 1
    assert wrong not in "".join(traceback.format_exception(caught.value))
    for error in results:
        assert isinstance(error, AuthenticationFailed)
        assert "'ada'" in str(error)
        assert LOGIN in str(error)
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert wrong not in "".join([str(error), repr(error), *trace.format(), repr(vars(error))])
    assert wrong not in repr(auth) + caplog.text


async def test_a_login_that_is_down_is_tried_again_with_the_request() -> None:
    server = TokenServer()
    down: list[Said | Exception] = [Said(503), httpx.ConnectError("refused")]
    outer = FunctionServer(lambda request: down.pop() if down else server._route(request))
    async with client(outer, login()) as api:
        assert (await api.get_json(URL)).value == {"ok": True}
    assert outer.logins == 3


async def test_waiters_share_the_error_of_a_failed_login_instead_of_each_trying() -> None:
    server = FunctionServer(lambda request: Said(404))
    async with client(server, login()) as api:
        results = await ask_at_once(api, 20)
        assert [type(result) for result in results] == [NotFound] * 20
        assert len({id(result) for result in results}) == 20
        assert server.logins == 1
        with pytest.raises(NotFound):
            await api.get_json(URL)
    assert server.logins == 2


async def test_a_cancelled_login_leaves_the_next_one_free() -> None:
    started, never = anyio.Event(), anyio.Event()
    server = TokenServer()

    async def hang() -> None:
        started.set()
        await never.wait()

    first = [True]

    def route(request: httpx.Request) -> Said | Exception:
        return Said(before=hang) if first and first.pop() else server._route(request)

    async with client(FunctionServer(route), login()) as api:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(api.get_json, URL)
            await started.wait()
            tasks.cancel_scope.cancel()
        assert (await api.get_json(URL)).value == {"ok": True}


@pytest.mark.parametrize(
    "answer",
    [{}, {"token": ""}, {"token": 7}, {"token": "a\r\nx: y"}, {"token": "a b"}, {"token": "é"}, [], "token", None],
)
async def test_a_login_without_a_usable_token_is_unexpected(answer: object) -> None:
    server = FunctionServer(lambda request: said_json(answer))
    async with client(server, login()) as api:
        with pytest.raises(UnexpectedBody, match="no usable token"):
            await api.get_json(URL)


async def test_a_broken_answer_to_a_login_is_not_shown() -> None:
    server = FunctionServer(lambda request: Said(201, [b'{"token":"abc-123",}']))
    async with client(server, login()) as api:
        with pytest.raises(UnexpectedBody) as caught:
            await api.get_json(URL)
    assert "abc-123" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("status", [401, 422, 500, 503])
async def test_what_a_refused_or_failed_login_answers_is_not_shown(status: int) -> None:
    server = FunctionServer(lambda request: Said(status, [b'{"hint":"the former one was tulip"}']))
    async with client(server, login()) as api:
        with pytest.raises(ApiError) as caught:
            await api.get_json(URL)
    assert "tulip" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("status", [200, 201])
async def test_header_and_scheme_are_a_choice_and_login_accepts_both_statuses(status: int) -> None:
    def answer(request: httpx.Request) -> Said:
        if request.method == "POST":
            assert json.loads(request.content) == {"username": "ada", "password": "p"}
            return said_json({"token": "t1"}, status)
        return said_json(request.headers.get("x-token"))

    auth = FocusLogin(LOGIN, "ada", SecretStr("p"), header="x-token", scheme="Bearer")
    async with client(FunctionServer(answer), auth) as api:
        assert (await api.get_json(URL)).value == "Bearer t1"


async def test_without_auth_a_401_says_so() -> None:
    async with client(FunctionServer(lambda request: Said(401)), NoAuth()) as api:
        with pytest.raises(AuthenticationFailed, match="no auth is configured"):
            await api.get_json(URL)


async def test_a_token_never_goes_to_another_origin_not_even_a_login() -> None:
    server = TokenServer()
    settings = HttpSettings(["https://elsewhere.example.org"])
    async with client(server, login(), settings=settings) as api:
        for url in ("https://elsewhere.example.org/x", URL):
            with pytest.raises(ApiError, match="away from the configured servers"):
                await api.get_json(url)
    assert server.asked == []


async def test_an_echoed_token_is_not_shown() -> None:
    server = TokenServer(lambda request: Said(500, [b"you sent " + request.headers["authorization"].encode()]))
    async with client(server, login()) as api:
        with pytest.raises(ServerFailed, match="you sent …") as caught:
            await api.get_json(URL)
    assert "token-1" not in "".join(traceback.format_exception(caught.value))


async def test_a_login_hides_its_password_and_its_latest_tokens_however_they_are_written() -> None:
    server = TokenServer()
    auth = login(password=PASSWORD)
    async with client(server, auth) as api:
        await api.get_json(f"{HOST}/x")
        server.valid.clear()
        await api.get_json(f"{HOST}/x")
    assert auth.hide(f"{PASSWORD}, token-1, token-2") == "…, …, …"
    quoted = FocusLogin(LOGIN, "ada", SecretStr('pass "word" ä'))
    assert (
        quoted.hide(r'pass "word" ä, pass \"word\" ä, pass \"word\" \u00e4, pass%20%22word%22%20%C3%A4') == "…, …, …, …"
    )
    assert NoAuth().hide("token-1") == "token-1"

"""Client credentials buy one token for all, from a provider that somebody else wrote."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from typing import Any

import anyio
import pytest

from focus_assets.client import ApiClient
from focus_assets.model.errors import ApiError, AuthenticationFailed, OriginRefused, ServerFailed, UnexpectedBody
from focus_assets_tests.integration.auth.opening import open_client
from focus_assets_tests.integration.auth.provider import CLIENT, SECRET, Provider, answer
from focus_assets_tests.integration.client.sockets import serving
from focus_assets_tests.unit.client.fakes import SleeplessClock


def credentials(base: str, **more: Any) -> dict[str, Any]:
    return {"kind": "oauth2", "token_url": f"{base}/token", "client_id": CLIENT, "client_secret": SECRET, **more}


async def ask_at_once(client: ApiClient, url: str, times: int) -> list[object]:
    found: list[object] = []

    async def one() -> None:
        try:
            found.append((await client.get_json(url)).value)
        except ApiError as error:
            found.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(times):
            tasks.start_soon(one)
    return found


@pytest.mark.parametrize("place", ["basic", "body"])
async def test_the_provider_knows_the_client_by_header_or_by_form(place: str) -> None:
    provider = Provider()
    async with serving(provider) as base, open_client(base, credentials(base, credentials_in=place)) as client:
        assert (await client.get_json(f"{base}/things")).value == {"ok": True}
    _, headers, form = provider.requests[0]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert ("Authorization" in headers) == (place == "basic")
    assert ("client_secret" in form) == (place == "body")


async def test_requests_at_once_share_one_token() -> None:
    provider = Provider()
    async with serving(provider) as base, open_client(base, credentials(base)) as client:
        assert await ask_at_once(client, f"{base}/things", 20) == [{"ok": True}] * 20
    assert provider.issued == 1


async def test_requests_at_once_share_the_next_token_when_it_was_revoked() -> None:
    provider = Provider()
    async with serving(provider) as base, open_client(base, credentials(base)) as client:
        await client.get_json(f"{base}/things")
        provider.valid.clear()
        assert await ask_at_once(client, f"{base}/things", 20) == [{"ok": True}] * 20
    assert provider.issued == 2


@pytest.mark.parametrize(("life", "fresh", "due"), [(3600, 3539, 3541), (100, 89, 91)])
async def test_a_token_is_renewed_before_its_end(life: int, fresh: float, due: float) -> None:
    provider, clock = Provider(life=life), SleeplessClock(0.0)
    async with serving(provider) as base, open_client(base, credentials(base), clock=clock) as client:
        await client.get_json(f"{base}/things")
        clock.now = fresh
        await client.get_json(f"{base}/things")
        assert provider.issued == 1
        clock.now = due
        await client.get_json(f"{base}/things")
    assert provider.issued == 2
    assert len(provider.requests) == 5  # nobody had to be refused first


@pytest.mark.parametrize("announced", [None, True, -1, "soon", []])
async def test_a_token_without_a_known_end_is_used_until_it_is_refused(announced: object) -> None:
    clock, asked = SleeplessClock(0.0), []

    def script(request: bytes) -> Iterable[bytes]:
        asked.append(request)
        return answer(200, {"access_token": "t", "expires_in": announced})

    async with serving(script) as base, open_client(base, credentials(base), clock=clock) as client:
        await client.get_json(f"{base}/things")
        clock.now = 1e9
        await client.get_json(f"{base}/things")
    assert len(asked) == 3


async def test_an_end_that_is_written_as_a_text_counts() -> None:
    clock, asked = SleeplessClock(0.0), []

    def script(request: bytes) -> Iterable[bytes]:
        asked.append(request)
        return answer(200, {"access_token": "t", "token_type": "bearer", "expires_in": "600"})

    async with serving(script) as base, open_client(base, credentials(base), clock=clock) as client:
        await client.get_json(f"{base}/things")
        clock.now = 541.0
        await client.get_json(f"{base}/things")
    assert len(asked) == 4


async def test_a_token_is_good_for_the_scopes_that_were_asked_for() -> None:
    provider = Provider(needs="write")
    async with serving(provider) as base:
        async with open_client(base, credentials(base, scopes=["read", "write"])) as client:
            assert (await client.get_json(f"{base}/things")).value == {"ok": True}
        async with open_client(base, credentials(base, scopes="read")) as client:
            with pytest.raises(AuthenticationFailed, match="a token just issued to client 'nightly mirror'"):
                await client.get_json(f"{base}/things")


async def test_further_fields_go_into_the_form() -> None:
    provider = Provider()
    params = {"audience": "https://a b"}
    async with serving(provider) as base, open_client(base, credentials(base, params=params)) as client:
        await client.get_json(f"{base}/things")
    assert "audience=https%3A%2F%2Fa+b" in provider.requests[0][2]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"client_secret": "canary-wrong"}, "401, invalid_client"), ({"scopes": "admin"}, "400, invalid_scope")],
)
async def test_a_refused_client_is_tried_once_and_told_the_providers_reason(wrong: dict[str, str], reason: str) -> None:
    provider = Provider()
    async with serving(provider) as base, open_client(base, credentials(base) | wrong) as client:
        found = await ask_at_once(client, f"{base}/things", 10)
        with pytest.raises(AuthenticationFailed, match=rf"'nightly mirror' or its secret was refused \({reason}\)"):
            await client.get_json(f"{base}/things")
    assert [type(one) for one in found] == [AuthenticationFailed] * 10
    assert provider.issued == len(provider.requests) == 1


async def test_a_provider_that_issues_what_the_api_refuses_is_not_asked_for_ever() -> None:
    provider = Provider(honest=False)
    async with serving(provider) as base, open_client(base, credentials(base)) as client:
        with pytest.raises(AuthenticationFailed, match="was refused"):
            await client.get_json(f"{base}/things")
    assert provider.issued == 1


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "no usable token"),
        ({"access_token": "a b"}, "no usable token"),
        ({"access_token": "t", "token_type": "mac"}, "another type than Bearer"),
        ([], "no usable token"),
    ],
)
async def test_an_answer_without_a_usable_token_is_named(said: object, problem: str) -> None:
    async with serving(lambda _: answer(200, said)) as base, open_client(base, credentials(base)) as client:
        with pytest.raises(UnexpectedBody, match=problem):
            await client.get_json(f"{base}/things")


async def test_tokens_may_come_from_another_server_where_nothing_else_may_go() -> None:
    provider, here = Provider(), Provider()
    here.valid = provider.valid
    async with (
        serving(provider) as identity,
        serving(here) as base,
        open_client(base, credentials(identity)) as client,
    ):
        assert (await client.get_json(f"{base}/things")).value == {"ok": True}
        with pytest.raises(OriginRefused):
            await client.get_json(f"{identity}/things")
    assert [path for path, _, _ in provider.requests] == ["/token"]


@pytest.mark.parametrize("place", ["basic", "body"])
@pytest.mark.parametrize("issued", [True, False])
async def test_neither_secret_nor_token_is_shown_though_both_servers_say_them_back(
    issued: bool, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def script(request: bytes) -> Iterable[bytes]:
        if issued and request.startswith(b"POST /token"):
            return answer(200, {"access_token": "canary-token"})
        return answer(500, request.decode())

    async with serving(script) as base, open_client(base, credentials(base, credentials_in=place)) as client:
        with pytest.raises(ServerFailed) as caught:
            await client.get_json(f"{base}/things")
        shown = [repr(vars(caught.value)), repr(vars(client)), repr(client._auth)]
    assert "canary" not in "".join([*shown, *traceback.format_exception(caught.value), caplog.text])

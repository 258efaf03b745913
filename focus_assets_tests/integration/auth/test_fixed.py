"""Keys, passwords and given tokens are sent where they belong, refused once, and shown nowhere."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from focus_assets.model.errors import ApiError, ApiUnreachable, AuthenticationFailed, PermissionDenied, ServerFailed
from focus_assets_tests.integration.auth.opening import AUTH, open_client
from focus_assets_tests.integration.auth.provider import answer
from focus_assets_tests.integration.client.sockets import head, serving

SECRET = "canary &=/%ä key"
ASCII = "canary-&=/%-key"
WAYS: dict[str, tuple[dict[str, Any], bytes]] = {
    "a key in a header": ({"kind": "api_key", "name": "X-API-Key", "value": ASCII}, f"x-api-key: {ASCII}\r\n".encode()),
    "a key in the query": (
        {"kind": "api_key", "in": "query", "name": "apikey", "value": ASCII},
        f"apikey={quote(ASCII, safe='')} ".encode(),
    ),
    "user and password": (
        {"kind": "basic", "username": "ada", "password": SECRET},
        b"authorization: Basic " + base64.b64encode(f"ada:{SECRET}".encode()) + b"\r\n",
    ),
    "a token": ({"kind": "bearer", "token": ASCII}, f"authorization: Bearer {ASCII}\r\n".encode()),
}
each_way = pytest.mark.parametrize("way", list(WAYS))


def guarded(way: str) -> Callable[[bytes], Iterable[bytes]]:
    """A server that answers 401 to all who do not show what it wants, and says back what it was told."""

    def script(request: bytes) -> Iterable[bytes]:
        known = WAYS[way][1].lower() in request.lower()
        return answer(200, "come in") if known else answer(401, request.decode("latin-1"))

    return script


@each_way
async def test_who_shows_the_right_credentials_is_let_in(way: str) -> None:
    async with serving(guarded(way)) as base, open_client(base, WAYS[way][0]) as client:
        assert (await client.get_json(f"{base}/things", {"page": "1"})).value == "come in"
        assert (await client.get_json(f"{base}/things?page=2")).value == "come in"


@each_way
async def test_who_shows_the_wrong_ones_is_refused_once_and_by_name(way: str) -> None:
    asked = []

    def script(request: bytes) -> Iterable[bytes]:
        asked.append(request)
        return guarded(way)(request)

    wrong = {key: value.replace("key", "cat") if "canary" in value else value for key, value in WAYS[way][0].items()}
    async with serving(script) as base, open_client(base, wrong) as client:
        with pytest.raises(AuthenticationFailed, match=r"the server refused .* \(401\)") as caught:
            await client.get_json(f"{base}/things")
    assert len(asked) == 1
    assert not caught.value.repeatable
    assert "canary" not in everything(caught.value)


@each_way
@pytest.mark.parametrize("ending", ["500", "403", "302", "cut", "not json"])
async def test_no_failure_shows_the_credentials_though_the_server_says_them_back(
    way: str, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def script(request: bytes) -> Iterable[bytes]:
        said = request + b" canary " + ASCII.encode() + SECRET.encode()
        where = request.split(b" ")[1].decode("latin-1")
        whole: dict[str, Iterable[bytes]] = {
            "500": [head("500 Oh", content_length=len(said)), said],
            "403": [head("403 No", content_length=len(said)), said],
            "302": [head("302 There", content_length=0, location=where)],
            "cut": [],
            "not json": [head("200 OK", content_length=len(said)), said],
        }
        return whole[ending]

    async with serving(script) as base, open_client(base, WAYS[way][0]) as client:
        with pytest.raises(ApiError) as caught:
            await client.get_json(f"{base}/things", {"page": "1"})
        shown = everything(caught.value) + repr(client) + repr(vars(client))
    # what the server says of its own accord ("canary" alone) is its own business; what we showed it is not
    for spelling in (ASCII, quote(ASCII, safe=""), SECRET, base64.b64encode(f"ada:{SECRET}".encode()).decode()):
        assert spelling not in shown
        assert spelling not in caplog.text


async def test_a_key_in_the_query_that_the_servers_own_link_repeats_is_shown_once_and_told_nowhere() -> None:
    targets = []

    def script(request: bytes) -> Iterable[bytes]:
        targets.append(request.split(b" ")[1].decode())
        return answer(500, {}) if len(targets) > 1 else answer(200, {"next": targets[0]})

    async with serving(script) as base, open_client(base, WAYS["a key in the query"][0]) as client:
        first = await client.get_json(f"{base}/things?page=1")
        assert isinstance(first.value, dict)
        with pytest.raises(ServerFailed) as caught:
            await client.get_json(base + first.value["next"])
    assert targets == [f"/things?page=1&apikey={quote(ASCII, safe='')}"] * 2
    assert caught.value.url.endswith("/things?page=…")


async def test_a_server_that_is_not_there_is_named_without_the_key() -> None:
    async with open_client("http://127.0.0.1:9", WAYS["a key in the query"][0]) as client:
        with pytest.raises(ApiUnreachable) as caught:
            await client.get_json("http://127.0.0.1:9/things", {"page": "1"})
    assert "canary" not in everything(caught.value)


async def test_a_key_without_the_right_is_another_error_than_a_wrong_key() -> None:
    async with serving(lambda _: answer(403, {})) as base, open_client(base, WAYS["a token"][0]) as client:
        with pytest.raises(PermissionDenied):
            await client.get_json(f"{base}/things")


async def test_whom_nobody_gave_credentials_shows_none() -> None:
    asked = []

    def script(request: bytes) -> Iterable[bytes]:
        asked.append(request.lower())
        return answer(200, 1)

    async with serving(script) as base, open_client(base, {"kind": "none"}) as client:
        await client.get_json(f"{base}/things")
    assert b"authorization" not in asked[0]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"kind": "api_key", "name": "a b", "value": "x"}, "expected the name of a header"),
        ({"kind": "api_key", "name": "Host", "value": "x"}, "expected the name of a header"),
        ({"kind": "api_key", "name": "k", "value": "geheim\n"}, "expected ASCII characters"),
        ({"kind": "api_key", "name": "k", "value": ""}, "expected ASCII characters"),
        ({"kind": "bearer", "token": " geheim"}, "expected ASCII characters"),
        ({"kind": "basic", "username": "a:b", "password": "geheim"}, "expected a name without a colon"),
        ({"kind": "oauth2", "token_url": "id", "client_id": "a", "client_secret": "geheim"}, "expected a URL such as"),
        (
            {"kind": "oauth2", "token_url": "https://geheim:geheim@id/", "client_id": "a", "client_secret": "geheim"},
            "expected a URL without user",
        ),
        (
            {
                "kind": "oauth2",
                "token_url": "https://id/",
                "client_id": "a",
                "client_secret": "geheim",
                "params": {"scope": "x"},
            },
            "expected other fields than scope",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_is_tried(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        AUTH.validate_python(written)
    assert "geheim" not in str(caught.value)


def everything(error: BaseException) -> str:
    return "".join([str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)])

"""A webhook gets its object whole and once, and its URL is told to nobody."""

from __future__ import annotations

import json

import anyio
import httpx
import pytest
from pydantic import SecretStr

from focus_assets.client.webhook import post_json
from focus_assets.model.errors import ApiError, ApiTimeout, ApiUnreachable, RateLimited, RedirectRefused, ServerFailed

URL = SecretStr("https://hooks.example.org:8443/services/T000/s3cret?key=s3cret")


async def post(answer: httpx.Response | Exception, *, seconds: float = 5.0) -> httpx.Request:
    seen: list[httpx.Request] = []

    async def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    await post_json(URL, {"text": "größer"}, seconds=seconds, transport=httpx.MockTransport(respond))
    assert len(seen) == 1
    return seen[0]


async def test_the_object_arrives_as_json() -> None:
    request = await post(httpx.Response(204))
    assert (request.method, str(request.url)) == ("POST", URL.get_secret_value())
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {"text": "größer"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(503), ServerFailed),
        (httpx.Response(429, headers={"retry-after": "3"}), RateLimited),
        (httpx.Response(302, headers={"location": "https://elsewhere.example.org"}), RedirectRefused),
        (httpx.ConnectError("refused at https://hooks.example.org/services/T000/s3cret"), ApiUnreachable),
    ],
)
async def test_what_was_not_taken_is_a_named_error_without_the_secret(
    answer: httpx.Response | Exception, error: type[ApiError]
) -> None:
    with pytest.raises(error) as raised:
        await post(answer)
    assert "hooks.example.org" in str(raised.value)
    assert raised.value.__cause__ is None
    if isinstance(answer, httpx.Response):
        assert "s3cret" not in str(raised.value)


async def test_a_webhook_that_never_answers_is_given_up() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    with pytest.raises(ApiTimeout, match="did not answer within 0.01 s"):
        await post_json(URL, {}, seconds=0.01, transport=httpx.MockTransport(hang))

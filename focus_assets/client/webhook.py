"""Send one JSON object to a webhook; its URL is a secret, as whoever has it can write there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import anyio
import httpx
from pydantic import SecretStr

from focus_assets.client.protocol import classify
from focus_assets.client.wire import FOREIGN, translated
from focus_assets.model.errors import ApiTimeout

_TAKEN = frozenset({200, 201, 202, 204})


async def post_json(
    url: SecretStr, payload: Mapping[str, object], *, seconds: float, transport: httpx.AsyncBaseTransport | None = None
) -> None:
    """One try, at most so many seconds; raises ApiError for anything but 200, 201, 202 and 204."""
    where = _host_of(url.get_secret_value())
    try:
        with anyio.fail_after(seconds):
            status, headers = await _post(url, payload, transport)
    except TimeoutError as error:
        raise ApiTimeout(f"the webhook did not answer within {seconds:g} s", url=where) from error
    except FOREIGN as error:
        # Not chained: the library's error may quote the URL.
        raise translated(error, where) from None
    if (refused := classify(status, headers, url=where, allowed=_TAKEN)) is not None:
        raise refused


async def _post(
    url: SecretStr, payload: Mapping[str, object], transport: httpx.AsyncBaseTransport | None
) -> tuple[int, Mapping[str, str]]:
    body = json.dumps(payload).encode()
    headers = {"content-type": "application/json"}
    # the caller has the deadline: one for all, as a read timeout lets drips go on for ever
    async with httpx.AsyncClient(transport=transport, timeout=None, trust_env=False) as client:  # noqa: S113
        request = client.build_request("POST", url.get_secret_value(), content=body, headers=headers)
        response = await client.send(request, stream=True)
        try:
            return response.status_code, response.headers
        finally:
            await response.aclose()


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}/…"

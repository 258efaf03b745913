"""Let nobody in without the token, and no body that is too large: before anything of a request is read."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pydantic import SecretStr

_Scope = MutableMapping[str, Any]
_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

LARGEST_BODY = 16 * 1024
_OPEN_TO_ALL = frozenset({"/ping", "/docs", "/openapi.json"})


class Guard:
    """An ASGI application around another: 401, 413, or the other's answer."""

    def __init__(self, app: _App, token: SecretStr) -> None:
        self._app = app
        self._expected = f"bearer {token.get_secret_value()}".encode()

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """What is no HTTP, such as the start and the end, goes through."""
        if scope["type"] != "http" or scope["path"] in _OPEN_TO_ALL:
            await self._app(scope, receive, send)
        elif not self._knows(dict(scope["headers"]).get(b"authorization", b"")):
            await _refuse(send, 401, "show the gateway's token: Authorization: Bearer …")
        elif _announced(scope) > LARGEST_BODY:
            await _refuse(send, 413, f"a body may have {LARGEST_BODY:,} bytes")
        else:
            await self._limited(scope, receive, send)

    def _knows(self, shown: bytes) -> bool:
        scheme, _, token = shown.partition(b" ")
        # In constant time: how long it takes must not tell how much of it was right.
        return hmac.compare_digest(scheme.lower() + b" " + token.strip(), self._expected)

    async def _limited(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return  # the caller has gone away
            body, more = body + message.get("body", b""), message.get("more_body", False)
            if len(body) > LARGEST_BODY:
                await _refuse(send, 413, f"a body may have {LARGEST_BODY:,} bytes")
                return
        read = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive_again() -> _Message:
            return next(read, None) or await receive()

        await self._app(scope, receive_again, send)


def _announced(scope: _Scope) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


async def _refuse(send: _Send, status: int, detail: str) -> None:
    body = json.dumps({"detail": detail}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 413:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""Say what a request shows of who asks, and keep that out of what people are shown."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

from focus_assets.client.protocol import redact
from focus_assets.model.errors import AuthenticationFailed

AUTHORIZATION = "authorization"


class Place(Enum):
    """Where in a request a grant stands."""

    HEADER = "header"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one request shows to the server: a header or a query parameter and its value, which no repr tells.

    `serial` tells grants apart; `own` says that it was obtained for this very request.
    """

    name: str
    value: SecretStr
    serial: int = 0
    own: bool = False
    place: Place = Place.HEADER


def nothing(text: str) -> str:
    """Of an answer that may echo a password nothing is told."""
    del text
    return ""


@dataclass(frozen=True, slots=True)
class Login:
    """What is posted to get a token: fields as JSON or as a form, and perhaps an Authorization header.

    `tell` is given the start of a refusal's body, and returns what of it people may see.
    """

    url: str
    fields: Mapping[str, str | SecretStr]
    form: bool = False
    authorization: SecretStr | None = None
    tell: Callable[[str], str] = nothing


# Sends a login once, without a grant, and returns the JSON answer; raises ApiError.
Post = Callable[[Login], Awaitable[object]]


class Auth(Protocol):
    """What the client asks before each request, and after a 401 with the grant that was refused."""

    async def grant(self, post: Post, refused: Grant | None = None) -> Grant | None: ...

    def failure(self, url: str) -> AuthenticationFailed: ...

    def hide(self, text: str) -> str:
        """A text from the server without what we have shown it: it may say everything back."""


class NoAuth:
    """Nobody in particular asks."""

    async def grant(self, post: Post, refused: Grant | None = None) -> Grant | None:
        return None

    def failure(self, url: str) -> AuthenticationFailed:
        return AuthenticationFailed(
            "the server wants to know who asks (401), and no auth is configured", url=redact(url), status=401
        )

    def hide(self, text: str) -> str:
        return text


def basic_value(username: str, password: SecretStr) -> SecretStr:
    """The Authorization header of RFC 7617, in UTF-8."""
    pair = f"{username}:{password.get_secret_value()}".encode()
    return SecretStr(f"Basic {b64encode(pair).decode('ascii')}")


def without(text: str, secrets: Iterable[SecretStr]) -> str:
    """The text without these secrets, as they are and as JSON, a URL or a form writes them."""
    written = {spelling for secret in secrets for spelling in _spellings(secret.get_secret_value())}
    # the longest first: none is left in part because a shorter one was taken out of it
    for spelling in sorted(written - {""}, key=len, reverse=True):
        text = text.replace(spelling, "…")
    return text


def _spellings(secret: str) -> set[str]:
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, *escaped, quote(secret, safe=""), quote(secret), quote_plus(secret)}

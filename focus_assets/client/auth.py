"""Say who asks: get a token, share it, renew it in time, and know when a login has failed for good."""

from __future__ import annotations

import copy
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

import anyio
from pydantic import SecretStr

from focus_assets.client.clock import Clock, SystemClock
from focus_assets.client.protocol import redact
from focus_assets.model.errors import ApiError, AuthenticationFailed, PermissionDenied, RequestRefused, UnexpectedBody

_TOKEN = re.compile(r"[\x21-\x7e]+")  # what a header can carry; anything else could add headers of its own
_REMEMBERED = 8  # tokens: those of requests that may still be under way
_WRONG_CREDENTIALS = frozenset({400, 401, 403, 422})


@dataclass(frozen=True, slots=True)
class Grant:
    """What one request shows to the server: a header and its value, which no repr tells.

    `serial` tells grants apart; `own` says that it was obtained for this very request.
    """

    header: str
    value: SecretStr
    serial: int
    own: bool


# Sends a JSON body without credentials, once, and returns the JSON answer; raises ApiError.
Post = Callable[[str, Mapping[str, str | SecretStr]], Awaitable[object]]


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


@dataclass(frozen=True, slots=True)
class _Token:
    value: SecretStr
    serial: int
    due: float  # the clock's moment from which it is renewed before it is used


@dataclass(frozen=True, slots=True)
class _Attempt:
    serial: int = 0
    error: ApiError | None = None


@dataclass(slots=True, eq=False, repr=False)
class FocusLogin:
    """User and password buy a token, which all requests share.

    Single-flight: however many requests need a token, one of them logs in and the others wait for what it gets,
    token or error. Wrong credentials are tried once and remembered: a second try could lock the account.
    `scheme` goes before the token (`Bearer`); `life` is the age in seconds at which a token is renewed.
    """

    login_url: str
    username: str
    password: SecretStr
    header: str = "authorization"
    scheme: str = ""
    life: float = 29 * 60
    clock: Clock = field(default_factory=SystemClock)
    _one_at_a_time: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _token: _Token | None = field(default=None, init=False)
    _last: _Attempt = field(default=_Attempt(), init=False)
    _refused: AuthenticationFailed | None = field(default=None, init=False)
    _tokens: deque[SecretStr] = field(default_factory=lambda: deque(maxlen=_REMEMBERED), init=False)

    def __repr__(self) -> str:
        return f"FocusLogin({redact(self.login_url)!r}, {self.username!r})"

    async def grant(self, post: Post, refused: Grant | None = None) -> Grant:
        """A token that is none of those refused; raises AuthenticationFailed, or what kept the login from working."""
        token = self._usable(refused)
        if token is not None:
            return self._granted(token, own=False)
        return self._granted(await self._renewed(post, refused), own=True)

    def failure(self, url: str) -> AuthenticationFailed:
        """The error for a request whose own token was refused."""
        problem = f"a token just obtained for user {self.username!r} from {redact(self.login_url)} was refused (401)"
        return AuthenticationFailed(problem, url=redact(url), status=401)

    def hide(self, text: str) -> str:
        """Without the password and the latest tokens, as they are and as JSON or a URL writes them."""
        for secret in (self.password, *self._tokens):
            for written in _spellings(secret.get_secret_value()):
                text = text.replace(written, "…")
        return text

    def _usable(self, refused: Grant | None) -> _Token | None:
        token = self._token
        if token is None or self.clock.monotonic() >= token.due:
            return None
        return None if refused is not None and refused.serial == token.serial else token

    def _granted(self, token: _Token, *, own: bool) -> Grant:
        text = f"{self.scheme} {token.value.get_secret_value()}".strip()
        return Grant(self.header, SecretStr(text), token.serial, own)

    async def _renewed(self, post: Post, refused: Grant | None) -> _Token:
        seen = self._last.serial
        async with self._one_at_a_time:
            if self._last.serial != seen and self._last.error is not None:
                raise copy.copy(self._last.error)  # a copy: each waiter adds its own traceback and notes
            return self._usable(refused) or await self._log_in(post)

    async def _log_in(self, post: Post) -> _Token:
        if self._refused is not None:
            raise copy.copy(self._refused)
        serial, began = self._last.serial + 1, self.clock.monotonic()
        try:
            value = await self._ask(post)
        except ApiError as error:
            self._last = _Attempt(serial, copy.copy(error))
            raise
        # its age counts from before it was asked for: it cannot be older than we think
        self._token, self._last = _Token(value, serial, began + self.life), _Attempt(serial)
        return self._token

    async def _ask(self, post: Post) -> SecretStr:
        try:
            answer = await post(self.login_url, {"username": self.username, "password": self.password})
        except (AuthenticationFailed, PermissionDenied, RequestRefused) as error:
            if error.status not in _WRONG_CREDENTIALS:
                raise
            self._refused = self._wrong_credentials(error.status)
            raise copy.copy(self._refused) from None  # the answer may echo what was sent
        return self._token_in(answer)

    def _wrong_credentials(self, status: int | None) -> AuthenticationFailed:
        problem = f"user {self.username!r} or the password was refused ({status}); it is not tried again"
        return AuthenticationFailed(problem, url=redact(self.login_url), status=status)

    def _token_in(self, answer: object) -> SecretStr:
        token = answer.get("token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise UnexpectedBody("the login's answer holds no usable token", url=redact(self.login_url))
        self._tokens.append(SecretStr(token))
        return self._tokens[-1]


def _spellings(secret: str) -> list[str]:
    """The longest first: none is left in part because a shorter one was taken out of it."""
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")}
    return sorted({secret, *escaped} - {""}, key=len, reverse=True)

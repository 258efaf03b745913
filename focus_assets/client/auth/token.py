"""Share one token between all requests: get it once, renew it in time, and know when getting it has failed for good."""

from __future__ import annotations

import copy
import re
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
from pydantic import SecretStr

from focus_assets.client.auth.grant import Grant, Login, Post
from focus_assets.client.clock import Clock
from focus_assets.client.correlation import correlate
from focus_assets.client.protocol import redact
from focus_assets.model.errors import ApiError, AuthenticationFailed, PermissionDenied, RequestRefused, UnexpectedBody

_TOKEN = re.compile(r"[\x21-\x7e]+")  # what a header can carry; anything else could add headers of its own
_REMEMBERED = 8  # tokens: those of requests that may still be under way
_WRONG_CREDENTIALS = frozenset({400, 401, 403, 422})


@dataclass(frozen=True, slots=True)
class Bought:
    """A token, and for how many seconds from when it was asked for it is used."""

    value: SecretStr
    life: float


@dataclass(frozen=True, slots=True)
class Token:
    """A token, told apart from those before it by its serial."""

    value: SecretStr
    serial: int
    due: float  # the clock's moment from which it is renewed before it is used


@dataclass(frozen=True, slots=True)
class _Attempt:
    serial: int = 0
    error: ApiError | None = None


class SharedToken:
    """Single-flight: however many requests need a token, one of them buys it and the others wait for what it gets,
    token or error. Wrong credentials (AuthenticationFailed) are tried once and remembered: a second try could lock the
    account.
    """

    def __init__(self, buy: Callable[[Post], Awaitable[Bought]], clock: Clock) -> None:
        self._buy, self._clock = buy, clock
        self._one_at_a_time = anyio.Lock()
        self._token: Token | None = None
        self._last = _Attempt()
        self._refused: AuthenticationFailed | None = None
        self._latest: deque[SecretStr] = deque(maxlen=_REMEMBERED)

    @property
    def latest(self) -> Sequence[SecretStr]:
        """The tokens that requests under way may have shown."""
        return tuple(self._latest)

    async def get(self, post: Post, refused: Grant | None) -> tuple[Token, bool]:
        """A token that is not the one refused, and whether it was bought for this very request."""
        token = self._usable(refused)
        if token is not None:
            return token, False
        return await self._renewed(post, refused), True

    def _usable(self, refused: Grant | None) -> Token | None:
        token = self._token
        if token is None or self._clock.monotonic() >= token.due:
            return None
        return None if refused is not None and refused.serial == token.serial else token

    async def _renewed(self, post: Post, refused: Grant | None) -> Token:
        seen = self._last.serial
        async with self._one_at_a_time:
            if self._last.serial != seen and self._last.error is not None:
                raise copy.copy(self._last.error)  # a copy: each waiter adds its own traceback and notes
            return self._usable(refused) or await self._new(post)

    async def _new(self, post: Post) -> Token:
        if self._refused is not None:
            raise copy.copy(self._refused)
        serial, began = self._last.serial + 1, self._clock.monotonic()
        try:
            bought = await self._buy(post)
        except ApiError as error:
            self._last = _Attempt(serial, copy.copy(error))
            if isinstance(error, AuthenticationFailed):
                self._refused = copy.copy(error)
            raise
        self._latest.append(bought.value)
        # its age counts from before it was asked for: it cannot be older than we think
        self._token, self._last = Token(bought.value, serial, began + bought.life), _Attempt(serial)
        return self._token


async def log_in(post: Post, login: Login, who: str) -> object:
    """The login's JSON answer; raises AuthenticationFailed where `who` is refused, or what else went wrong."""
    try:
        return await post(login)
    except (AuthenticationFailed, PermissionDenied, RequestRefused) as error:
        if error.status not in _WRONG_CREDENTIALS:
            raise
        said = f", {error.body_start}" if error.body_start else ""
        problem = f"{who} was refused ({error.status}{said}); it is not tried again"
        refused = AuthenticationFailed(problem, url=redact(login.url), status=error.status)
        raise correlate(refused, error.correlation_id) from None  # the answer may echo what was sent


def token_in(answer: object, name: str, url: str) -> SecretStr:
    """The token of a login's answer; raises UnexpectedBody."""
    token = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise UnexpectedBody("the login's answer holds no usable token", url=redact(url))
    return SecretStr(token)

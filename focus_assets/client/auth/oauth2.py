"""Get tokens by OAuth 2.0's client credentials grant (RFC 6749, 4.4)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import quote_plus

from pydantic import SecretStr

from focus_assets.client.auth.grant import AUTHORIZATION, Grant, Login, Post, basic_value, without
from focus_assets.client.auth.token import Bought, SharedToken, log_in, token_in
from focus_assets.client.clock import Clock, SystemClock
from focus_assets.client.protocol import redact
from focus_assets.model.errors import AuthenticationFailed, UnexpectedBody

_EARLIER_SECONDS = 60.0  # before its end a token is renewed: it must outlive the request that shows it
_EARLIER_SHARE = 0.1  # of a short life
# RFC 6749, 5.2; only these are ever shown of what a token endpoint answers
_REASONS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


class CredentialsIn(Enum):
    """Where a client shows its id and its secret (RFC 6749, 2.3.1)."""

    BASIC = "basic"
    BODY = "body"


@dataclass(slots=True, eq=False, repr=False)
class ClientCredentials:
    """A client's id and secret buy a token, which all requests share.

    A token is renewed before the end that `expires_in` announces; without one it is used until it is refused. `params`
    are further fields of the request, such as an audience.
    """

    token_url: str
    client_id: str
    client_secret: SecretStr
    credentials_in: CredentialsIn = CredentialsIn.BASIC
    scopes: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)
    _tokens: SharedToken = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = SharedToken(self._buy, self.clock)

    def __repr__(self) -> str:
        return f"ClientCredentials({redact(self.token_url)!r}, {self.client_id!r})"

    async def grant(self, post: Post, refused: Grant | None = None) -> Grant:
        """A token that is none of those refused; raises AuthenticationFailed, or what kept it from being issued."""
        token, own = await self._tokens.get(post, refused)
        return Grant(AUTHORIZATION, SecretStr(f"Bearer {token.value.get_secret_value()}"), token.serial, own)

    def failure(self, url: str) -> AuthenticationFailed:
        """The error for a request whose own token was refused."""
        problem = f"a token just issued to client {self.client_id!r} by {redact(self.token_url)} was refused (401)"
        return AuthenticationFailed(problem, url=redact(url), status=401)

    def hide(self, text: str) -> str:
        """Without the client's secret, as it is and within a header, and without the latest tokens."""
        encoded = self._authorization().get_secret_value().removeprefix("Basic ")
        return without(text, (self.client_secret, SecretStr(encoded), *self._tokens.latest))

    async def _buy(self, post: Post) -> Bought:
        answer = await log_in(post, self._login(), f"client {self.client_id!r} or its secret")
        token = token_in(answer, "access_token", self.token_url)
        _insist_on_bearer(answer, self.token_url)
        return Bought(token, _life(answer))

    def _login(self) -> Login:
        fields: dict[str, str | SecretStr] = {"grant_type": "client_credentials", **self.params}
        if self.scopes:
            fields["scope"] = " ".join(self.scopes)
        if self.credentials_in is CredentialsIn.BASIC:
            return Login(self.token_url, fields, form=True, authorization=self._authorization(), tell=_reason)
        fields |= {"client_id": self.client_id, "client_secret": self.client_secret}
        return Login(self.token_url, fields, form=True, tell=_reason)

    def _authorization(self) -> SecretStr:
        secret = SecretStr(quote_plus(self.client_secret.get_secret_value()))
        return basic_value(quote_plus(self.client_id), secret)


def _reason(body_start: str) -> str:
    try:
        reason = json.loads(body_start)["error"]
    except (ValueError, LookupError, TypeError):
        return ""
    return reason if isinstance(reason, str) and reason in _REASONS else ""


def _insist_on_bearer(answer: object, url: str) -> None:
    kind = answer.get("token_type", "bearer") if isinstance(answer, dict) else None
    if not isinstance(kind, str) or kind.casefold() != "bearer":
        raise UnexpectedBody("the token is of another type than Bearer, and only that is known", url=redact(url))


def _life(answer: object) -> float:
    """Seconds; without end where the answer announces none."""
    announced = answer.get("expires_in") if isinstance(answer, dict) else None
    if isinstance(announced, str) and announced.isascii() and announced.isdigit():
        announced = int(announced[:18])
    if isinstance(announced, bool) or not isinstance(announced, int | float) or not announced >= 0:
        return math.inf
    return announced - min(_EARLIER_SECONDS, announced * _EARLIER_SHARE)

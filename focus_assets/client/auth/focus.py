"""Log in to the Data Exchange API: user and password buy a token of a life that we only guess."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import SecretStr

from focus_assets.client.auth.grant import AUTHORIZATION, Grant, Login, Post, without
from focus_assets.client.auth.token import Bought, SharedToken, log_in, token_in
from focus_assets.client.clock import Clock, SystemClock
from focus_assets.client.protocol import redact
from focus_assets.model.errors import AuthenticationFailed


@dataclass(slots=True, eq=False, repr=False)
class FocusLogin:
    """User and password buy a token, which all requests share.

    `scheme` goes before the token (`Bearer`); `life` is the age in seconds at which a token is renewed.
    """

    login_url: str
    username: str
    password: SecretStr
    header: str = AUTHORIZATION
    scheme: str = ""
    life: float = 29 * 60
    clock: Clock = field(default_factory=SystemClock)
    _tokens: SharedToken = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = SharedToken(self._buy, self.clock)

    def __repr__(self) -> str:
        return f"FocusLogin({redact(self.login_url)!r}, {self.username!r})"

    async def grant(self, post: Post, refused: Grant | None = None) -> Grant:
        """A token that is none of those refused; raises AuthenticationFailed, or what kept the login from working."""
        token, own = await self._tokens.get(post, refused)
        text = f"{self.scheme} {token.value.get_secret_value()}".strip()
        return Grant(self.header, SecretStr(text), token.serial, own)

    def failure(self, url: str) -> AuthenticationFailed:
        """The error for a request whose own token was refused."""
        problem = f"a token just obtained for user {self.username!r} from {redact(self.login_url)} was refused (401)"
        return AuthenticationFailed(problem, url=redact(url), status=401)

    def hide(self, text: str) -> str:
        """Without the password and the latest tokens, as they are and as JSON or a URL writes them."""
        return without(text, (self.password, *self._tokens.latest))

    async def _buy(self, post: Post) -> Bought:
        login = Login(self.login_url, {"username": self.username, "password": self.password})
        answer = await log_in(post, login, f"user {self.username!r} or the password")
        return Bought(token_in(answer, "token", self.login_url), self.life)

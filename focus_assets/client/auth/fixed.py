"""Show the same credentials with every request: an API key, user and password, or a token that somebody gave us."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from focus_assets.client.auth.grant import AUTHORIZATION, Grant, Place, Post, basic_value, without
from focus_assets.client.protocol import redact
from focus_assets.model.errors import AuthenticationFailed


@dataclass(frozen=True, slots=True)
class FixedGrant:
    """Credentials that cannot be renewed: the first 401 is the last word. `what` names them without telling them."""

    shown: Grant
    what: str
    secrets: tuple[SecretStr, ...]

    async def grant(self, post: Post, refused: Grant | None = None) -> Grant | None:
        """The credentials; None after they were refused: there are no others."""
        return self.shown if refused is None else None

    def failure(self, url: str) -> AuthenticationFailed:
        """The error for a request that was refused."""
        return AuthenticationFailed(f"the server refused {self.what} (401)", url=redact(url), status=401)

    def hide(self, text: str) -> str:
        """Without the credentials, in whatever spelling."""
        return without(text, self.secrets)


def api_key(name: str, value: SecretStr, place: Place) -> FixedGrant:
    """A key in a header or a query parameter of that name."""
    where = "header" if place is Place.HEADER else "query parameter"
    return FixedGrant(Grant(name, value, place=place), f"the API key in the {where} {name!r}", (value,))


def basic(username: str, password: SecretStr) -> FixedGrant:
    """User and password in every request (RFC 7617)."""
    value = basic_value(username, password)
    encoded = SecretStr(value.get_secret_value().removeprefix("Basic "))
    return FixedGrant(Grant(AUTHORIZATION, value), f"user {username!r} or the password", (password, encoded))


def bearer(token: SecretStr) -> FixedGrant:
    """A token that was issued elsewhere (RFC 6750)."""
    value = SecretStr(f"Bearer {token.get_secret_value()}")
    return FixedGrant(Grant(AUTHORIZATION, value), "the token", (token,))

"""Say how a source may log in."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator

from focus_assets.config.knobs import Knobs

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SHOWABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")  # what a header carries as it is
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749, 3.3
_OF_THE_HTTP_ITSELF = frozenset({"host", "content-length", "transfer-encoding", "connection"})


def _header(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name) or name.lower() in _OF_THE_HTTP_ITSELF:
        raise ValueError("expected a header's name, such as authorization")
    return name


def _showable(secret: SecretStr) -> SecretStr:
    if not _SHOWABLE.fullmatch(secret.get_secret_value()):
        raise ValueError("expected ASCII characters without line breaks, and no spaces around them")
    return secret


def _word(scheme: str) -> str:
    if scheme and not _HEADER_NAME.fullmatch(scheme):
        raise ValueError("expected one word, such as Bearer, or nothing")
    return scheme


def _without_colon(name: str) -> str:
    if ":" in name:
        raise ValueError("expected a name without a colon: what follows one would be read as the password")
    return name


HeaderName = Annotated[str, AfterValidator(_header)]
ShowableSecret = Annotated[SecretStr, AfterValidator(_showable)]


class NoAuth(Knobs):
    """The API asks for no login."""

    kind: Literal["none"]

    @property
    def who(self) -> str:
        """Who asks, for people."""
        return "nobody logs in"


class ApiKeyAuth(Knobs):
    """A key in a header or a query parameter of every request. A key in a query is shown nowhere, in no URL either."""

    kind: Literal["api_key"]
    name: str = Field(min_length=1, description="The header or the query parameter, such as X-API-Key or apikey.")
    value: ShowableSecret = Field(description="The key.")
    in_: Literal["header", "query"] = Field(default="header", alias="in", description="Where the key stands.")

    @field_validator("name")
    @classmethod
    def _can_be_sent(cls, name: str) -> str:
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OF_THE_HTTP_ITSELF:
            raise ValueError("expected the name of a header or a query parameter, such as X-API-Key or apikey")
        return name

    @property
    def who(self) -> str:
        """Who asks, for people."""
        return f"with the key {self.name!r}"


class BasicAuth(Knobs):
    """User and password in every request (RFC 7617)."""

    kind: Literal["basic"]
    username: Annotated[str, AfterValidator(_without_colon)]
    password: SecretStr

    @property
    def who(self) -> str:
        """Who asks, for people."""
        return f"as {self.username}"


class BearerAuth(Knobs):
    """A token that was issued elsewhere, in every request (RFC 6750)."""

    kind: Literal["bearer"]
    token: ShowableSecret

    @property
    def who(self) -> str:
        """Who asks, for people."""
        return "with a token"


class OAuth2Auth(Knobs):
    """OAuth 2.0 client credentials: a token that all requests share, renewed before its end and when it is refused."""

    kind: Literal["oauth2"]
    token_url: str = Field(description="Where tokens are issued; it may be another server than the API's.")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    credentials_in: Literal["basic", "body"] = Field(
        default="basic", description="Whether id and secret go in the Authorization header or in the form."
    )
    scopes: tuple[str, ...] = Field(default=(), description="What the token should be good for.")
    params: dict[str, str] = Field(default={}, description="Further fields of the form, such as audience.")

    @field_validator("token_url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
            raise ValueError("expected a URL such as https://id.example.org/oauth/token")
        if parts.username or parts.password:
            raise ValueError("expected a URL without user and password; client_id and client_secret are for these")
        return url

    @field_validator("scopes", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("scopes")
    @classmethod
    def _are_scopes(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_SCOPE.fullmatch(scope) for scope in scopes):
            raise ValueError("expected scopes without spaces, quotes and backslashes")
        return scopes

    @field_validator("params")
    @classmethod
    def _leave_ours_alone(cls, params: dict[str, str]) -> dict[str, str]:
        if ours := sorted(params.keys() & {"grant_type", "client_id", "client_secret", "scope"}):
            raise ValueError(f"expected other fields than {', '.join(ours)}: these have keys of their own")
        return params

    @property
    def who(self) -> str:
        """Who asks, for people."""
        return f"as client {self.client_id}"


class FocusAuth(Knobs):
    """The Data Exchange login: a token for user and password, sent in a header of every later request."""

    kind: Literal["focus"]
    username: str = Field(min_length=1)
    password: SecretStr
    header: HeaderName = Field(default="authorization", description="The header that carries the token.")
    scheme: Annotated[str, AfterValidator(_word)] = Field(
        default="", description="Put before the token, such as Bearer; empty sends the token alone."
    )

    @property
    def who(self) -> str:
        """Who asks, for people."""
        return f"as {self.username}"


AUTH = (FocusAuth, ApiKeyAuth, BasicAuth, BearerAuth, OAuth2Auth, NoAuth)
Auth = Annotated[
    NoAuth | FocusAuth | ApiKeyAuth | BasicAuth | BearerAuth | OAuth2Auth,
    Field(discriminator="kind"),
]

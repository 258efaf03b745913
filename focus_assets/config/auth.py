"""Say how a source may log in."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from focus_assets.config.knobs import Knobs

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class NoAuth(Knobs):
    """The API asks for no login."""

    kind: Literal["none"]


class FocusAuth(Knobs):
    """The Data Exchange login: a token for user and password, sent in a header of every later request."""

    kind: Literal["focus"]
    username: str = Field(min_length=1)
    password: SecretStr
    header: str = Field(default="authorization", description="The header that carries the token.")
    scheme: str = Field(default="", description="Put before the token, such as Bearer; empty sends the token alone.")

    @field_validator("header")
    @classmethod
    def _is_a_header(cls, name: str) -> str:
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError("expected a header's name, such as authorization")
        return name

    @field_validator("scheme")
    @classmethod
    def _is_one_word(cls, scheme: str) -> str:
        if scheme and not _HEADER_NAME.fullmatch(scheme):
            raise ValueError("expected one word, such as Bearer, or nothing")
        return scheme


Auth = Annotated[NoAuth | FocusAuth, Field(discriminator="kind")]

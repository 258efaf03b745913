"""An OAuth 2.0 provider, as a published library understands the standard, and an API behind its tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from oauthlib.oauth2 import BackendApplicationServer, RequestValidator

from focus_assets_tests.integration.client.sockets import head

CLIENT, SECRET = "nightly mirror", "canary/s3cret+%"


@dataclass
class Provider(RequestValidator):  # type: ignore[misc]
    """Issues tokens to one client, by Basic or by the form, for the scopes `read` and `write`; knows its tokens."""

    life: int = 3600
    valid: dict[str, set[str]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    honest: bool = True  # else its tokens are refused as soon as they are issued
    needs: str = "read"

    def __post_init__(self) -> None:
        self._server = BackendApplicationServer(self, token_expires_in=self.life)

    @property
    def issued(self) -> int:
        """How often it was asked for a token."""
        return [path for path, _, _ in self.requests].count("/token")

    def __call__(self, request: bytes) -> Iterable[bytes]:
        top, _, body = request.partition(b"\r\n\r\n")
        first, *lines = top.decode().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.title(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.requests.append((target, headers, body.decode()))
        if target == "/token":
            return self._token(method, headers, body.decode())
        known, _ = self._server.verify_request(target, method, body.decode(), headers, scopes=[self.needs])
        return answer(200, self.served(target)) if known else answer(401, {"said": headers.get("Authorization", "")})

    def served(self, target: str) -> object:
        """What is there for who has a token."""
        return {"ok": True}

    def _token(self, method: str, headers: dict[str, str], body: str) -> Iterable[bytes]:
        _, said, status = self._server.create_token_response("https://id.test/token", method, body, headers)
        return answer(status, json.loads(said))

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        shown = (request.client_id, request.client_secret)
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
            shown = (unquote_plus(name), unquote_plus(secret))
        request.client = request
        return shown == (CLIENT, SECRET)

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return grant_type == "client_credentials"

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return ["read"]

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return {"read", "write"}.issuperset(scopes)

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        if self.honest:
            self.valid[token["access_token"]] = set(token["scope"].split())

    def validate_bearer_token(self, token: str, scopes: list[str], request: Any) -> bool:
        return self.valid.get(token, set()).issuperset(scopes) and token in self.valid


def answer(status: int, value: object, **headers: str) -> Iterable[bytes]:
    """A JSON answer."""
    body = json.dumps(value).encode()
    return [head(f"{status} it", content_length=len(body), **headers), body]

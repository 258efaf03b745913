"""Ask a REST API from a script: each call waits for its answer; pace, retries, logins and checks are the engine's."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr, TypeAdapter, ValidationError

from focus_assets.api.portal import Portal
from focus_assets.client import (
    ApiClient,
    Body,
    HttpSettings,
    NoPace,
    Repeater,
    Request,
    RetryPolicy,
    SlidingPace,
    SystemClock,
    Timeouts,
)
from focus_assets.client.protocol import as_it_is
from focus_assets.config import Auth, OAuth2Auth
from focus_assets.config.auth import NoAuth
from focus_assets.model.errors import InvalidConfiguration
from focus_assets.model.records import Format
from focus_assets.sources.login import login_of, login_origins
from focus_assets.sources.rest.bodies import parse

_AUTH: TypeAdapter[Any] = TypeAdapter(Auth)
_NOBODY = NoAuth(kind="none")
_MIB = 1024 * 1024
Value = str | int | float | bool | None
Params = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer whose body came whole; `next_link` is the target of the header `Link: …; rel="next"`."""

    data: bytes = field(repr=False)
    url: str
    next_link: str | None = None
    hide: Callable[[str], str] = field(default=as_it_is, repr=False)  # takes our credentials out of what errors show

    def json(self) -> Any:
        """The value of a JSON body: whole numbers are int, all others Decimal. Raises UnexpectedBody."""
        return parse(self.data, Format.JSON, url=self.url, hide=self.hide)

    @property
    def text(self) -> str:
        """The body as UTF-8; what is none is replaced."""
        return self.data.decode(errors="replace")


class RateLimiter:
    """At most so many requests a second (evenly spaced) and a minute (in any 60 seconds), for all who share it."""

    def __init__(self, *, per_second: float | None = None, per_minute: int | None = None) -> None:
        """Raises InvalidConfiguration for a limit that lets nothing through."""
        if any(limit is not None and limit <= 0 for limit in (per_second, per_minute)):
            raise InvalidConfiguration("RateLimiter", "expected limits of more than 0")
        self.pace = SlidingPace(SystemClock(), per_second=per_second, per_minute=per_minute)
        self._portal = Portal()

    def wait(self) -> None:
        """Returns when the next request may leave; a client that was given the limiter waits by itself."""
        self._portal.call(self.pace.wait)


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What a client may cost: seconds, attempts, bytes."""

    timeout_seconds: float = 120.0
    attempts: int = 5
    max_body_bytes: int = 64 * _MIB


class RESTClient:
    """One API, whose login, pace and retries all calls and threads share; within `with`, or with `close` at the end.

    `auth` says who asks in the words of focus.yaml: `{"kind": "bearer", "token": "…"}`. A key or token never appears
    in an error. Requests leave for the host of `base_url` alone.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        rate_limiter: RateLimiter | None = None,
        options: ClientOptions = ClientOptions(),
    ) -> None:
        """Raises InvalidConfiguration; asks nobody before the first call."""
        self.base_url = base_url.rstrip("/")
        self.options = options
        self._auth = _validated(auth)
        self._headers = {name: SecretStr(value) for name, value in (headers or {}).items()}
        self._pace = rate_limiter.pace if rate_limiter else NoPace()
        self._portal, self._stack, self._guard = Portal(), ExitStack(), threading.Lock()
        self._client: ApiClient | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back; a later call opens new ones."""
        with self._guard:
            self._client = None
            self._stack.close()
            self._portal.close()

    def get(self, endpoint: str, params: Params | None = None) -> Response:
        """What the endpoint answers, asked again while its errors are repeatable. Raises ApiError."""
        request = self.request(endpoint, params)
        client = self.engine

        async def read() -> Body:
            return await client.repeat(lambda: client.body(request))

        return self._answered(request, self._portal.call(read))

    def get_json(self, endpoint: str, params: Params | None = None) -> Any:
        """The value of its JSON body: whole numbers are int, all others Decimal. Raises ApiError."""
        return self.get(endpoint, params).json()

    def post(self, endpoint: str, json: object = None, params: Params | None = None) -> Response:
        """One attempt, as nobody knows what a failed one has done. Raises ApiError."""
        return self._write("POST", endpoint, json, params=params)

    def put(self, endpoint: str, json: object = None, params: Params | None = None) -> Response:
        """One attempt. Raises ApiError."""
        return self._write("PUT", endpoint, json, params=params)

    def patch(self, endpoint: str, json: object = None, params: Params | None = None) -> Response:
        """One attempt. Raises ApiError."""
        return self._write("PATCH", endpoint, json, params=params)

    def delete(self, endpoint: str, params: Params | None = None) -> Response:
        """One attempt. Raises ApiError."""
        return self._write("DELETE", endpoint, None, params=params)

    def request(
        self, endpoint: str, params: Params | None = None, *, method: str = "GET", json: object = None
    ) -> Request:
        """The request for an endpoint, which may be a path below `base_url` or an address on its host."""
        return Request(self.url_of(endpoint), method, texts(params or {}), json)

    def url_of(self, endpoint: str) -> str:
        """The address of an endpoint."""
        if endpoint.startswith(("http://", "https://")):
            return endpoint
        inside = endpoint.lstrip("/")
        return f"{self.base_url}/{inside}" if inside else self.base_url

    @property
    def portal(self) -> Portal:
        """The way to the engine."""
        return self._portal

    @property
    def engine(self) -> ApiClient:
        """The asynchronous client, which lives in the portal's event loop."""
        with self._guard:
            if self._client is None:
                self._client = self._stack.enter_context(self._portal.enter(self._made()))
            return self._client

    def _write(self, method: str, endpoint: str, json: object, *, params: Params | None) -> Response:
        request, client = self.request(endpoint, params, method=method, json=json), self.engine
        return self._answered(request, self._portal.call(lambda: client.write(request)))

    def _answered(self, request: Request, body: Body) -> Response:
        return Response(body.data, request.url, body.next_link, self.engine.hide)

    def _made(self) -> ApiClient:
        clock, options = SystemClock(), self.options
        settings = HttpSettings(
            origins=(self.base_url,),
            login_origins=login_origins(self._auth),
            timeouts=Timeouts(request=options.timeout_seconds),
            document_bytes=options.max_body_bytes,
            headers=self._headers,
        )
        return ApiClient(
            settings,
            login_of(self._auth, self.base_url, clock=clock),
            pace=self._pace,
            repeat=Repeater(RetryPolicy(attempts=options.attempts), clock, random.Random()),
            clock=clock,
        )


class OAuthClient(RESTClient):
    """An API behind OAuth 2.0 client credentials: one token that all calls share, renewed before its end."""

    def __init__(
        self,
        base_url: str,
        *,
        token_url: str,
        client_id: str,
        client_secret: str | SecretStr,
        scopes: tuple[str, ...] = (),
        rate_limiter: RateLimiter | None = None,
    ) -> None:
        """Raises InvalidConfiguration. What else `auth` may say is for `RESTClient`."""
        secret = client_secret if isinstance(client_secret, SecretStr) else SecretStr(client_secret)
        said = {"token_url": token_url, "client_id": client_id, "client_secret": secret, "scopes": scopes}
        auth = _validated({"kind": "oauth2", **said})
        assert isinstance(auth, OAuth2Auth)
        super().__init__(base_url, auth=auth, rate_limiter=rate_limiter)


def texts(params: Params) -> dict[str, str]:
    """Parameters as they go into a URL: true and false in lower case, None not at all."""
    return {name: _text(value) for name, value in params.items() if value is not None}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _validated(auth: Auth | Mapping[str, Any] | None) -> Auth:
    if auth is None:
        return _NOBODY
    try:
        found: Auth = _AUTH.validate_python(auth)
    except ValidationError as error:
        details = error.errors(include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in details["loc"])
        # not chained: the validator's error may hold what was found there
        raise InvalidConfiguration(f"auth.{place}" if place else "auth", details["msg"]) from None
    return found

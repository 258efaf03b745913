"""Ask the API over HTTP: the only door to it, and nothing of the HTTP library comes through.

Why this side is async: docs/decisions/0001-http-is-async-databases-are-synchronous.md
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import anyio
import httpx
from pydantic import SecretStr

from focus_assets.client.asking import Answer, Body, HttpSettings, Params, Request
from focus_assets.client.auth import Auth, Grant, Login, Place
from focus_assets.client.clock import Clock
from focus_assets.client.connection import hide_query_values, http_client
from focus_assets.client.correlation import HEADER, correlating
from focus_assets.client.decode import BodyDecoder, Subject
from focus_assets.client.document import DocumentDecoder
from focus_assets.client.lines import LineStream
from focus_assets.client.pace import Pace
from focus_assets.client.protocol import (
    DATA_STATUSES,
    LOGIN_STATUSES,
    WRITE_STATUSES,
    Origin,
    classify,
    origin_of,
    parse_count,
    redact,
    server_time,
    start_of,
)
from focus_assets.client.retry import Repeater
from focus_assets.client.wire import FOREIGN, Deadline, Decoder, Wire, too_late, translated
from focus_assets.model.errors import OriginRefused, RateLimited, StaleAnswer
from focus_assets.model.feed import Feed
from focus_assets.model.purse import Purse

_ERROR_BODY_BYTES = 4096
_ERROR_BODY_SECONDS = 5.0
_CLOSING_SECONDS = 5.0
_MOST_GRANTS = 4  # for one request; more can only be a server that refuses everything, whoever renews
_SECRET_LENGTH = 8  # a shorter value of a header is a word that texts hold anyway
_FRESH_SECONDS = 60.0  # a token refused after this long, behind a slow pace, may simply have expired


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request, before credentials."""

    url: str
    seconds: float  # from when it leaves, not from when it began to wait for its turn
    params: Params = field(default_factory=dict)
    login: Login | None = None
    allowed: Collection[int] = DATA_STATUSES
    method: str = "GET"
    json: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    anonymous: bool = False
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer whose body is still to be read, until the deadline."""

    response: httpx.Response
    deadline: Deadline
    left: float  # the moment when its request left
    purse: Purse

    def wire(self, decoder: Decoder) -> Wire:
        """Its body, piece by piece, each paid for."""
        return Wire(self.response, self.deadline, decoder, self.purse)


class ApiClient:
    """An async context manager; belongs to the event loop that opened it."""

    def __init__(
        self,
        settings: HttpSettings,
        auth: Auth,
        *,
        pace: Pace,
        repeat: Repeater,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`repeat` is public: a caller that fills something from a stream repeats the whole filling with it."""
        self.repeat = repeat
        self._settings, self._auth, self._pace, self._clock = settings, auth, pace, clock
        self._origins = frozenset(_origin(url) for url in settings.origins)
        self._login_origins = self._origins | {_origin(url) for url in settings.login_origins}
        self._http = http_client(settings, transport)

    async def __aenter__(self) -> Self:
        hide_query_values()
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.move_on_after(_CLOSING_SECONDS, shield=True), suppress(*FOREIGN):
            await self._http.__aexit__(kind, error, trace)

    def hide(self, text: str) -> str:
        """A text from the server without our credentials, fit to be shown."""
        for value in self._settings.headers.values():
            if len(value) >= _SECRET_LENGTH:
                text = text.replace(value.get_secret_value(), "…")
        return self._auth.hide(text)

    async def get_json(self, url: str, params: Params | None = None) -> Answer:
        """A JSON answer, asked for again while the error is repeatable. Raises ApiError."""
        return await self.repeat(lambda: self._get_json(url, params or {}))

    async def body(self, request: Request) -> Body:
        """The whole body of what is read, by GET or POST: one attempt. Raises ApiError."""
        return await self._body(request, DATA_STATUSES)

    async def write(self, request: Request) -> Body:
        """What POST, PUT, PATCH or DELETE answers: one attempt, as nobody knows what a failed one has done.

        Raises ApiError.
        """
        return await self._body(request, WRITE_STATUSES)

    def stream(
        self, url: str, params: Params | None = None, feed: Feed = Feed.FULL
    ) -> AbstractAsyncContextManager[LineStream]:
        """The lines of one answer: one attempt, but for a token that had expired. Raises ApiError."""
        return self._stream(url, params or {}, feed)

    @asynccontextmanager
    async def _stream(self, url: str, params: Params, feed: Feed) -> AsyncIterator[LineStream]:
        async with self._answer(_Ask(url, self._settings.timeouts.stream, params)) as reply:
            headers, subject = reply.response.headers, self._subject(reply, feed.value)
            decoder = BodyDecoder(headers.get("content-encoding", ""), self._settings.limits, subject)
            yield LineStream(reply.wire(decoder), decoder, headers)

    async def _get_json(self, url: str, params: Params) -> Answer:
        async with self._answer(_Ask(url, self._settings.timeouts.request, params)) as reply:
            return Answer(await self._document(reply, self._subject(reply)), server_time(reply.response.headers))

    async def _body(self, request: Request, allowed: Collection[int]) -> Body:
        ask = _Ask(
            request.url,
            self._settings.timeouts.request,
            request.params,
            allowed=allowed,
            method=request.method,
            json=request.json,
            headers=self._named(request.headers),
            anonymous=request.anonymous,
            content=request.content,
        )
        with correlating(ask.headers.get(HEADER)):
            async with self._answer(ask) as reply:
                return await self._whole(reply, ask)

    async def _whole(self, reply: _Reply, ask: _Ask) -> Body:
        headers, decoder = reply.response.headers, self._decoder(reply, self._subject(reply))
        await _drain(reply, decoder)
        link = reply.response.links.get("next", {}).get("url")
        status, name = reply.response.status_code, ask.headers.get(HEADER)
        return Body(decoder.whole(), server_time(headers), link, status, name)

    def _named(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        name = self._settings.new_id
        return headers if name is None or HEADER in headers else {**headers, HEADER: name()}

    def _subject(self, reply: _Reply, feed: str = "") -> Subject:
        return Subject(feed, str(reply.response.url), hide=self.hide)

    async def _document(self, reply: _Reply, subject: Subject) -> object:
        decoder = self._decoder(reply, subject)
        await _drain(reply, decoder)
        return decoder.finish()

    def _decoder(self, reply: _Reply, subject: Subject) -> DocumentDecoder:
        encoding = reply.response.headers.get("content-encoding", "")
        return DocumentDecoder(encoding, self._settings.document_bytes, subject)

    @asynccontextmanager
    async def _answer(self, ask: _Ask) -> AsyncIterator[_Reply]:
        """The answer to a request with credentials, its head checked; closed at the end."""
        grant = None if ask.anonymous else await self._auth.grant(self._post)
        own = 0  # grants obtained for this request that were refused
        for shown in range(1, _MOST_GRANTS + 1):
            granted = self._clock.monotonic()
            async with self._sent(ask, grant) as reply:
                if reply.response.status_code != 401 or ask.anonymous:
                    await self._check(reply, ask)
                    yield reply
                    return
            own += grant is not None and grant.own and self._clock.monotonic() - granted < _FRESH_SECONDS
            if shown < _MOST_GRANTS:
                grant = await self._another(ask, grant, own)
        raise self._auth.failure(ask.url)

    async def _another(self, ask: _Ask, refused: Grant | None, own: int) -> Grant:
        """A newer grant: a request fails when those obtained for it are refused, not because others renewed."""
        if refused is None or own >= self._settings.own_grants:
            raise self._auth.failure(ask.url)
        newer = await self._auth.grant(self._post, refused)
        if newer is None:
            raise self._auth.failure(ask.url)
        return newer

    async def _post(self, login: Login) -> object:
        seconds, headers = self._settings.timeouts.request, self._named({})
        ask = _Ask(login.url, seconds, login=login, allowed=LOGIN_STATUSES, method="POST", headers=headers)
        with correlating(headers.get(HEADER)):
            async with self._sent(ask, None) as reply:
                await self._check(reply, ask)
                return await self._document(reply, Subject(asked=login.url, secret=True))

    @asynccontextmanager
    async def _sent(self, ask: _Ask, grant: Grant | None) -> AsyncIterator[_Reply]:
        left = await self._pace.wait()
        self._settings.purse.pay_request()
        deadline = Deadline(self._clock, ask.seconds)
        response = await self._send(ask, grant, deadline)
        try:
            yield _Reply(response, deadline, left, self._settings.purse)
        finally:
            if not response.is_closed:
                await _closed(response)

    async def _send(self, ask: _Ask, grant: Grant | None, deadline: Deadline) -> httpx.Response:
        try:
            request = self._request(ask, grant)
            with anyio.fail_after(deadline.left()):  # drips of a head would never run into the read timeout
                return await self._http.send(request, stream=True)
        except httpx.LocalProtocolError as error:
            raise translated(error, ask.url) from None
        except TimeoutError as error:
            raise too_late(ask.url, deadline) from error
        except FOREIGN as error:
            raise translated(error, ask.url) from error

    def _request(self, ask: _Ask, grant: Grant | None) -> httpx.Request:
        login = ask.login
        request = self._login_request(login, ask.headers) if login else self._data_request(ask)
        # judged by what will be sent, not by what was written: the two could be read differently
        if origin_of(str(request.url)) not in (self._login_origins if login else self._origins):
            raise OriginRefused("this leads away from the configured servers", url=redact(ask.url))
        if grant is not None:
            _show(grant, request)
        return request

    def _data_request(self, ask: _Ask) -> httpx.Request:
        typed = {} if ask.content is None else {"content-type": "application/json"}
        return self._http.build_request(
            ask.method,
            ask.url,
            params=dict(ask.params) or None,
            json=ask.json,
            content=ask.content,
            headers={**typed, **ask.headers},
        )

    def _login_request(self, login: Login, headers: Mapping[str, str]) -> httpx.Request:
        fields = {name: _revealed(value) for name, value in login.fields.items()}
        content: dict[str, Any] = {"data" if login.form else "json": fields}
        shown = {} if login.authorization is None else {"authorization": login.authorization.get_secret_value()}
        return self._http.build_request("POST", login.url, headers={**headers, **shown}, **content)

    async def _check(self, reply: _Reply, ask: _Ask) -> None:
        response, status = reply.response, reply.response.status_code
        if status in ask.allowed:
            _refuse_kept(response)
            return
        # of what a login answers only it knows what may be shown: it may echo the password
        shown = await _body_start(reply, ask.login.tell if ask.login else self.hide)
        error = classify(status, response.headers, shown, url=str(response.url), allowed=ask.allowed)
        if isinstance(error, RateLimited):
            await self._pace.slow_down(reply.left, error.retry_after)
        if error is not None:
            raise error


async def _closed(response: httpx.Response) -> None:
    # shielded: a cancelled load must give its connection back too
    with anyio.move_on_after(_CLOSING_SECONDS, shield=True), suppress(*FOREIGN):
        await response.aclose()


async def _drain(reply: _Reply, decoder: DocumentDecoder) -> None:
    wire = reply.wire(decoder)
    while (chunk := await wire.read()) is not None:
        decoder.feed(chunk)


def _refuse_kept(response: httpx.Response) -> None:
    """A cache says how long it has kept an answer (RFC 9111, 5.1): what is old would pass for what is."""
    if age := parse_count(response.headers.get("age", "")):
        raise StaleAnswer(f"a cache on the way had kept this answer for {age:,} s", url=redact(str(response.url)))


async def _body_start(reply: _Reply, hide: Callable[[str], str]) -> str:
    response, body = reply.response, b""
    # the status is the error; its body only illustrates it, and may break or hang as it likes
    with anyio.move_on_after(min(_ERROR_BODY_SECONDS, reply.deadline.left())), suppress(*FOREIGN):
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) >= _ERROR_BODY_BYTES:
                break
    if response.headers.get("content-encoding", "").strip().lower() == "gzip":
        body = _gunzipped_start(body)
    return start_of(body, hide=hide)


def _gunzipped_start(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(body, _ERROR_BODY_BYTES)
    except zlib.error:
        return b""


def _show(grant: Grant, request: httpx.Request) -> None:
    """A key in a query goes to the wire alone: no URL that an error, a log or a trace could show ever holds it."""
    value = grant.value.get_secret_value()
    if grant.place is Place.HEADER:
        request.headers[grant.name] = value
        return
    request.extensions["target"] = request.url.copy_set_param(grant.name, value).raw_path
    request.url = request.url.copy_remove_param(grant.name)


def _revealed(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _origin(url: str) -> Origin:
    origin = origin_of(url)
    if origin is None:
        raise OriginRefused("a server is named by an http or https URL", url=redact(url))
    return origin

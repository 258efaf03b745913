"""Speak to the services of a registry: find each once, at its first use, and show one token to all of them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import anyio
from anyio.abc import TaskGroup
from pydantic import SecretStr

from focus_assets.client.asking import HttpSettings, Request, Timeouts
from focus_assets.client.auth import ClientCredentials, Grant, NoAuth, Post
from focus_assets.client.clock import Clock, SystemClock
from focus_assets.client.correlation import HEADER, correlate, correlating
from focus_assets.client.decode import Subject
from focus_assets.client.discovery.catalog import (
    Descriptor,
    Malformed,
    Resource,
    Service,
    read_descriptor,
    read_registry,
)
from focus_assets.client.discovery.listing import Listing, Page, first_url, read_page
from focus_assets.client.discovery.quick import read_decoded
from focus_assets.client.discovery.reach import refusal
from focus_assets.client.document import read_document
from focus_assets.client.http import ApiClient
from focus_assets.client.pace import Pace, SlidingPace
from focus_assets.client.protocol import join, redact
from focus_assets.client.retry import Repeater, RetryPolicy, unheard
from focus_assets.model.errors import (
    ApiError,
    AuthenticationFailed,
    ClientNotEntered,
    NotFound,
    OriginRefused,
    RateLimited,
    ResourceDiscoveryFailed,
    ServiceDiscoveryFailed,
    ServiceNotFound,
    TokenFailed,
)
from focus_assets.model.purse import Purse

T = TypeVar("T")
Read: TypeAlias = Callable[[bytes, Subject], T]

CONTENT_TYPE = "application/vnd.piksel+json"
_IDENTITY = "identity"
_TOKENS = 4  # for one request: the first, and three renewals
_POLICY = RetryPolicy(attempts=8, total=120.0)


@dataclass(frozen=True, slots=True)
class Start:
    """Where discovery begins, and who asks.

    `origins` are the servers that the registry may name besides its own; without them see `refusal`.
    """

    registry_url: str
    client_id: str
    client_secret: SecretStr
    owner: str | None = None
    origins: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Tools:
    """What the engine uses of the world; `connections` bounds what is asked at once of one service."""

    clock: Clock = field(default_factory=SystemClock)
    chance: random.Random = field(default_factory=random.Random)
    policy: RetryPolicy = _POLICY
    timeouts: Timeouts = field(default_factory=Timeouts)
    pace: Pace | None = None
    connections: int = 16
    document_bytes: int = 64 * 1024 * 1024
    transport: Any = None
    heard: Callable[[ApiError, int, float], None] = unheard
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex
    purse: Purse = field(default_factory=Purse)


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask of a service; without `owner` and `token` neither is shown. `repeats` says whether it may be sent
    again when nobody knows what became of it.
    """

    url: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    owner: bool = True
    token: bool = True
    repeats: bool = True


class Discovery:
    """An async context manager; belongs to the event loop that entered it."""

    def __init__(self, start: Start, tools: Tools | None = None) -> None:
        self.owner = start.owner
        self._start, self._tools = start, tools or Tools()
        self._pace = self._tools.pace or SlidingPace(self._tools.clock)
        knobs = self._tools
        self._repeat = Repeater(knobs.policy, knobs.clock, knobs.chance, on_retry=knobs.heard)
        self._services: Mapping[str, Service] = {}
        self._descriptors: dict[str, Descriptor] = {}
        self._describing: dict[str, anyio.Lock] = {}
        self._clients: dict[str, ApiClient] = {}
        self._stack: AsyncExitStack | None = None
        self._group: TaskGroup
        self._token: _Token

    async def __aenter__(self) -> Self:
        """Asks the registry; raises ServiceDiscoveryFailed."""
        await self.start()
        self._group = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.cancel_scope.cancel()
        await self._group.__aexit__(None, None, None)  # not told of the error, which it would wrap
        await self.close()

    async def start(self) -> None:
        """Ask the registry, once; all but a listing works from then on. Raises ServiceDiscoveryFailed."""
        if self._stack is not None:
            return
        self._stack = AsyncExitStack()
        try:
            await self._discover()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Give all connections back."""
        stack, self._stack, self._clients = self._stack, None, {}
        if stack is not None:
            await stack.aclose()

    @property
    def services(self) -> Mapping[str, Service]:
        """What the registry has, by names in Python; raises ClientNotEntered."""
        self._entered()
        return self._services

    @property
    def known(self) -> tuple[str, ...]:
        """The names in Python of the services that are known by now."""
        return tuple(self._services)

    def service(self, name: str) -> Service:
        """Raises ServiceNotFound, ClientNotEntered."""
        if name not in self.services:
            raise ServiceNotFound(name, self.services)
        return self._services[name]

    def described(self, name: str) -> Descriptor | None:
        """What is known of a service already, without asking it."""
        return self._descriptors.get(name)

    async def descriptor(self, name: str) -> Descriptor:
        """A service's resources, asked for at its first use and then once for all; raises ResourceDiscoveryFailed."""
        service = self.service(name)
        async with self._describing.setdefault(name, anyio.Lock()):
            if name not in self._descriptors:
                self._descriptors[name] = await self._describe(service)
        return self._descriptors[name]

    async def set_owner(self, owner: str | None) -> None:
        """Speak for another owner from now on, with the services that the registry has for it."""
        self._entered()
        before, self.owner = self.owner, owner
        try:
            await self._discover()
        except BaseException:
            self.owner = before
            raise
        self._descriptors = {}

    async def call(self, service: Service, call: Call) -> Any:
        """What a service answers, as JSON; None for an empty answer. Raises ApiError with its correlation id."""
        return await self._sent(await self.client(service), self._request(call), _perhaps, repeats=call.repeats)

    async def delete(self, service: Service, call: Call) -> None:
        """Like `call`; what is gone at a further attempt was deleted by the one before, whose answer was lost."""
        request, client, attempts = self._request(call), await self.client(service), 0

        async def once() -> None:
            nonlocal attempts
            attempts += 1
            try:
                await client.write(request)
            except NotFound:
                if attempts == 1:
                    raise

        await self._told(request, lambda: self._repeat(once))

    def listing(self, service: Service, resource: Resource, call: Call, *, decoded: bool = False) -> Listing:
        """The pages of a collection, the moments and spans in them decoded or not; raises ClientNotEntered."""
        self._entered()
        url = first_url(resource.url, self._params(call))
        read = partial(read_decoded, resource.key) if decoded else read_document

        async def fetch(url: str) -> Page:
            request = self._request(replace(call, url=url, params={}, owner=False))
            understand = partial(read_page, key=resource.key, url=url, location=service.location)
            return await self._sent(await self.client(service), request, _document(understand, read))

        return Listing(resource, url, fetch, self._group)

    def _request(self, call: Call) -> Request:
        headers = {"content-type": CONTENT_TYPE, HEADER: self._tools.new_id(), **_lowered(call.headers)}
        return Request(call.url, call.method, self._params(call), call.json, headers, anonymous=not call.token)

    def _params(self, call: Call) -> dict[str, str]:
        owner = {"owner": self.owner} if call.owner and self.owner else {}
        return {**owner, **call.params}

    async def _sent(self, client: ApiClient, request: Request, understood: Read[T], *, repeats: bool = True) -> T:
        send = client.body if request.method == "GET" else client.write

        async def once() -> T | ApiError:
            try:
                return understood((await send(request)).data, Subject(asked=request.url, hide=client.hide))
            except RateLimited:  # which says that it was not done
                raise
            except ApiError as error:
                if repeats:
                    raise
                return error

        found = await self._told(request, lambda: self._repeat(once))
        if isinstance(found, ApiError):
            raise found
        return found

    async def _told(self, request: Request, operation: Callable[[], Awaitable[T]]) -> T:
        with correlating(request.headers[HEADER]):
            return await operation()

    async def _discover(self) -> None:
        url = f"{join(self._start.registry_url, 'services', self.owner or 'root')}/"
        try:
            async with self._made((self._start.registry_url,), NoAuth()) as client:
                request = self._request(Call(url, owner=False, token=False))
                found = await self._sent(client, request, _document(read_registry))
            for service in found.values():
                self._check_reach(service)
        except OriginRefused as error:
            raise _translated(ServiceDiscoveryFailed, "the registry is not followed", error) from error
        except ApiError as error:
            raise _translated(ServiceDiscoveryFailed, "the registry did not answer", error) from error
        except Malformed as error:
            raise ServiceDiscoveryFailed(f"the registry cannot be read: {error}", url=redact(url)) from error
        self._services, self._clients = found, {}
        self._token = _Token(self._credentials(found), self._repeat)

    def _check_reach(self, service: Service) -> None:
        why = refusal(service.location, self._start.registry_url, self._start.origins)
        if why is not None:
            problem = f"it may not lead to {service.name!r}: {why}; `origins` names the servers that it may lead to"
            raise OriginRefused(problem, url=redact(service.location))

    def _credentials(self, services: Mapping[str, Service]) -> ClientCredentials | None:
        identity = services.get(_IDENTITY)
        if identity is None:
            return None
        url = f"{join(identity.location, 'oauth', 'token')}/"
        return ClientCredentials(url, self._start.client_id, self._start.client_secret, clock=self._tools.clock)

    async def _describe(self, service: Service) -> Descriptor:
        url = f"{join(service.location, 'descriptor', 'raw')}/"
        try:
            read = partial(read_descriptor, service=service)
            return await self._sent(await self.client(service), self._request(Call(url, owner=False)), _document(read))
        except (TokenFailed, AuthenticationFailed):
            raise
        except ApiError as error:
            problem = f"the descriptor of {service.name!r} could not be had"
            raise _translated(ResourceDiscoveryFailed, problem, error) from error
        except Malformed as error:
            problem = f"the descriptor of {service.name!r} cannot be read: {error}"
            raise ResourceDiscoveryFailed(problem, url=redact(url)) from error

    async def client(self, service: Service) -> ApiClient:
        """One for each service: what is asked of it goes nowhere else, wherever its links lead."""
        stack = self._entered()
        if service.location not in self._clients:
            client = self._made((service.location,), self._token)
            self._clients[service.location] = client
            await stack.enter_async_context(client)
        return self._clients[service.location]

    def _made(self, origins: tuple[str, ...], auth: NoAuth | _Token) -> ApiClient:
        tools = self._tools
        settings = HttpSettings(
            origins,
            login_origins=auth.origins if isinstance(auth, _Token) else (),
            timeouts=tools.timeouts,
            document_bytes=tools.document_bytes,
            connections=tools.connections,
            own_grants=_TOKENS,
            new_id=tools.new_id,
            purse=tools.purse,
        )
        return ApiClient(
            settings, auth, pace=self._pace, repeat=self._repeat, clock=tools.clock, transport=tools.transport
        )

    def _entered(self) -> AsyncExitStack:
        if self._stack is None:
            raise ClientNotEntered("a discovery client")
        return self._stack


class _Token:
    """The credentials that the registry's identity service wants; its failures have a name of their own."""

    def __init__(self, credentials: ClientCredentials | None, repeat: Repeater) -> None:
        self._credentials, self._repeat = credentials, repeat

    @property
    def origins(self) -> tuple[str, ...]:
        return (self._credentials.token_url,) if self._credentials else ()

    async def grant(self, post: Post, refused: Grant | None = None) -> Grant:
        credentials = self._credentials
        if credentials is None:
            raise TokenFailed(f"the registry has no service {_IDENTITY!r} that could issue a token")
        try:
            return await self._repeat(lambda: credentials.grant(post, refused))
        except ApiError as error:
            raise _translated(TokenFailed, "no token was issued", error) from error

    def failure(self, url: str) -> AuthenticationFailed:
        return (self._credentials or NoAuth()).failure(url)

    def hide(self, text: str) -> str:
        return self._credentials.hide(text) if self._credentials else text


def _translated(kind: Callable[..., ApiError], problem: str, error: ApiError) -> ApiError:
    found = kind(f"{problem}: {error.problem}", url=error.url, status=error.status, body_start=error.body_start)
    return correlate(found, error.correlation_id)


def _perhaps(body: bytes, subject: Subject) -> Any:
    return read_document(body, subject) if body.strip() else None


def _document(understood: Callable[[Any], T], read: Read[Any] = read_document) -> Read[T]:
    return lambda body, subject: understood(read(body, subject))


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

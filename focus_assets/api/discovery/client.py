"""Give the services of a registry by attribute."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from pydantic import SecretStr

from focus_assets.api.discovery.options import DiscoveryOptions
from focus_assets.api.discovery.service import Service
from focus_assets.client import redact
from focus_assets.client.discovery import Discovery, Start


class DiscoveryClient:
    """The services that a registry publishes, and one token for all of them.

    >>> client = DiscoveryClient(registry_url="https://registry.example.org", client_id="me", client_secret="…")
    >>> client
    DiscoveryClient('https://registry.example.org')

    `async with` asks the registry; a service is asked for its descriptor at its first use. With an `owner`, the
    registry is asked for the owner's services, and the owner goes with every call. `origins` are the only servers that
    the registry may name besides its own; without them its own host, and from https to https any host with a name.
    """

    def __init__(
        self,
        *,
        registry_url: str,
        client_id: str,
        client_secret: str | SecretStr,
        owner: str | None = None,
        **more: Any,
    ) -> None:
        """`more`: `origins`, a tuple of URLs, and `options`, a DiscoveryOptions."""
        secret = client_secret if isinstance(client_secret, SecretStr) else SecretStr(client_secret)
        options: DiscoveryOptions = more.pop("options", DiscoveryOptions())
        self._start = Start(registry_url.rstrip("/"), client_id, secret, owner, **more)
        self._engine = Discovery(self._start, options.tools())
        self._decode = options.decode

    def __repr__(self) -> str:
        return f"{type(self).__name__}({redact(self._start.registry_url)!r})"

    async def __aenter__(self) -> Self:
        """Raises ServiceDiscoveryFailed."""
        await self._engine.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.__aexit__(kind, error, trace)

    def __getattr__(self, name: str) -> Service:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Service:
        """Raises ServiceNotFound, ClientNotEntered."""
        self._engine.service(name)
        return Service(self._engine, name, decode=self._decode)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self._engine.known]

    def services(self) -> tuple[str, ...]:
        """The names in Python of what the registry has; raises ClientNotEntered."""
        return tuple(self._engine.services)

    async def resources(self, service: str) -> tuple[str, ...]:
        """The names in Python of what a service has; raises ServiceNotFound, ResourceDiscoveryFailed."""
        return tuple((await self._engine.descriptor(service)).resources)

    @property
    def owner(self) -> str | None:
        """For whom it speaks."""
        return self._engine.owner

    async def set_owner(self, owner: str | None) -> None:
        """Speak for another owner from now on, with the services that the registry has for it."""
        await self._engine.set_owner(owner)

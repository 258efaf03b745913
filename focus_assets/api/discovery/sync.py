"""The same words for scripts that await nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

from focus_assets.api.discovery.client import DiscoveryClient
from focus_assets.api.discovery.resource import Resource
from focus_assets.api.discovery.service import Service
from focus_assets.api.portal import Portal


class SyncResource:
    """A collection of a service; see `Resource` for its words."""

    def __init__(self, resource: Resource, portal: Portal) -> None:
        self._resource, self._portal = resource, portal

    def __repr__(self) -> str:
        return repr(self._resource)

    def create(self, json: Mapping[str, Any], *, idempotency_key: str | None = None, **extra: Any) -> Any:
        """Add an item; the item as the service keeps it."""
        return self._portal.call(partial(self._resource.create, json, idempotency_key=idempotency_key, **extra))

    def retrieve(self, pk: str, **extra: Any) -> Any:
        """One item."""
        return self._portal.call(partial(self._resource.retrieve, pk, **extra))

    def update(self, pk: str, json: Mapping[str, Any], *, if_match: str | None = None, **extra: Any) -> Any:
        """Replace an item."""
        return self._portal.call(partial(self._resource.update, pk, json, if_match=if_match, **extra))

    def delete(self, pk: str, **extra: Any) -> None:
        """Remove an item."""
        self._portal.call(partial(self._resource.delete, pk, **extra))

    def list(self, **extra: Any) -> Iterator[Any]:
        """All items, page by page."""
        pages = self._resource.pages(**extra)
        while (page := self._portal.call(partial(_next, pages))) is not None:
            yield from page


async def _next(pages: Any) -> list[Any] | None:
    return await anext(pages, None)


class SyncService:
    """A service; see `Service`."""

    def __init__(self, service: Service, portal: Portal) -> None:
        self._service, self._portal = service, portal

    def __repr__(self) -> str:
        return repr(self._service)

    def __getattr__(self, name: str) -> SyncResource:
        return SyncResource(getattr(self._service, name), self._portal)

    def __getitem__(self, name: str) -> SyncResource:
        return SyncResource(self._service[name], self._portal)

    def __dir__(self) -> Iterable[str]:
        return dir(self._service)

    def custom(self, path: str, method: str = "GET", *, json: object = None, **extra: Any) -> Any:
        """What an endpoint below the service's location answers."""
        return self._portal.call(partial(self._service.custom, path, method, json=json, **extra))


class SyncDiscoveryClient:
    """A DiscoveryClient, with its arguments, whose calls wait for their answers; works where a loop runs too."""

    def __init__(self, **start: Any) -> None:
        self._client, self._portal, self._stack = DiscoveryClient(**start), Portal(), ExitStack()

    def __repr__(self) -> str:
        return f"Sync{self._client!r}"

    def __enter__(self) -> Self:
        """Raises ServiceDiscoveryFailed."""
        try:
            self._stack.enter_context(self._portal.enter(self._client))
        except BaseException:
            self._portal.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._portal.close()

    def __getattr__(self, name: str) -> SyncService:
        return SyncService(getattr(self._client, name), self._portal)

    def __getitem__(self, name: str) -> SyncService:
        return SyncService(self._client[name], self._portal)

    def __dir__(self) -> Iterable[str]:
        return dir(self._client)

    def services(self) -> tuple[str, ...]:
        """The names in Python of what the registry has."""
        return self._client.services()

    def resources(self, service: str) -> tuple[str, ...]:
        """The names in Python of what a service has."""
        return self._portal.call(partial(self._client.resources, service))

    @property
    def owner(self) -> str | None:
        """For whom it speaks."""
        return self._client.owner

    def set_owner(self, owner: str | None) -> None:
        """Speak for another owner from now on."""
        self._portal.call(partial(self._client.set_owner, owner))

"""Mirror the collections that a registry's services have, each as a plain REST resource that nobody had to describe."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import anyio

from focus_assets.client.discovery import Discovery, Resource, Service
from focus_assets.config import BadRows, DiscoveredSource, RestSource
from focus_assets.config.discovered import table_of
from focus_assets.model.errors import InvalidSchema, UnknownResource
from focus_assets.model.feed import Feed
from focus_assets.model.names import python_name
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.state import State
from focus_assets.sources.rest.asking import ask_for
from focus_assets.sources.rest.glimpse import Glimpse
from focus_assets.sources.rest.rows import RecordDecoder
from focus_assets.sources.rest.source import CLOCKS_APART_SECONDS, Frozen, RestApi
from focus_assets.sources.source import Lines, Terms

T = TypeVar("T")
IDENTITY = "identity"  # which issues tokens and keeps nothing


@dataclass(frozen=True, slots=True)
class Found:
    """A collection, and the service that has it."""

    service: Service
    resource: Resource


class DiscoveredApi:
    """One registry; it is asked when something is needed of it, and each service then."""

    def __init__(
        self, name: str, settings: DiscoveredSource, engine: Discovery, *, frozen: Frozen, home: Path | None = None
    ) -> None:
        self.name = self.service = name
        self._settings, self._engine, self._home = settings, engine, home
        self._frozen = _OneAtATime(frozen)
        self._asking = anyio.Lock()
        self._found: dict[str, Found] | None = None
        self._apis: dict[str, RestApi] = {}

    def terms(self, resource: str) -> Terms:
        """The knobs of its entry in the configuration, the same for all resources."""
        settings, how = self._settings, self._settings.incremental
        return Terms(
            overlap_seconds=how.overlap_seconds if how else CLOCKS_APART_SECONDS,
            full_every=timedelta(days=settings.full_every_days) if settings.full_every_days else None,
            heals_per_day=settings.heals_per_day,
            quarantine=settings.bad_rows is BadRows.QUARANTINE,
            has_deltas=how is not None,
        )

    def scope(self, ref: PartitionRef) -> str:
        """The registry, the owner, and how items are asked for."""
        entry = self._settings.model_dump_json(include={"base_url", "owner", "params", "primary_key", "incremental"})
        return "\n".join((ref.resource, entry))

    async def resources(self) -> list[str]:
        """What the services have of what is configured."""
        return list(await self._all())

    async def schemas(self, *, fresh: bool = False) -> dict[str, ResourceSchema]:
        """Every resource's schema; `fresh` infers them again from all there is."""
        return {name: await self.schema(name, fresh=fresh) for name in await self._all()}

    async def schema(self, resource: str, *, fresh: bool = False) -> ResourceSchema:
        """As frozen, else inferred and frozen; `fresh` infers it again and freezes nothing."""
        api = await self._api(resource)
        return (await api.schemas(fresh=True))[resource] if fresh else await api.schema(resource)

    async def state(self, ref: PartitionRef, since: str | None) -> State:
        """The number of items where a listing tells it."""
        return await (await self._api(ref.resource)).state(ref, since)

    @asynccontextmanager
    async def stream(self, ref: PartitionRef, feed: Feed, since: str | None) -> AsyncIterator[Lines]:
        """All pages of everything or of what changed; nothing tells what was deleted."""
        async with (await self._api(ref.resource)).stream(ref, feed, since) as lines:
            yield lines

    def decoder(
        self, ref: PartitionRef, schema: ResourceSchema, feed: Feed, *, not_beyond: int | None, packed: bool = False
    ) -> RecordDecoder:
        """Exact typed rows, or a named error; for a resource whose schema or state was asked for."""
        return self._apis[ref.resource].decoder(ref, schema, feed, not_beyond=not_beyond, packed=packed)

    async def repeat(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Once: pages are asked for again one by one, and not all of them because of one."""
        return await operation()

    async def glimpse(self, resource: str, partition: str) -> Glimpse:
        """The first page of a resource, asked for once and not yet judged. Raises ApiError."""
        return await (await self._api(resource)).glimpse(resource, partition)

    async def _api(self, name: str) -> RestApi:
        found = await self._all()
        if name not in found:
            raise UnknownResource(name, found)
        if name not in self._apis:
            client = await self._engine.client(found[name].service)
            described = _described(name, found[name], self._settings, self._engine.owner)
            api = _MayCount(self.name, described, client, frozen=self._frozen, home=self._home)
            self._apis.setdefault(name, api)
        return self._apis[name]

    async def _all(self) -> dict[str, Found]:
        async with self._asking:
            if self._found is None:
                await self._engine.start()
                self._found = await self._discover()
        return self._found

    async def _discover(self) -> dict[str, Found]:
        there: dict[str, Found] = {}
        async for one in self._collections():
            table = table_of(one.service.name, one.resource.name)
            if table in there:
                raise InvalidSchema(f"two collections would be the table {table!r}; leave one of their services out")
            there[table] = one
        configured = self._settings.resources
        for table in () if configured == "all" else configured:
            if table not in there:
                raise UnknownResource(table, there)
        return {table: one for table, one in there.items() if self._settings.wants(one.service.name, one.resource.name)}

    async def _collections(self) -> AsyncIterator[Found]:
        """Of the services that something is wanted of."""
        for name in self._services():
            for resource in (await self._engine.descriptor(name)).resources.values():
                yield Found(self._engine.service(name), resource)

    def _services(self) -> list[str]:
        chosen = self._settings.services
        if chosen == "all":
            return [name for name in self._engine.services if name != IDENTITY]
        return [python_name(self._engine.service(python_name(name)).name) for name in chosen]


class _MayCount(RestApi):
    """A collection whose listing may tell how many items there are, or not."""

    async def state(self, ref: PartitionRef, since: str | None) -> State:
        resource = self._resource(ref.resource)
        came = await self._pages.walk(resource).first(ask_for(self._settings.base_url, resource, ref.partition))
        return State(came.page.total, server_time=came.server_time)


class _OneAtATime:
    """Schemas that several resources add at once to one file."""

    def __init__(self, frozen: Frozen) -> None:
        self._frozen, self._guard = frozen, threading.Lock()

    def read(self) -> Mapping[str, ResourceSchema]:
        return self._frozen.read()

    def keep(self, schema: ResourceSchema) -> None:
        with self._guard:
            self._frozen.keep(schema)


def _described(name: str, found: Found, settings: DiscoveredSource, owner: str | None) -> RestSource:
    """What somebody would have had to write for a source of the kind rest."""
    location = found.service.location
    shown = {"owner": owner} if owner else {}
    how = settings.incremental
    resource = {
        "path": found.resource.url.removeprefix(location),
        "params": {**shown, **settings.params, "continue": "true"},
        "records": f'"{found.resource.key}"',
        "primary_key": settings.primary_key,
        "pagination": {"kind": "next_link", "at": "meta.continue || meta.next", "keep_params": True},
        "total": "meta.totalCount",
        "incremental": how.model_dump() if how else None,
    }
    knobs = settings.model_dump(include={"full_every_days", "heals_per_day", "max_body_bytes"})
    source = {"kind": "rest", "base_url": location, "resources": {name: resource}, "bad_rows": settings.bad_rows}
    return RestSource.model_validate({**source, **knobs})

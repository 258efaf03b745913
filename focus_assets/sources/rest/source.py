"""Speak to a plain REST API as focus.yaml describes it: everything, what changed, how many records there are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import anyio
from anyio.to_thread import run_sync as in_thread

from focus_assets.client.errand import errands
from focus_assets.client.http import ApiClient
from focus_assets.config import BadRows, RestResource, RestSource
from focus_assets.config.rest import CountEndpoint
from focus_assets.config.transform import steps_of
from focus_assets.model.errors import UnknownResource
from focus_assets.model.feed import Block, Feed, Page
from focus_assets.model.marks import Marks
from focus_assets.model.mode import Mode
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.state import State
from focus_assets.sources.rest.answers import read_count
from focus_assets.sources.rest.asking import ask_for, count_request, request_of
from focus_assets.sources.rest.glimpse import Glimpse
from focus_assets.sources.rest.inference import Inference
from focus_assets.sources.rest.pages import count_at, pages_of
from focus_assets.sources.rest.reading import PageReader
from focus_assets.sources.rest.rows import RecordDecoder, Recorder, prepared
from focus_assets.sources.rest.schemas import inferred, known
from focus_assets.sources.rest.walk import Came
from focus_assets.sources.source import Lines, Terms
from focus_assets.transform import Transform, pipeline

T = TypeVar("T")
CLOCKS_APART_SECONDS = 300  # what two servers of one API may differ by
_OF_NO_MATTER = {"columns", "error", "pagination"}  # for which rows there are


class Frozen(Protocol):
    """Where inferred schemas are kept."""

    def read(self) -> Mapping[str, ResourceSchema]:
        """Those that are there; raises InvalidSchema."""

    def keep(self, schema: ResourceSchema) -> None:
        """Add or replace one."""


class RestApi:
    """One API; open it once for all of its resources and partitions."""

    def __init__(
        self, name: str, settings: RestSource, client: ApiClient, *, frozen: Frozen, home: Path | None = None
    ) -> None:
        """`home` is where the modules of the user's own functions lie."""
        self.name = self.service = name
        self._settings, self._client, self._frozen, self._home = settings, client, frozen, home
        self._pages = PageReader(client, settings.pages_at_once)
        self._transforms: dict[str, Transform] = {}
        self._inferring = {resource: anyio.Lock() for resource in settings.resources}
        self._keeping = anyio.Lock()

    def terms(self, resource: str) -> Terms:
        """The knobs of a resource's entry in the configuration; what is only appended to is never due as a whole."""
        settings, found = self._settings, self._resource(resource)
        days = None if found.mode is Mode.APPEND else settings.full_every_days
        return Terms(
            overlap_seconds=found.incremental.overlap_seconds if found.incremental else CLOCKS_APART_SECONDS,
            full_every=timedelta(days=days) if days else None,
            heals_per_day=settings.heals_per_day,
            compare_total=found.total is not None,
            quarantine=settings.bad_rows is BadRows.QUARANTINE,
            has_deltas=found.incremental is not None,
            mode=found.mode,
            marks=Marks.NUMBERS if found.incremental and found.incremental.format == "number" else Marks.TIMES,
        )

    async def resources(self) -> list[str]:
        """Those of the configuration."""
        return list(self._settings.resources)

    def scope(self, ref: PartitionRef) -> str:
        """All of the resource's entry, and the address."""
        entry = self._resource(ref.resource).model_dump_json(exclude=_OF_NO_MATTER)
        return "\n".join((self._settings.base_url, ref.resource, ref.partition, entry))

    async def schemas(self, *, fresh: bool = False) -> dict[str, ResourceSchema]:
        """Every resource's schema; `fresh` infers those again whose columns are not declared, from all there is."""
        if fresh:
            stored = known(self._settings, {})
            return {name: stored.get(name) or await self._infer(name) for name in self._settings.resources}
        return {name: await self.schema(name) for name in self._settings.resources}

    async def schema(self, resource: str, *, fresh: bool = False) -> ResourceSchema:
        """As declared, else as frozen; inferred and frozen where it is neither. A frozen one stays as it is."""
        self._resource(resource)
        async with self._inferring[resource]:
            stored = known(self._settings, await in_thread(self._frozen.read))
            if resource not in stored:
                stored[resource] = await self._infer(resource)
                async with self._keeping:
                    await in_thread(self._frozen.keep, stored[resource])
        return stored[resource]

    async def state(self, ref: PartitionRef, since: str | None) -> State:
        """The total, from a page or a request of its own; without one nobody is asked."""
        resource = self._resource(ref.resource)
        match resource.total:
            case None:
                return State(None)
            case CountEndpoint() as endpoint:
                return await self._client.repeat(partial(self._count, endpoint, ref.partition))
            case where:
                walk = self._pages.walk(resource)
                came = await walk.first(ask_for(self._settings.base_url, resource, ref.partition))
                return State(count_at(came.page, where), server_time=came.server_time)

    @asynccontextmanager
    async def stream(self, ref: PartitionRef, feed: Feed, since: str | None) -> AsyncIterator[Lines]:
        """All pages of everything (`full`) or of what changed (`updated`); nothing tells what was deleted."""
        if feed not in (Feed.FULL, Feed.UPDATED):
            yield _Pages(None, _none())
            return
        resource = self._resource(ref.resource)
        asked = None if feed is Feed.FULL else since
        async with errands() as group:
            walk = self._pages.walk(resource, check=asked is None)
            first = await walk.first(ask_for(self._settings.base_url, resource, ref.partition, asked))
            async with aclosing(_blocks(first, walk.rest(first, group))) as blocks:
                yield _Pages(first.server_time, blocks)

    def decoder(
        self, ref: PartitionRef, schema: ResourceSchema, feed: Feed, *, not_beyond: int | None, packed: bool = False
    ) -> RecordDecoder:
        """Exact typed rows, or a named error."""
        recorder = self._recorder(ref.resource, ref.partition)
        quarantine = self._settings.bad_rows is BadRows.QUARANTINE
        return RecordDecoder(schema, recorder, not_beyond=not_beyond, quarantine=quarantine, hide=self._client.hide)

    async def repeat(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Once: pages are asked for again one by one, and not all of them because of one."""
        return await operation()

    async def glimpse(self, resource: str, partition: str) -> Glimpse:
        """The first page, asked for once and not yet judged, and the count where it is a request of its own.

        Raises ApiError.
        """
        found, client = self._resource(resource), self._client
        stored = known(self._settings, await in_thread(self._frozen.read))
        ask = pages_of(found.pagination).first(ask_for(self._settings.base_url, found, partition))
        body = await client.body(request_of(ask, found.method.value))
        total = None
        if isinstance(found.total, CountEndpoint):
            total = (await self._count(found.total, partition)).total_items
        return Glimpse(
            resource, self._recorder(resource, partition), ask, body, stored.get(resource), client.hide, total
        )

    def _resource(self, name: str) -> RestResource:
        if name not in self._settings.resources:
            raise UnknownResource(name, self._settings.resources)
        return self._settings.resources[name]

    def _transform(self, resource: str) -> Transform:
        if resource not in self._transforms:
            self._transforms[resource] = pipeline(steps_of(self._resource(resource).transform, self._home))
        return self._transforms[resource]

    def _recorder(self, resource: str, partition: str) -> Recorder:
        return Recorder(self._resource(resource), partition, self._transform(resource))

    async def _count(self, endpoint: CountEndpoint, partition: str) -> State:
        request = count_request(self._settings.base_url, endpoint, partition)
        body = await self._client.body(request)
        count = read_count(body.data, endpoint.at, url=request.url, hide=self._client.hide)
        return State(count, server_time=body.server_time)

    async def _infer(self, name: str) -> ResourceSchema:
        """From every record of every partition."""
        resource, records = self._resource(name), 0
        types = {**self._transform(name).types, **resource.types}
        inference = Inference(types, texts=resource.format.has_texts_alone)
        for identifier in self._settings.partitions_of(name):
            ref = PartitionRef(self.name, self.service, name, identifier)
            recorder = self._recorder(name, identifier)
            async with self.stream(ref, Feed.FULL, None) as pages:
                async for page in pages:
                    assert isinstance(page, Page)
                    records += await in_thread(self._observe, inference, recorder, page)
        return inferred(name, resource, inference, records=records)

    def _observe(self, inference: Inference, recorder: Recorder, page: Page) -> int:
        found = list(prepared(recorder, page, quarantine=self._settings.bad_rows is BadRows.QUARANTINE))
        for record in found:
            inference.add(record)
        return len(found)


@dataclass(frozen=True, slots=True)
class _Pages:
    """The blocks of a walk."""

    server_time: datetime | None
    blocks: AsyncIterator[Block]
    total_lines: int | None = None

    def __aiter__(self) -> AsyncIterator[Block]:
        return self.blocks


async def _blocks(first: Came, rest: AsyncIterator[Came]) -> AsyncGenerator[Block, None]:
    yield _block(first, 0)
    held = len(first.page.records)
    async for came in rest:
        yield _block(came, held)
        held += len(came.page.records)


def _block(came: Came, before: int) -> Page:
    return Page(came.body, before + 1, 0, records=came.page.records)


async def _none() -> AsyncGenerator[Block, None]:
    return
    yield  # which makes it a generator

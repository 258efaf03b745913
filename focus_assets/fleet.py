"""Mirror many partitions in one process: each source opened once, so many at a time, none failing the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import anyio

from focus_assets.client.retry import unheard
from focus_assets.config import Config
from focus_assets.database.open import Database
from focus_assets.database.threads import in_thread
from focus_assets.history.errors import Keeping
from focus_assets.history.log import ErrorLog
from focus_assets.load.ledger import entries
from focus_assets.mirror import mirror
from focus_assets.model.errors import ApiError, UnknownPartition, UnknownResource
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.purse import Purse
from focus_assets.model.wish import AS_PLANNED, Wish
from focus_assets.run import Tools
from focus_assets.sources.open import Heard, open_source
from focus_assets.sources.source import Source

T = TypeVar("T")


def untold(outcome: Outcome) -> None:
    """Nobody wants to hear of it."""
    del outcome


@dataclass(frozen=True, slots=True)
class Fleet:
    """The open sources of a configuration, its destination, and how many partitions to work on at once."""

    config: Config
    database: Database
    sources: dict[str, Source]

    async def refs(self, *, resources: Sequence[str] = (), countries: Sequence[str] = ()) -> list[PartitionRef]:
        """The partitions of these resources and countries (none named: all), asked of the servers' schemas.

        A resource may be named as `resource` or `source/resource`. Raises UnknownResource, UnknownPartition, ApiError.
        """
        every = [ref for name in self.sources for ref in await self._refs_of(name)]
        _insist(resources, {ref.resource for ref in every} | {_long(ref) for ref in every}, UnknownResource)
        _insist(countries, {ref.partition for ref in every}, UnknownPartition)
        return [
            ref
            for ref in every
            if (not resources or ref.resource in resources or _long(ref) in resources)
            and (not countries or ref.partition in countries)
        ]

    async def mirror(
        self,
        refs: Sequence[PartitionRef],
        *,
        wish: Wish = AS_PLANNED,
        tools: Tools | None = None,
        told: Callable[[Outcome], None] = untold,
        purse: Purse | None = None,
    ) -> list[Outcome]:
        """Every partition's outcome, in the order of `refs`; `told` hears each as it ends.

        Once the `purse` is empty no further one is begun: those have no outcome.
        """
        tools, purse = replace(tools or Tools(), keeping=keeping_of(self.config)), purse or Purse()

        async def one(ref: PartitionRef) -> Outcome | None:
            if purse.empty:
                return None
            outcome = await mirror(self.sources[ref.source], self.database, ref, wish=wish, tools=tools)
            told(outcome)
            return outcome

        with self.database.keeping():
            return [outcome for outcome in await self.each(refs, one) if outcome is not None]

    async def each(self, refs: Sequence[PartitionRef], work: Callable[[PartitionRef], Awaitable[T]]) -> list[T]:
        """Do something with every partition, so many at a time; results in the order of `refs`."""
        results: dict[PartitionRef, T] = {}
        limit = anyio.CapacityLimiter(self.config.concurrency.partitions)

        async def one(ref: PartitionRef) -> None:
            async with limit:
                results[ref] = await work(ref)

        async with anyio.create_task_group() as group:
            for ref in refs:
                group.start_soon(one, ref)
        return [results[ref] for ref in refs]

    async def _refs_of(self, name: str) -> list[PartitionRef]:
        source, settings = self.sources[name], self.config.source(name)
        try:
            resources = await source.resources()
        except ApiError:
            resources = await in_thread(self._known_resources, name)
            if not resources:
                raise
        return [
            PartitionRef(name, source.service, resource, partition)
            for resource in resources
            for partition in settings.partitions_of(resource)
        ]

    def _known_resources(self, name: str) -> list[str]:
        """Those that the ledger knows: a server that is down fails by partition, beside servers that are not."""
        return sorted({ref.resource for ref in entries(self.database) if ref.source == name})


@asynccontextmanager
async def open_fleet(
    config: Config, database: Database | None = None, *, heard: Heard = unheard, purse: Purse | None = None
) -> AsyncIterator[Fleet]:
    """Open every source of a configuration; no request is sent before one is needed.

    `heard` is told of retries, and the `purse` pays for what is asked.
    """
    async with AsyncExitStack() as stack:
        sources = {
            name: await stack.enter_async_context(open_source(name, config, heard=heard, purse=purse))
            for name in config.sources
        }
        yield Fleet(config, database or Database(config.destination), sources)


def keeping_of(config: Config) -> Keeping:
    """How a configuration keeps errors: in the destination, and in a file beside focus.yaml."""
    history = config.history
    log = ErrorLog(config.error_log, history.log_max_bytes, history.log_files) if history.log_files else None
    return Keeping(history.error_days, log)


def _long(ref: PartitionRef) -> str:
    return f"{ref.source}/{ref.resource}"


def _insist(names: Sequence[str], known: set[str], error: type[UnknownResource] | type[UnknownPartition]) -> None:
    for name in names:
        if name not in known:
            raise error(name, sorted(known))

"""Reach the asynchronous mirror from Dagster's synchronous bodies: one call, one fleet, many partitions."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio

from focus_assets.audit import Audit, audit
from focus_assets.config import Config, Retry, SourceSettings, Timeouts
from focus_assets.database.open import Database
from focus_assets.fleet import Fleet, open_fleet
from focus_assets.history.runs import given_up
from focus_assets.load.ledger import entries
from focus_assets.model.errors import FocusError
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.state import State
from focus_assets.run import Wish

T = TypeVar("T")
LOOKING_ATTEMPTS, LOOKING_SECONDS = 3, 20.0

Told = Callable[[Outcome], None]


def mirror_partitions(config: Config, refs: Sequence[PartitionRef], *, wish: Wish, told: Told) -> list[Outcome]:
    """Bring partitions up to date; a failed one's outcome carries its error."""

    async def work() -> list[Outcome]:
        async with open_fleet(config) as fleet:
            return await fleet.mirror(refs, wish=wish, told=told)

    return anyio.run(work)


def audit_partitions(config: Config, refs: Sequence[PartitionRef]) -> list[Audit | FocusError]:
    """Compare partitions with their servers, changing nothing; or why that could not be done."""

    async def one(fleet: Fleet, ref: PartitionRef) -> Audit:
        return await audit(fleet.sources[ref.source], fleet.database, ref)

    return _each(config, refs, one)


def read_states(config: Config, refs: Sequence[PartitionRef]) -> list[State | FocusError]:
    """What the servers say of partitions now."""

    async def one(fleet: Fleet, ref: PartitionRef) -> State:
        return await fleet.sources[ref.source].state(ref, None)

    return _each(config, refs, one)


def read_schemas(config: Config, sources: Sequence[str]) -> dict[str, dict[str, ResourceSchema] | FocusError]:
    """What the servers say of their resources."""

    async def work() -> dict[str, dict[str, ResourceSchema] | FocusError]:
        async with open_fleet(hurried(config)) as fleet:
            return {name: await _or_error(partial(fleet.sources[name].schemas, fresh=True)) for name in sources}

    return anyio.run(work)


def read_ledger(config: Config) -> dict[PartitionRef, LedgerEntry]:
    """Every partition's ledger entry; raises DatabaseError."""
    return entries(Database(config.destination))


def read_given_up(config: Config) -> set[tuple[str, str, str]]:
    """The partitions whose last run ended `diverged`."""
    return given_up(Database(config.destination))


def hurried(config: Config) -> Config:
    """The same, but for a look that somebody waits for: a server that is down is told so soon."""
    sources = {name: _hurried(settings) for name, settings in config.sources.items()}
    return config.model_copy(update={"sources": sources})


def _hurried(settings: SourceSettings) -> SourceSettings:
    retry, times = settings.retry, settings.timeouts
    quick = {
        "retry": Retry(
            attempts=min(retry.attempts, LOOKING_ATTEMPTS), budget_seconds=min(retry.budget_seconds, LOOKING_SECONDS)
        ),
        "timeouts": Timeouts(
            connect=min(times.connect, LOOKING_SECONDS),
            read=min(times.read, LOOKING_SECONDS),
            total=min(times.total, LOOKING_SECONDS),
        ),
    }
    return settings.model_copy(update=quick)


def _each(
    config: Config, refs: Sequence[PartitionRef], one: Callable[[Fleet, PartitionRef], Awaitable[T]]
) -> list[T | FocusError]:
    async def work() -> list[T | FocusError]:
        async with open_fleet(hurried(config)) as fleet:
            return await fleet.each(refs, lambda ref: _or_error(partial(one, fleet, ref)))

    return anyio.run(work)


async def _or_error(operation: Callable[[], Awaitable[T]]) -> T | FocusError:
    try:
        return await operation()
    except FocusError as error:
        return error

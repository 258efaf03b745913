"""Reach the asynchronous mirror from Dagster's synchronous bodies: one call, one fleet, many partitions.

What loads is imported where it is called: Dagster shows the code location without it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from focus_assets.config import Alerts, Config, Retry, SourceSettings, Timeouts
from focus_assets.model.audit import Audit
from focus_assets.model.errors import FocusError
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.purse import Purse
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.state import State
from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from focus_assets.fleet import Fleet
    from focus_assets.history.errors import ErrorsOfADay

T = TypeVar("T")
_WITH_TOTAL = (Verdict.COUNTED, Verdict.PROVEN)
LOOKING_ATTEMPTS, LOOKING_SECONDS = 3, 20.0

Told = Callable[[Outcome], None]


def mirror_partitions(
    config: Config, refs: Sequence[PartitionRef], *, wish: Wish, told: Told, purse: Purse | None = None
) -> list[Outcome]:
    """Bring partitions up to date; a failed one's outcome carries its error.

    The `purse` pays: for what is not begun once it is empty there is no outcome.
    """
    paying = purse or Purse()

    async def work() -> list[Outcome]:
        async with _fleet(config, paying) as fleet:
            return await fleet.mirror(refs, wish=wish, told=told, purse=paying)

    return _run(work)


def audit_partitions(
    config: Config, refs: Sequence[PartitionRef], just_loaded: Sequence[Outcome] = ()
) -> list[Audit | FocusError]:
    """Compare partitions with their servers, changing nothing; or why that could not be done.

    A server that has just ended a load with its total is not asked for it again.
    """
    from focus_assets.audit import audit, recount

    known = {outcome.ref: outcome for outcome in just_loaded if outcome.verdict in _WITH_TOTAL}

    async def one(fleet: Fleet, ref: PartitionRef) -> Audit:
        source = fleet.sources[ref.source]
        if ref in known:
            return await recount(source, fleet.database, known[ref])
        return await audit(source, fleet.database, ref)

    return _each(config, refs, one)


def read_states(config: Config, refs: Sequence[PartitionRef]) -> list[State | FocusError]:
    """What the servers say of partitions now."""

    async def one(fleet: Fleet, ref: PartitionRef) -> State:
        return await fleet.sources[ref.source].state(ref, None)

    return _each(config, refs, one)


def read_schemas(config: Config, sources: Sequence[str]) -> dict[str, dict[str, ResourceSchema] | FocusError]:
    """What the servers say of their resources."""

    async def work() -> dict[str, dict[str, ResourceSchema] | FocusError]:
        async with _fleet(hurried(config)) as fleet:
            return {name: await _or_error(partial(fleet.sources[name].schemas, fresh=True)) for name in sources}

    return _run(work)


def read_ledger(config: Config) -> dict[PartitionRef, LedgerEntry]:
    """Every partition's ledger entry; raises DatabaseError."""
    from focus_assets.database.open import Database
    from focus_assets.load.ledger import entries

    return entries(Database(config.destination))


def read_given_up(config: Config) -> set[tuple[str, str, str]]:
    """The partitions whose last run ended `diverged`."""
    from focus_assets.database.open import Database
    from focus_assets.history.runs import given_up

    return given_up(Database(config.destination))


def read_errors(config: Config, day: str, *, limit: int) -> tuple[ErrorsOfADay, Sequence[RowMapping]]:
    """The errors of a day (UTC), counted, and the latest of them; raises DatabaseError."""
    from focus_assets.database.open import Database
    from focus_assets.history.errors import errors_on

    return errors_on(Database(config.destination), day, limit=limit)


def post_alerts(alerts: Alerts, body: Mapping[str, object]) -> None:
    """Tell the webhook, which must be configured; raises ApiError."""
    from focus_assets.client.webhook import post_json

    url = alerts.webhook_url
    assert url is not None
    _run(lambda: post_json(url, body, seconds=alerts.timeout_seconds))


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
        async with _fleet(hurried(config)) as fleet:
            return await fleet.each(refs, lambda ref: _or_error(partial(one, fleet, ref)))

    return _run(work)


@asynccontextmanager
async def _fleet(config: Config, purse: Purse | None = None) -> AsyncIterator[Fleet]:
    from focus_assets.fleet import open_fleet

    async with open_fleet(config, purse=purse) as fleet:
        yield fleet


def _run(work: Callable[[], Awaitable[T]]) -> T:
    import anyio

    return anyio.run(work)


async def _or_error(operation: Callable[[], Awaitable[T]]) -> T | FocusError:
    try:
        return await operation()
    except FocusError as error:
        return error

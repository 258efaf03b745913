"""Open a configured source: its client, its login, its pace, its retries.

Each kind is imported where it is opened: a run needs one of them.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from focus_assets.client import (
    ApiClient,
    Clock,
    HttpSettings,
    Limits,
    Pace,
    Repeater,
    RetryPolicy,
    SharedFile,
    SlidingPace,
    SystemClock,
    Timeouts,
)
from focus_assets.client.retry import unheard
from focus_assets.config import Config, DiscoveredSource, ExchangeSource, RateLimit, RestSource, SourceSettings
from focus_assets.model.errors import ApiError
from focus_assets.model.purse import Purse
from focus_assets.sources.exchange import ExchangeApi
from focus_assets.sources.login import login_of, login_origins
from focus_assets.sources.snapshots import SnapshotFile
from focus_assets.sources.source import Source

if TYPE_CHECKING:
    from focus_assets.client.discovery import Discovery
    from focus_assets.sources.discovered import DiscoveredApi

Heard: TypeAlias = Callable[[ApiError, int, float], None]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a source's client uses of the world."""

    clock: Clock = field(default_factory=SystemClock)
    chance: random.Random = field(default_factory=random.Random)
    transport: Any = None
    heard: Heard = unheard
    purse: Purse = field(default_factory=Purse)


@asynccontextmanager
async def open_source(  # noqa: PLR0913 - each is one seam
    name: str,
    config: Config,
    *,
    clock: Clock | None = None,
    chance: random.Random | None = None,
    transport: Any = None,  # an httpx transport, which only `client` may name
    heard: Heard = unheard,
    purse: Purse | None = None,
) -> AsyncIterator[Source]:
    """A source by its name in the configuration; no request is sent before one is needed.

    `heard(error, attempt, seconds)` is told of each wait before something is tried again; the `purse` pays for
    requests, logins included, and for bytes. Raises UnknownSource.
    """
    settings = config.source(name)
    tools = Tools(clock or SystemClock(), chance or random.Random(), transport, heard, purse or Purse())
    if isinstance(settings, DiscoveredSource):
        async with _discovered(name, config, settings, tools) as discovered:
            yield discovered
        return
    async with client_of(name, config, settings, tools) as client:
        if isinstance(settings, RestSource):
            from focus_assets.sources.rest.source import RestApi

            yield RestApi(name, settings, client, frozen=SnapshotFile(config, name), home=config.home)
        else:
            yield ExchangeApi(name, settings, client, tools.clock)


def client_of(name: str, config: Config, settings: ExchangeSource | RestSource, tools: Tools) -> ApiClient:
    """The client of a source, not entered yet: its login, its headers, its pace."""
    return ApiClient(
        dataclasses.replace(http_settings(settings), purse=tools.purse),
        login_of(settings.auth, settings.base_url, clock=tools.clock, token_life=settings.token_life_seconds),
        pace=_pace(settings.rate_limit, config.pace_path(name), tools.clock),
        repeat=Repeater(_policy(settings), tools.clock, tools.chance, on_retry=tools.heard),
        clock=tools.clock,
        transport=tools.transport,
    )


def discovery_of(name: str, config: Config, tools: Tools | None = None) -> Discovery:
    """The engine of a source of the kind discovered, which asks nobody before it is started. Raises UnknownSource."""
    from focus_assets.client.discovery import Discovery, Start
    from focus_assets.client.discovery.engine import Tools as EngineTools

    settings, tools = config.source(name), tools or Tools()
    assert isinstance(settings, DiscoveredSource)
    start = Start(settings.base_url, settings.client_id, settings.client_secret, settings.owner, settings.origins)
    engine = EngineTools(
        clock=tools.clock,
        chance=tools.chance,
        policy=_policy(settings),
        timeouts=_timeouts(settings),
        pace=_pace(settings.rate_limit, config.pace_path(name), tools.clock),
        document_bytes=settings.max_body_bytes,
        transport=tools.transport,
        heard=tools.heard,
        purse=tools.purse,
    )
    return Discovery(start, engine)


@asynccontextmanager
async def _discovered(
    name: str, config: Config, settings: DiscoveredSource, tools: Tools
) -> AsyncIterator[DiscoveredApi]:
    from focus_assets.sources.discovered import DiscoveredApi

    engine = discovery_of(name, config, tools)
    try:
        yield DiscoveredApi(name, settings, engine, frozen=SnapshotFile(config, name), home=config.home)
    finally:
        await engine.close()


def _timeouts(settings: SourceSettings) -> Timeouts:
    times = settings.timeouts
    return Timeouts(connect=times.connect, read=times.read, request=times.total, stream=times.total)


def http_settings(settings: ExchangeSource | RestSource) -> HttpSettings:
    """Nothing leaves the configured host."""
    return _for_pages(settings) if isinstance(settings, RestSource) else _for_streams(settings)


def _for_pages(settings: RestSource) -> HttpSettings:
    return HttpSettings(
        origins=(settings.base_url,),
        login_origins=login_origins(settings.auth),
        timeouts=_timeouts(settings),
        document_bytes=settings.max_body_bytes,
        headers=settings.headers,
    )


def _for_streams(settings: ExchangeSource) -> HttpSettings:
    return HttpSettings(
        origins=(settings.base_url,),
        login_origins=login_origins(settings.auth),
        timeouts=_timeouts(settings),
        limits=Limits(line_bytes=settings.max_line_bytes, body_bytes=settings.max_body_bytes),
    )


def _pace(limit: RateLimit | None, file: Path, clock: Clock) -> Pace:
    """Without a limit too: what the server says of its own then is all that holds us back."""
    if limit is None:
        return SlidingPace(clock)
    return SlidingPace(clock, per_second=limit.per_second, per_minute=limit.per_minute, book=SharedFile(file))


def _policy(settings: SourceSettings) -> RetryPolicy:
    return RetryPolicy(attempts=settings.retry.attempts, total=settings.retry.budget_seconds)

"""Open a configured source: its client, its login, its pace, its retries."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

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
from focus_assets.config import Config, ExchangeSource, RateLimit, RestSource, SourceSettings
from focus_assets.model.errors import ApiError
from focus_assets.sources.exchange import ExchangeApi
from focus_assets.sources.login import login_of, login_origins
from focus_assets.sources.rest.source import RestApi
from focus_assets.sources.snapshots import SnapshotFile
from focus_assets.sources.source import Source

Heard: TypeAlias = Callable[[ApiError, int, float], None]


@asynccontextmanager
async def open_source(
    name: str,
    config: Config,
    *,
    clock: Clock | None = None,
    chance: random.Random | None = None,
    transport: Any = None,  # an httpx transport, which only `client` may name
    heard: Heard = unheard,
) -> AsyncIterator[Source]:
    """A source by its name in the configuration; no request is sent before one is needed.

    `heard(error, attempt, seconds)` is told of each wait before something is tried again. Raises UnknownSource.
    """
    settings, ticking = config.source(name), clock or SystemClock()
    client = ApiClient(
        http_settings(settings),
        login_of(settings.auth, settings.base_url, clock=ticking, token_life=settings.token_life_seconds),
        pace=_pace(settings.rate_limit, config.pace_path(name), ticking),
        repeat=Repeater(_policy(settings), ticking, chance or random.Random(), on_retry=heard),
        clock=ticking,
        transport=transport,
    )
    async with client:
        if isinstance(settings, RestSource):
            yield RestApi(name, settings, client, frozen=SnapshotFile(config, name), home=config.home)
        else:
            yield ExchangeApi(name, settings, client, ticking)


def http_settings(settings: SourceSettings) -> HttpSettings:
    """Nothing leaves the configured host."""
    return _for_pages(settings) if isinstance(settings, RestSource) else _for_streams(settings)


def _for_pages(settings: RestSource) -> HttpSettings:
    times = settings.timeouts
    return HttpSettings(
        origins=(settings.base_url,),
        login_origins=login_origins(settings.auth),
        timeouts=Timeouts(connect=times.connect, read=times.read, request=times.total, stream=times.total),
        document_bytes=settings.max_body_bytes,
        headers=settings.headers,
    )


def _for_streams(settings: ExchangeSource) -> HttpSettings:
    times = settings.timeouts
    return HttpSettings(
        origins=(settings.base_url,),
        login_origins=login_origins(settings.auth),
        timeouts=Timeouts(connect=times.connect, read=times.read, request=times.total, stream=times.total),
        limits=Limits(line_bytes=settings.max_line_bytes, body_bytes=settings.max_body_bytes),
    )


def _pace(limit: RateLimit | None, file: Path, clock: Clock) -> Pace:
    """Without a limit too: what the server says of its own then is all that holds us back."""
    if limit is None:
        return SlidingPace(clock)
    return SlidingPace(clock, per_second=limit.per_second, per_minute=limit.per_minute, book=SharedFile(file))


def _policy(settings: SourceSettings) -> RetryPolicy:
    return RetryPolicy(attempts=settings.retry.attempts, total=settings.retry.budget_seconds)

"""Open what writes need: the destination with the intents, and the configured cluster."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

from focus_assets.client import ApiClient, HttpSettings, NoPace, Repeater, RetryPolicy, SystemClock, Timeouts
from focus_assets.config import Broker, Config, Kafka, Writeback
from focus_assets.database.open import Database
from focus_assets.model.errors import InvalidConfiguration, MissingExtra
from focus_assets.sources.login import login_of, login_origins
from focus_assets.writeback.cluster import HttpCluster
from focus_assets.writeback.saga import Terms
from focus_assets.writeback.sinks import Sink
from focus_assets.writeback.writes import Writer

_READS = 3


def settings_of(config: Config) -> Writeback:
    """What the configuration says of writes. Raises InvalidConfiguration where it says nothing."""
    if config.writeback is None:
        where = str(config.file or "the built-in configuration")
        raise InvalidConfiguration(where, "expected the nodes of a cluster that takes writes", path="writeback.nodes")
    return config.writeback


@asynccontextmanager
async def open_writer(
    config: Config,
    *,
    transport: Any = None,  # an httpx transport, which only `client` may name
) -> AsyncIterator[Writer]:
    """A writer for the configured cluster; nothing is sent before a write.

    Raises InvalidConfiguration, MissingExtra.
    """
    settings, clock = settings_of(config), SystemClock()
    client = ApiClient(
        _http_settings(settings),
        login_of(settings.auth, next(iter(settings.nodes.values())), clock=clock),
        pace=NoPace(),
        repeat=Repeater(RetryPolicy(attempts=_READS, cap=1.0), clock, random.Random()),
        clock=clock,
        transport=transport,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(client)
        cluster = HttpCluster(client, settings.nodes, seconds=settings.request_seconds)
        undos = await stack.enter_async_context(_undos(settings.broker)) if settings.broker else None
        news = await stack.enter_async_context(_news(settings.kafka)) if settings.kafka else None
        yield Writer(Database(config.destination), cluster, terms_of(settings), undos=undos, news=news)


def terms_of(settings: Writeback) -> Terms:
    """A lease lasts longer than a call and the commits around it."""
    return Terms(
        lifetime=settings.lifetime_seconds,
        lease=3 * settings.request_seconds,
        give_up=settings.give_up_hours * 3600,
        cap=settings.longest_wait_seconds,
    )


@asynccontextmanager
async def _undos(settings: Broker) -> AsyncIterator[Sink]:
    try:
        from focus_assets.writeback.rabbit import RabbitSink
    except ImportError as error:
        raise MissingExtra("broker", needed_for="writeback.broker") from error
    async with aclosing(RabbitSink(settings)) as sink:
        yield sink


@asynccontextmanager
async def _news(settings: Kafka) -> AsyncIterator[Sink]:
    try:
        from focus_assets.writeback.kafka import KafkaSink
    except ImportError as error:
        raise MissingExtra("kafka", needed_for="writeback.kafka") from error
    async with aclosing(KafkaSink(settings)) as sink:
        yield sink


def _http_settings(settings: Writeback) -> HttpSettings:
    seconds = settings.request_seconds
    return HttpSettings(
        origins=tuple(settings.nodes.values()),
        login_origins=login_origins(settings.auth),
        timeouts=Timeouts(connect=seconds, read=seconds, request=seconds, stream=seconds),
    )

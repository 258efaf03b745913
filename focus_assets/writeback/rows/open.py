"""Open what sending rows needs: the destination, and the API of the entry's source with its login and its pace."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from focus_assets.client import join
from focus_assets.client.discovery import Discovery, Resource, Service
from focus_assets.client.discovery.engine import CONTENT_TYPE
from focus_assets.config import Config, DiscoveredSource, RestSource, Timeouts
from focus_assets.config.discovered import table_of
from focus_assets.config.sending import Sending
from focus_assets.database.open import Database
from focus_assets.model.errors import NameRefused, UnknownEntry, UnknownResource
from focus_assets.sources.discovered import IDENTITY
from focus_assets.sources.open import Tools, client_of, discovery_of
from focus_assets.writeback.rows.destination import destination_of, insist
from focus_assets.writeback.rows.items import HttpItems, Items, Shape
from focus_assets.writeback.rows.outgoing import selection_of
from focus_assets.writeback.rows.plan import SendPlan
from focus_assets.writeback.rows.send import Sender, ensure, planned
from focus_assets.writeback.rows.settle import Rules
from focus_assets.writeback.saga import Terms
from focus_assets.writeback.writes import micros_now

_AROUND_SECONDS = 120.0  # a lease lasts longer than a call, its wait for its turn, and the commits around it


def entry_of(config: Config, name: str) -> Sending:
    """An entry of `writes` by its name. Raises UnknownEntry."""
    if name not in config.writes:
        raise UnknownEntry(name, config.writes)
    return config.writes[name]


@asynccontextmanager
async def open_sender(
    config: Config,
    name: str,
    *,
    transport: Any = None,  # an httpx transport, which only `client` may name
) -> AsyncIterator[Sender]:
    """A sender for an entry. Of a discovered source the registry is asked; of others nobody.

    Raises UnknownEntry, UnknownResource, ApiError.
    """
    settings = entry_of(config, name)
    async with _items(config, settings, Tools(transport=transport)) as items:
        yield Sender(
            name,
            Database(config.destination),
            items,
            rules_of(settings),
            at_once=settings.at_once,
            deletes=settings.deletes,
            kept_days=settings.kept_days,
            destination=destination_of(config, settings),
        )


def plan_of(config: Config, name: str, *, accept_deletions: bool = False) -> SendPlan:
    """What would be sent of an entry now; no API is asked.

    Raises UnknownEntry, DestinationChanged, DeletionsRefused, RepeatedKey, RowError, InvalidConfiguration,
    DatabaseError.
    """
    settings, database = entry_of(config, name), Database(config.destination)
    ensure(database)
    insist(database, name, destination_of(config, settings))
    selection = selection_of(name, settings, database)
    return planned(
        database, name, selection, now=micros_now(), deletes=settings.deletes, accept_deletions=accept_deletions
    )


def rules_of(settings: Sending) -> Rules:
    """How lost answers are settled."""
    terms = Terms(
        lifetime=settings.lifetime_seconds,
        lease=3 * settings.request_seconds + _AROUND_SECONDS,
        give_up=settings.give_up_hours * 3600,
        cap=settings.longest_wait_seconds,
    )
    hours = settings.keys_kept_hours
    kept = None if hours is None else hours * 3600
    return Rules(terms, adopt=settings.adopt, keys_kept=kept, puts_new=settings.create == "PUT")


@asynccontextmanager
async def _items(config: Config, settings: Sending, tools: Tools) -> AsyncIterator[Items]:
    source = config.source(settings.source)
    hurried = source.model_copy(update={"timeouts": _timeouts(source.timeouts, settings.request_seconds)})
    if isinstance(hurried, RestSource):
        async with client_of(settings.source, config, hurried, tools) as client:
            yield HttpItems(
                client,
                _below(hurried.base_url, settings.path or ""),
                partial(_item, hurried.base_url, settings),
                Shape(settings.envelope),
                settings.create,
                settings.update,
                settings.params,
            )
        return
    assert isinstance(hurried, DiscoveredSource)  # the configuration takes no other
    engine = discovery_of(settings.source, _with_source(config, settings.source, hurried), tools)
    try:
        yield await _discovered(engine, settings)
    finally:
        await engine.close()


async def _discovered(engine: Discovery, settings: Sending) -> Items:
    await engine.start()
    service, resource = await _collection(engine, settings.collection or "")
    return HttpItems(
        await engine.client(service),
        resource.url,
        lambda key: join(resource.url, *_parts(settings, key)),
        Shape(resource.key, listed=True),
        params={"owner": engine.owner} if engine.owner else {},
        headers=_correlated,
    )


async def _collection(engine: Discovery, table: str) -> tuple[Service, Resource]:
    known: dict[str, tuple[Service, Resource]] = {}
    for name in (name for name in engine.services if name != IDENTITY):
        service = engine.service(name)
        for resource in (await engine.descriptor(name)).resources.values():
            known[table_of(service.name, resource.name)] = (service, resource)
        if table in known:
            return known[table]
    raise UnknownResource(table, known)


def _item(base_url: str, settings: Sending, key: tuple[str, ...]) -> str:
    parts = _parts(settings, key)
    if settings.item is None:
        return join(_below(base_url, settings.path or ""), *parts)
    place = settings.item
    for name, part in zip(settings.key, parts, strict=True):
        place = place.replace(f"{{{name}}}", join("", part).removeprefix("/"))
    return _below(base_url, place)


def _parts(settings: Sending, key: tuple[str, ...]) -> tuple[str, ...]:
    """The key; raises NameRefused for one that was recorded when the entry had another number of key columns."""
    if len(key) != len(settings.key):
        raise NameRefused("/".join(key), f"it has {len(key)} parts, and the key of the entry {len(settings.key)}")
    return key


def _below(base_url: str, path: str) -> str:
    """A slash at the end stays: to some APIs it is another address."""
    return f"{base_url}/{path.lstrip('/')}"


def _correlated() -> Mapping[str, str]:
    return {"content-type": CONTENT_TYPE, "x-correlation-id": uuid.uuid4().hex}


def _timeouts(times: Timeouts, seconds: float) -> Timeouts:
    return Timeouts(connect=min(times.connect, seconds), read=min(times.read, seconds), total=seconds)


def _with_source(config: Config, name: str, settings: DiscoveredSource) -> Config:
    return config.model_copy(update={"sources": {**config.sources, name: settings}})

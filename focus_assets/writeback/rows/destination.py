"""Keep where each entry's rows are sent, so that what one API has is never taken for what another has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import sqlalchemy as sa

from focus_assets.config import Config, DiscoveredSource
from focus_assets.config.sending import Sending
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseFailed, DestinationChanged, OvertakenWrite
from focus_assets.model.stamps import text_of
from focus_assets.writeback import intents
from focus_assets.writeback.intent import Intent, Standing, State
from focus_assets.writeback.rows.sent import DESTINATIONS, SENT

Destination = Mapping[str, str]


def destination_of(config: Config, settings: Sending) -> Destination:
    """What decides which item a key names, by the names of the settings; two that are equal name the same items.

    The values of `params` are not told: their fingerprint is.
    """
    source = config.source(settings.source)
    said = {"key": ", ".join(settings.key)}
    if isinstance(source, DiscoveredSource):
        return said | {
            "base_url": source.base_url,
            "owner": source.owner or "root",
            "collection": settings.collection or "",
        }
    path = (settings.path or "").strip("/")
    usual = "/".join((path, *(f"{{{name}}}" for name in settings.key)))
    item = usual if settings.item is None else settings.item.strip("/")
    query = {"params": intents.fingerprint(json.dumps(settings.params, sort_keys=True))} if settings.params else {}
    return said | {"base_url": source.base_url, "path": path, "item": item} | query


def insist(database: Database, entry: str, destination: Destination) -> None:
    """Changes nothing. Raises DestinationChanged where rows of the entry are, or may be, elsewhere."""
    with database.reading("look where rows were sent") as connection:
        before = _bound(connection, entry)
        if before not in (None, destination):
            _leftovers(connection, entry, before or {}, destination)


def bind(database: Database, entry: str, destination: Destination, *, now: int) -> None:
    """Keep where the entry's rows are sent, before the first is, and anew where none was ever taken elsewhere.

    What was refused elsewhere is wanted no more. Raises DestinationChanged, DatabaseError.
    """
    with database.reading("look where rows were sent") as connection:
        before = _bound(connection, entry)
        if before == destination:
            return
        refused = [] if before is None else _leftovers(connection, entry, before, destination)
    for dead in refused:
        with suppress(OvertakenWrite):  # by a replay, which the next look finds
            intents.save(database, replace(dead, state=State.COMPENSATED), now=now)
    try:
        _keep(database, entry, destination, now)
    except DatabaseFailed:
        # Another process kept it between our look and our statement.
        _keep(database, entry, destination, now)


def _keep(database: Database, entry: str, destination: Destination, now: int) -> None:
    values = {"destination": _text(destination), "bound_at": text_of(now)}
    with database.writing("keep where rows are sent") as connection:
        before = _bound(connection, entry)
        if before is None:
            connection.execute(sa.insert(DESTINATIONS).values(entry=entry, **values))
        elif before != destination:
            _leftovers(connection, entry, before, destination)
            connection.execute(sa.update(DESTINATIONS).where(DESTINATIONS.c.entry == entry).values(values))


def _leftovers(connection: sa.Connection, entry: str, before: Destination, destination: Destination) -> list[Intent]:
    """The writes that were refused there and did nothing. Raises DestinationChanged where anything else is left."""
    left = intents.unsettled(connection, entry).values()
    held = connection.execute(sa.select(SENT.c.row_key).where(SENT.c.entry == entry).limit(1)).first()
    if held is not None or not all(_did_nothing(intent) for intent in left):
        raise DestinationChanged(entry, before, destination)
    return list(left)


def _did_nothing(intent: Intent) -> bool:
    return intent.state is State.DEAD and intent.steps[0].standing is not Standing.SENT


def _bound(connection: sa.Connection, entry: str) -> Destination | None:
    query = sa.select(DESTINATIONS.c.destination).where(DESTINATIONS.c.entry == entry)
    found = connection.execute(query).scalar()
    return None if found is None else dict(json.loads(found))


def _text(destination: Destination) -> str:
    return json.dumps(destination, ensure_ascii=False, sort_keys=True)

"""Keep how each write ended until others have been told: a row in the transaction that commits the end, gone after."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.model.stamps import floor_micros, nanos, text_of
from focus_assets.writeback.intent import Intent
from focus_assets.writeback.intents import BOOKS, fingerprint
from focus_assets.writeback.sinks import Message

OUTBOX = BOOKS.table(
    "_focus_outbox",
    key=("event_id",),
    columns={"object_key": sa.Text, "transaction_id": sa.Text, "body": sa.Text},
    indexed=("slot", "position"),
)


def keep(connection: sa.Connection, intent: Intent, *, now: int) -> None:
    """Add the end of a write, which has got its new revision, in the transaction that commits it.

    It stands behind all of its key that are kept already.
    """
    slot = fingerprint(intent.key)
    last = connection.execute(sa.select(sa.func.max(OUTBOX.c.position)).where(OUTBOX.c.slot == slot)).scalar()
    # Two machines' clocks may differ by more than lies between two writes of a key.
    position = now if last is None else max(now, floor_micros(nanos(last)) + 1)
    news = news_of(intent, ended_at=now)
    values = {
        "event_id": news.name,
        "object_key": news.key,
        "transaction_id": news.transaction_id,
        "body": news.body,
        "slot": slot,
        "position": text_of(position),
    }
    connection.execute(sa.insert(OUTBOX).values(values))


def waiting(database: Database, limit: int) -> list[Message]:
    """What nobody was told yet, those of one key in the order in which they were committed."""
    columns = (OUTBOX.c.event_id, OUTBOX.c.object_key, OUTBOX.c.body, OUTBOX.c.transaction_id)
    query = sa.select(*columns).order_by(OUTBOX.c.position, OUTBOX.c.event_id).limit(limit)
    with database.reading("read what is to be told") as connection:
        return [Message(*row) for row in connection.execute(query)]


def count(database: Database) -> int:
    """How many ends of writes nobody was told yet."""
    with database.reading("count what is to be told") as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(OUTBOX)).scalar_one())


def forget(database: Database, told: Sequence[Message]) -> None:
    """Remove what the broker has confirmed."""
    with database.writing("forget what was told") as connection:
        connection.execute(sa.delete(OUTBOX).where(OUTBOX.c.event_id.in_([message.name for message in told])))


def news_of(intent: Intent, *, ended_at: int) -> Message:
    """How a write ended, as JSON; `event_id` is the same at each repetition."""
    event_id = f"{intent.operation_id}.{intent.revision}"
    told = {
        "event_id": event_id,
        "operation_id": intent.operation_id,
        "transaction_id": intent.target,
        "kind": intent.kind.value,
        "key": intent.key,
        "state": intent.state.value,
        "group": json.loads(intent.payload) if intent.payload else None,
        "created_at": text_of(intent.created_at),
        "ended_at": text_of(ended_at),
        "error": intent.error or None,
    }
    return Message(event_id, intent.key, json.dumps(told, ensure_ascii=False), intent.target)

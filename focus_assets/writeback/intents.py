"""Keep every intent in the destination: recorded before its call, and changed only by whoever saw it last."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from focus_assets.database.bookkeeping import Bookkeeping
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseError, KeyBusy, OvertakenWrite, UnknownOperation
from focus_assets.model.stamps import floor_micros, nanos, text_of
from focus_assets.writeback.intent import ENDED, Intent, Kind, Standing, State, Step

BOOKS = Bookkeeping()
INTENTS = BOOKS.table(
    "_focus_intents",
    key=("operation_id",),
    columns={
        "kind": sa.Text,
        "object_key": sa.Text,
        "payload": sa.Text,
        "payload_hash": sa.Text,
        "steps": sa.Text,
        "attempts": sa.BigInteger,
        "created_at": sa.Text,
        "changed_at": sa.Text,
        "deadline": sa.Text,
        "error": sa.Text,
        "revision": sa.BigInteger,
        "entry": sa.Text,
    },
    # One open write a key: its fingerprint while the write is open, the operation's own id after that.
    unique=("slot",),
    indexed=("state", "next_at", "target"),
)
OWED = "groupdelete"
ALL = 10**9
CLUSTER = ""  # the entry of what is written to the cluster
Also = Callable[[sa.Connection], None]  # what the same transaction does besides


# Made once: what is asked all the time costs more to put together than to run.
_named = sa.func.coalesce(INTENTS.c.entry, CLUSTER)
_IS_DUE = INTENTS.c.next_at <= sa.bindparam("due")
_IS_DUE_HERE = sa.and_(_IS_DUE, _named == sa.bindparam("of_entry"))
_COUNT_ALL = sa.select(sa.func.count()).select_from(INTENTS).where(_IS_DUE)
_COUNT = sa.select(sa.func.count()).select_from(INTENTS).where(_IS_DUE_HERE)
_NEXT = (
    sa.select(INTENTS.c.operation_id, INTENTS.c.revision)
    .where(_IS_DUE_HERE)
    .order_by(INTENTS.c.next_at, INTENTS.c.operation_id)
    .limit(1)
)
_NEXT_UNLOCKED = _NEXT.with_for_update(skip_locked=True)
_CHANGE = sa.update(INTENTS).where(
    INTENTS.c.operation_id == sa.bindparam("seen_id"), INTENTS.c.revision == sa.bindparam("seen_revision")
)
_ready: WeakSet[Database] = WeakSet()


def ensure(database: Database) -> None:
    """Make the table, and the view `groupdelete` of what is still owed. Raises DatabaseError."""
    if database in _ready:
        return
    BOOKS.ensure(database)
    if not _has_view(database):
        try:
            _make_view(database)
        except DatabaseError:
            if not _has_view(database):  # else another process was quicker
                raise
    _ready.add(database)


def record(database: Database, intent: Intent, *, now: int, also: Also | None = None) -> None:
    """Commit an intent before anything is sent. Raises KeyBusy while an earlier one of its key is open.

    Of a row's key it takes the place of a DEAD one.
    """
    slot = _slot(intent)
    whole = {**_values(intent, now), "operation_id": intent.operation_id, "slot": slot, "target": intent.target}
    fixed = {
        "kind": intent.kind.value,
        "object_key": intent.key,
        "payload": intent.payload,
        "payload_hash": fingerprint(intent.payload),
        "created_at": text_of(intent.created_at),
        "entry": intent.entry,
    }
    with database.writing("record an intent") as connection:
        holder = connection.execute(sa.select(INTENTS.c.operation_id).where(INTENTS.c.slot == slot)).scalar()
        if holder is not None:
            raise KeyBusy(intent.key, holder)
        try:
            connection.execute(sa.insert(INTENTS).values(**whole, **fixed))
        except IntegrityError as error:
            # Another process recorded one between our look and our statement.
            raise KeyBusy(intent.key) from error
        if intent.entry:
            _replace_dead(connection, intent, now)
        if also is not None:
            also(connection)


def save(database: Database, intent: Intent, *, now: int, also: Also | None = None, reopened: bool = False) -> Intent:
    """Commit a changed intent; returns it with its new revision. One that is `reopened` takes its key again.

    Raises OvertakenWrite where another one changed it; KeyBusy for one that is opened again while a later one is open.
    """
    changed = dataclasses.replace(intent, revision=intent.revision + 1)
    values = _values(changed, now)
    if changed.ended:
        values["slot"] = changed.operation_id
    elif changed.entry or reopened:
        values["slot"] = _slot(changed)
    changes = {**values, **_seen(intent.operation_id, intent.revision)}
    with database.writing("change an intent") as connection:
        try:
            touched = connection.execute(_CHANGE, changes).rowcount
        except IntegrityError as error:
            raise KeyBusy(intent.key) from error
        if touched != 1:
            raise OvertakenWrite(intent.operation_id)
        if also is not None:
            also(connection)
    return changed


def count_due(database: Database, due: int, entry: str | None = CLUSTER) -> int:
    """How many intents of the cluster, of an entry, or (None) of all are due; asks for no lock."""
    query = _COUNT_ALL if entry is None else _COUNT
    with database.reading("count the intents that are due") as connection:
        return int(connection.execute(query, _due(due, entry)).scalar_one())


def claim(database: Database, *, due: int, now: int, until: int, entry: str = CLUSTER) -> str | None:
    """Take what has been due longest at the moment `due`, for oneself alone until another moment; the operation's id.

    It is not read here: a row that cannot be read must not hold up the others.
    """
    query = _NEXT_UNLOCKED if database.dialect.skips_locked else _NEXT
    while True:
        with database.writing("take an intent that is due") as connection:
            row = connection.execute(query, _due(due, entry)).mappings().first()
            if row is None:
                return None
            taken = {"next_at": text_of(until), "changed_at": text_of(now), "revision": row["revision"] + 1}
            seen = _seen(row["operation_id"], row["revision"])
            if connection.execute(_CHANGE, {**taken, **seen}).rowcount == 1:
                return str(row["operation_id"])


def read(database: Database, operation_id: str) -> Intent:
    """One intent. Raises UnknownOperation."""
    with database.reading("read an intent") as connection:
        row = connection.execute(sa.select(INTENTS).where(INTENTS.c.operation_id == operation_id)).mappings().first()
    if row is None:
        raise UnknownOperation(operation_id)
    return _intent(row)


def target_of(database: Database, operation_id: str) -> str:
    """The transaction id that an intent speaks of, also where the rest of its row cannot be read."""
    with database.reading("read an intent's transaction") as connection:
        query = sa.select(INTENTS.c.target).where(INTENTS.c.operation_id == operation_id)
        return str(connection.execute(query).scalar_one())


def find(
    database: Database,
    *,
    states: Sequence[State] = (),
    limit: int = 100,
    entry: str | None = None,
    newest: bool = False,
) -> list[Intent]:
    """The oldest or newest intents in any of these states (of all where none is named), of one entry or of all."""
    order = (INTENTS.c.created_at, INTENTS.c.operation_id)
    ordered = [column.desc() for column in order] if newest else order
    query = sa.select(INTENTS).where(_of(entry)).order_by(*ordered).limit(limit)
    if states:
        query = query.where(INTENTS.c.state.in_([state.value for state in states]))
    with database.reading("read the intents") as connection:
        return [_intent(row) for row in connection.execute(query).mappings()]


def unsettled(connection: sa.Connection, entry: str) -> dict[str, Intent]:
    """The intents of an entry that are open or DEAD, by their keys, of which each has one."""
    left = [state.value for state in State if state not in ENDED or state is State.DEAD]
    query = sa.select(INTENTS).where(_of(entry), INTENTS.c.state.in_(left)).order_by(INTENTS.c.created_at)
    return {row["object_key"]: _intent(row) for row in connection.execute(query).mappings()}


def counts(database: Database, entry: str | None = None) -> dict[State, int]:
    """How many intents are in each state, of one entry or of all."""
    query = sa.select(INTENTS.c.state, sa.func.count()).where(_of(entry)).group_by(INTENTS.c.state)
    with database.reading("count the intents") as connection:
        found = {State(state): int(number) for state, number in connection.execute(query)}
    return {state: found.get(state, 0) for state in State}


def clear_settled(database: Database, entry: str, before: int) -> int:
    """Remove an entry's intents that were done, or wanted no more, before a moment; how many there were."""
    settled = INTENTS.c.state.in_([State.DONE.value, State.COMPENSATED.value])
    old = sa.and_(_of(entry), settled, INTENTS.c.changed_at < text_of(before))
    with database.writing("clear settled intents") as connection:
        return connection.execute(sa.delete(INTENTS).where(old)).rowcount


def fingerprint(payload: str) -> str:
    """What tells two payloads apart."""
    return hashlib.sha256(payload.encode()).hexdigest()


def _slot(intent: Intent) -> str:
    """Texts of a configuration hold no U+001F, so that no two entries have one."""
    return fingerprint(f"{intent.entry}\x1f{intent.key}" if intent.entry else intent.key)


def _replace_dead(connection: sa.Connection, intent: Intent, now: int) -> None:
    dead = sa.and_(_of(intent.entry), INTENTS.c.object_key == intent.key, INTENTS.c.state == State.DEAD.value)
    over = {"state": State.COMPENSATED.value, "changed_at": text_of(now), "revision": INTENTS.c.revision + 1}
    connection.execute(sa.update(INTENTS).where(dead).values(over))


def _of(entry: str | None) -> sa.ColumnElement[bool]:
    return sa.true() if entry is None else _named == entry


def _seen(operation_id: str, revision: int) -> dict[str, Any]:
    return {"seen_id": operation_id, "seen_revision": revision}


def _due(due: int, entry: str | None) -> dict[str, Any]:
    return {"due": text_of(due)} if entry is None else {"due": text_of(due), "of_entry": entry}


def _values(intent: Intent, now: int) -> dict[str, Any]:
    return {
        "state": intent.state.value,
        "steps": json.dumps([dataclasses.asdict(step) for step in intent.steps]),
        "attempts": intent.attempts,
        "next_at": None if intent.next_at is None else text_of(intent.next_at),
        "deadline": text_of(intent.deadline),
        "changed_at": text_of(now),
        "error": intent.error,
        "revision": intent.revision,
    }


def _intent(row: Any) -> Intent:
    return Intent(
        operation_id=row["operation_id"],
        kind=Kind(row["kind"]),
        key=row["object_key"],
        target=row["target"],
        payload=row["payload"],
        steps=tuple(Step(**{**step, "standing": Standing(step["standing"])}) for step in json.loads(row["steps"])),
        created_at=_micros(row["created_at"]),
        deadline=_micros(row["deadline"]),
        next_at=None if row["next_at"] is None else _micros(row["next_at"]),
        state=State(row["state"]),
        attempts=row["attempts"],
        error=row["error"] or "",
        revision=row["revision"],
        entry=row["entry"] or CLUSTER,
    )


def _micros(text: str) -> int:
    return floor_micros(nanos(text))


def _has_view(database: Database) -> bool:
    with database.reading("look for the view of what is owed") as connection:
        return OWED in sa.inspect(connection).get_view_names()


def _make_view(database: Database) -> None:
    """What a failed create or delete still owes the cluster."""
    owed = [State.UNKNOWN, State.COMPENSATING, State.DEAD]
    query = sa.select(
        INTENTS.c.operation_id.label("id"),
        INTENTS.c.target.label("transaction_id"),
        INTENTS.c.created_at.label("transaction_timestamp"),
        INTENTS.c.changed_at.label("created_date"),
    ).where(INTENTS.c.state.in_([state.value for state in owed]), _of(CLUSTER))
    with database.writing("make the view of what is owed") as connection:
        select = query.compile(connection, compile_kwargs={"literal_binds": True}).string
        connection.exec_driver_sql(f"CREATE VIEW {OWED} AS {select}")

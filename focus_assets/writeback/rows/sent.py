"""Keep what the API was sent last under each key, in the destination: changed by the commit that settles a write."""

from __future__ import annotations

import sqlalchemy as sa

from focus_assets.database.bookkeeping import Bookkeeping
from focus_assets.database.open import Database
from focus_assets.model.errors import OutdatedPlan
from focus_assets.model.stamps import floor_micros, nanos, text_of
from focus_assets.writeback.intent import Intent, Kind, Standing, State
from focus_assets.writeback.intents import fingerprint
from focus_assets.writeback.rows.plan import Change, SentRow

BOOKS = Bookkeeping()
SENT = BOOKS.table(
    "_focus_sent",
    key=("entry", "row_key"),
    columns={
        "payload_hash": sa.Text,
        "version": sa.BigInteger,
        "waits_until": sa.Text,
        "suspect": sa.Text,
        "operation_id": sa.Text,
        "sent_at": sa.Text,
    },
)
DESTINATIONS = BOOKS.table("_focus_destinations", key=("entry",), columns={"destination": sa.Text, "bound_at": sa.Text})
_UNKNOWN = ""


def last_sent(connection: sa.Connection, entry: str) -> dict[str, SentRow]:
    """What was sent last, by key."""
    columns = (SENT.c.row_key, SENT.c.payload_hash, SENT.c.version, SENT.c.waits_until, SENT.c.suspect)
    query = sa.select(*columns).where(SENT.c.entry == entry).execution_options(yield_per=5000)
    with connection.execute(query) as found:
        return {
            key: SentRow(known or _UNKNOWN, version, _micros(until), suspect)
            for key, known, version, until, suspect in found
        }


def ensure(database: Database) -> None:
    """Make the tables where they are missing. Raises DatabaseError."""
    BOOKS.ensure(database)


def count_sent(database: Database, entry: str) -> int:
    """How many keys the API has of an entry, as far as is known."""
    query = sa.select(sa.func.count()).select_from(SENT).where(SENT.c.entry == entry)
    with database.reading("count what was sent") as connection:
        return int(connection.execute(query).scalar_one())


def check_current(connection: sa.Connection, entry: str, change: Change, *, many_writers: bool) -> None:
    """Refuse a change that was planned before another process settled one of its key. Raises OutdatedPlan.

    Among many writers the newest row counts, and not the one of this transaction's beginning.
    """
    if (_version(connection, entry, change.key, many_writers=many_writers) or 0) != change.version:
        raise OutdatedPlan(entry, change.key)


def settle(connection: sa.Connection, intent: Intent, now: int, *, many_writers: bool) -> None:
    """Take over what an intent that has ended says of the API; what came between makes it unknown."""
    step = intent.steps[0]
    version = _version(connection, intent.entry, intent.key, many_writers=many_writers)
    between = (version or 0) != step.version
    if intent.state is State.DONE and intent.kind is Kind.DELETE and not between:
        connection.execute(sa.delete(SENT).where(_of(intent.entry, intent.key)))
    elif intent.state is State.DONE:
        settled: dict[str, object] = {"payload_hash": _UNKNOWN, "sent_at": text_of(now)}
        if not between:  # else what may be on its way is not this intent's, and stays as it was recorded
            settled |= {"payload_hash": fingerprint(intent.payload), "waits_until": None, "suspect": None}
        _write(connection, intent, version, settled)
    elif step.standing is not Standing.HELD and version is not None:  # given up: the API may have something else
        _write(connection, intent, version, {"payload_hash": _UNKNOWN})


def doubt(connection: sa.Connection, late: Intent, *, surely: bool, many_writers: bool) -> None:
    """Say that an earlier write was applied (`surely`), or may be until it is due, after a later one was settled."""
    version = _version(connection, late.entry, late.key, many_writers=many_writers)
    until = None if late.next_at is None else text_of(late.next_at)
    ours = version is not None or (surely and late.kind is not Kind.DELETE)
    values: dict[str, object] = {"payload_hash": _UNKNOWN, "waits_until": until}
    if not ours:
        values["suspect"] = late.payload
    _write(connection, late, version, values)


def forget(connection: sa.Connection, entry: str, key: str) -> None:
    """Drop a suspicion that came to nothing."""
    connection.execute(sa.delete(SENT).where(_of(entry, key), SENT.c.suspect == _UNKNOWN))


def _version(connection: sa.Connection, entry: str, key: str, *, many_writers: bool) -> int | None:
    """None where nothing was sent; among many writers nobody else changes it before this transaction ends."""
    query = sa.select(SENT.c.version).where(_of(entry, key))
    found: int | None = connection.execute(query.with_for_update() if many_writers else query).scalar()
    return found


def _write(connection: sa.Connection, intent: Intent, version: int | None, values: dict[str, object]) -> None:
    about = {**values, "version": (version or 0) + 1, "operation_id": intent.operation_id}
    if version is None:
        connection.execute(sa.insert(SENT).values(entry=intent.entry, row_key=intent.key, **about))
    else:
        connection.execute(sa.update(SENT).where(_of(intent.entry, intent.key)).values(about))


def _of(entry: str, key: str) -> sa.ColumnElement[bool]:
    return sa.and_(SENT.c.entry == entry, SENT.c.row_key == key)


def _micros(text: str | None) -> int:
    return 0 if text is None else floor_micros(nanos(text))

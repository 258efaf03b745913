"""Keep every error in the destination for so many days: of runs of the mirror, and of scripts."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from focus_assets.database.bookkeeping import Bookkeeping
from focus_assets.database.open import Database
from focus_assets.history.log import ErrorLog
from focus_assets.model.failure import Failure
from focus_assets.model.partition import PartitionRef
from focus_assets.model.stamps import stamp, text_of

BOOKS = Bookkeeping()
ERRORS = BOOKS.table(
    "_focus_errors",
    key=("run_id",),
    columns={
        "source": sa.Text,
        "resource": sa.Text,
        "partition": sa.Text,
        "happened_at": sa.Text,
        "type": sa.Text,
        "message": sa.Text,
        "cause": sa.Text,
        "stack": sa.Text,
        "repeatable": sa.Boolean,
        "attempts": sa.BigInteger,
        "context": sa.Text,
    },
)
DAYS = 90


@dataclass(frozen=True, slots=True)
class Keeping:
    """How errors are kept: so many days in the destination, and in a file beside it (None: in none)."""

    days: int = DAYS
    log: ErrorLog | None = None


@dataclass(frozen=True, slots=True)
class ErrorsOfADay:
    """How often each error happened on a day (UTC)."""

    day: str
    by_type: dict[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_type.values())


def keep(database: Database, failure: Failure, keeping: Keeping, *, of: PartitionRef | None = None) -> str:
    """Write one error of a script down, and forget those that are too old; returns its id. Raises DatabaseError."""
    BOOKS.ensure(database)
    run_id = uuid.uuid4().hex
    with database.writing("keep an error") as connection:
        write(connection, failure, run_id, days=keeping.days, of=of)
    return run_id


def write(
    connection: sa.Connection, failure: Failure, run_id: str, *, days: int, of: PartitionRef | None = None
) -> None:
    """The same inside of a transaction."""
    before = text_of(stamp(failure.happened_at).micros - days * (timedelta(days=1) // timedelta(microseconds=1)))
    connection.execute(sa.delete(ERRORS).where(ERRORS.c.happened_at < before))
    connection.execute(sa.insert(ERRORS).values(_row(failure, run_id, of)))


def errors(database: Database, *, limit: int = 50, since: str | None = None) -> Sequence[sa.RowMapping]:
    """The latest errors, newest first; `since` is a canonical timestamp. Raises DatabaseError."""
    BOOKS.ensure(database)
    query = sa.select(ERRORS).order_by(ERRORS.c.happened_at.desc(), ERRORS.c.run_id).limit(limit)
    if since is not None:
        query = query.where(ERRORS.c.happened_at >= since)
    with database.reading("read the errors") as connection:
        return connection.execute(query).mappings().all()


def errors_on(database: Database, day: str, *, limit: int = 50) -> tuple[ErrorsOfADay, Sequence[sa.RowMapping]]:
    """How many errors there were on a day (`2025-07-01`, UTC), and the latest of them. Raises DatabaseError."""
    BOOKS.ensure(database)
    that_day = ERRORS.c.happened_at.between(f"{day}T00:00:00.000000Z", f"{day}T23:59:59.999999Z")
    counted = sa.select(ERRORS.c.type, sa.func.count()).where(that_day).group_by(ERRORS.c.type)
    latest = sa.select(ERRORS).where(that_day).order_by(ERRORS.c.happened_at.desc(), ERRORS.c.run_id).limit(limit)
    with database.reading("read the errors of a day") as connection:
        counts = {str(name): int(count) for name, count in connection.execute(counted)}
        return ErrorsOfADay(day, dict(sorted(counts.items()))), connection.execute(latest).mappings().all()


def _row(failure: Failure, run_id: str, of: PartitionRef | None) -> dict[str, object]:
    return {
        "run_id": run_id,
        "source": of.source if of else "",
        "resource": of.resource if of else "",
        "partition": of.partition if of else "",
        "happened_at": failure.happened_at,
        "type": failure.type,
        "message": failure.message,
        "cause": failure.cause,
        "stack": failure.stack,
        "repeatable": failure.repeatable,
        "attempts": failure.attempts,
        "context": json.dumps(dict(failure.context), ensure_ascii=False, sort_keys=True),
    }

"""The one transaction of a load: claim, apply, count, judge, ledger; committed only if the judge says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.load.apply import Apply, Statements, apply_stage
from focus_assets.load.ledger import amend, claim, read_entry
from focus_assets.load.rejects import quarantine
from focus_assets.load.stage import Stage
from focus_assets.model.errors import DatabaseError, DatabaseUnreachable, StaleGeneration
from focus_assets.model.feed import Reject
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Changes
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Decision, Digest, Publish

MANY, MUCH = 10_000, 0.1  # a load that writes more rows, and more of a partition, makes the statistics wrong


@dataclass(frozen=True, slots=True)
class Applied:
    """What stands in the table inside the transaction, before it is judged; `digest` where it was asked for."""

    changes: Changes
    rows: int
    quarantined: int
    digest: Digest | None = None


def _no_digest(connection: sa.Connection, rows: int) -> Digest | None:
    del connection, rows
    return None


@dataclass(frozen=True, slots=True)
class Publication:
    """A load that is ready: what to apply and the ledger entry (of the next generation) that it would become.

    `digest` is asked, with COUNT(*), how the digest of the applied rows compares with the server's.
    """

    ref: PartitionRef
    stage: Stage
    how: Apply
    entry: LedgerEntry
    rejects: Sequence[Reject] = ()
    digest: Callable[[sa.Connection, int], Digest | None] = _no_digest


@dataclass(frozen=True, slots=True)
class Judged:
    """The decision and what it was taken on; `entry` is the ledger's where it was committed, else None."""

    decision: Decision
    applied: Applied
    entry: LedgerEntry | None = None


def publish(
    database: Database,
    connection: sa.Connection,
    load: Publication,
    *,
    judge: Callable[[Applied], Decision],
    complete: Callable[[LedgerEntry, Applied, Publish], LedgerEntry],
) -> Judged:
    """Apply and judge; commit what the judge publishes, roll back everything else.

    Raises StaleGeneration, DatabaseBusy and the other DatabaseErrors; then nothing was changed.
    """
    claimed = False
    try:
        with load.stage.publishing(f"publish {load.ref}") as transaction:
            claim(connection, load.ref, load.entry)
            claimed = True
            applied = _apply(database, connection, load)
            decision = judge(applied)
            if not isinstance(decision, Publish):
                transaction.rollback()
                return Judged(decision, applied)
            entry = complete(load.entry, applied, decision)
            amend(connection, load.ref, entry)
    except DatabaseUnreachable:
        # The connection may have broken after COMMIT took effect: the ledger knows.
        if claimed and (found := _committed(database, load)):
            return Judged(Publish(found.verdict), applied, found)
        raise
    if applied.changes.written > max(MANY, applied.rows * MUCH):
        _refresh_statistics(database, connection, load.stage)
    return Judged(decision, applied, entry)


def _refresh_statistics(database: Database, connection: sa.Connection, stage: Stage) -> None:
    """The next delta is planned by what the database knows of the table; the load itself is committed already."""
    with suppress(DatabaseError), database.transaction(connection, "refresh statistics", temporary=True):
        database.dialect.analyze(connection, stage.target.table)


def _apply(database: Database, connection: sa.Connection, load: Publication) -> Applied:
    became = load.stage.become(connection)
    changes = Changes() if became else apply_stage(connection, database.dialect, load.stage, load.how)
    put_aside = quarantine(
        connection, load.ref, load.stage, load.rejects, full=load.how.full, now=load.entry.started_at
    )
    rows = connection.execute(Statements(database.dialect, load.stage, load.how).count_rows()).scalar_one()
    made = Changes(inserted=int(rows)) if became else changes
    return Applied(made, rows=int(rows), quarantined=put_aside, digest=load.digest(connection, int(rows)))


def _committed(database: Database, load: Publication) -> LedgerEntry | None:
    """What the ledger says once nobody can change it any more.

    A COMMIT that was sent may take effect after we have lost sight of it: who claims again waits for its end.
    """
    doing = "read the ledger after a lost connection"
    try:
        with database.connection(doing) as connection, database.transaction(connection, doing) as transaction:
            claim(connection, load.ref, load.entry)
            transaction.rollback()
        return None
    except StaleGeneration:
        with database.reading(doing) as connection:
            found = read_entry(connection, load.ref)
    mine = found is not None and found.run_id == load.entry.run_id and found.generation == load.entry.generation
    return found if mine else None

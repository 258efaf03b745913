"""Record what every run did, and how it failed; never in the transaction of the load itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.history.errors import BOOKS, write
from focus_assets.model.failure import Failure
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.stamps import stamp, text_of
from focus_assets.model.verdict import Verdict

RUNS = BOOKS.table(
    "_focus_runs",
    key=("run_id",),
    columns={
        "source": sa.Text,
        "service": sa.Text,
        "resource": sa.Text,
        "partition": sa.Text,
        "load": sa.Text,
        "reason": sa.Text,
        "healed": sa.Boolean,
        "inserted": sa.BigInteger,
        "updated": sa.BigInteger,
        "deleted": sa.BigInteger,
        "unchanged": sa.BigInteger,
        "rows": sa.BigInteger,
        "total_items": sa.BigInteger,
        "quarantined": sa.BigInteger,
        "verdict": sa.Text,
        "generation": sa.BigInteger,
        "watermark": sa.Text,
        "fetched": sa.BigInteger,
        "body_bytes": sa.BigInteger,
        "started_at": sa.Text,
        "seconds": sa.Double,
        "notes": sa.Text,
        "error": sa.Text,
    },
)


@dataclass(frozen=True, slots=True)
class Summary:
    """How the runs of some time ended, and the latest error of each partition that last failed."""

    runs: int
    failed: int
    by_error: dict[str, int]


def record(database: Database, outcome: Outcome, failure: Failure | None, *, days: int) -> None:
    """Write one run down, and the error that it ended with, which is kept for so many days; raises DatabaseError."""
    BOOKS.ensure(database)
    with database.writing("record the run") as connection:
        connection.execute(sa.insert(RUNS), _run_row(outcome))  # `values` would build an expression of each
        if failure is not None:
            write(connection, failure, outcome.run_id, days=days, of=outcome.ref)


def failure_of(outcome: Outcome) -> Failure | None:
    """The error that a run ended with, and what the run was doing."""
    if outcome.error is None:
        return None
    ended = stamp(outcome.started_at).micros + round(outcome.seconds * 1e6)
    context = {"load": outcome.load, "reason": outcome.reason, "service": outcome.ref.service}
    return Failure.of(outcome.error, text_of(ended), context)


def recent(database: Database, *, limit: int = 50, source: str | None = None) -> Sequence[sa.RowMapping]:
    """The latest runs, newest first."""
    BOOKS.ensure(database)
    query = sa.select(RUNS).order_by(RUNS.c.started_at.desc(), RUNS.c.run_id).limit(limit)
    if source is not None:
        query = query.where(RUNS.c.source == source)
    with database.reading("read the history") as connection:
        return connection.execute(query).mappings().all()


def summary(database: Database) -> Summary:
    """How many runs there were, how many failed, and of what."""
    BOOKS.ensure(database)
    by_error = sa.select(RUNS.c.error, sa.func.count()).group_by(RUNS.c.error)
    with database.reading("summarise the history") as connection:
        counts = {name: int(count) for name, count in connection.execute(by_error)}
    failed = {name: count for name, count in counts.items() if name}
    return Summary(runs=sum(counts.values()), failed=sum(failed.values()), by_error=failed)


def given_up(database: Database) -> set[tuple[str, str, str]]:
    """The partitions (source, resource, partition) whose last run ended `diverged`: the ledger does not tell."""
    BOOKS.ensure(database)
    whose = (RUNS.c.source, RUNS.c.resource, RUNS.c.partition)
    place = sa.func.row_number().over(partition_by=whose, order_by=[RUNS.c.started_at.desc(), RUNS.c.run_id])
    ranked = sa.select(*whose, RUNS.c.verdict, place.label("place")).subquery()
    query = sa.select(ranked.c.source, ranked.c.resource, ranked.c.partition).where(
        ranked.c.place == 1, ranked.c.verdict == Verdict.DIVERGED.value
    )
    with database.reading("look for what was given up") as connection:
        return {(row.source, row.resource, row.partition) for row in connection.execute(query)}


def fruitless_heals(database: Database, ref: PartitionRef, *, since: str) -> int:
    """How many full diffs a mismatch forced on a partition since then (canonical timestamp) and ended unequal."""
    BOOKS.ensure(database)
    unequal = sa.or_(RUNS.c.error == "Incomplete", RUNS.c.verdict == Verdict.DIVERGED.value)
    query = sa.select(sa.func.count()).where(
        RUNS.c.source == ref.source,
        RUNS.c.resource == ref.resource,
        RUNS.c.partition == ref.partition,
        RUNS.c.started_at >= since,
        RUNS.c.healed,
        unequal,
    )
    with database.reading("count the heals") as connection:
        return int(connection.execute(query).scalar_one())


def _run_row(outcome: Outcome) -> dict[str, object]:
    ref, changes = outcome.ref, outcome.changes
    return {
        "run_id": outcome.run_id,
        "source": ref.source,
        "service": ref.service,
        "resource": ref.resource,
        "partition": ref.partition,
        "load": outcome.load,
        "reason": outcome.reason,
        "healed": outcome.healed,
        "inserted": changes.inserted,
        "updated": changes.updated,
        "deleted": changes.deleted,
        "unchanged": changes.unchanged,
        "rows": outcome.rows,
        "total_items": outcome.total_items,
        "quarantined": outcome.quarantined,
        "verdict": outcome.verdict.value if outcome.verdict else None,
        "generation": outcome.generation,
        "watermark": outcome.watermark,
        "fetched": outcome.fetched,
        "body_bytes": outcome.body_bytes,
        "started_at": outcome.started_at,
        "seconds": outcome.seconds,
        "notes": "\n".join(outcome.notes),
        "error": type(outcome.error).__name__ if outcome.error else None,
    }

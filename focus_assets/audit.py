"""Compare a partition of the mirror with its server, changing nothing; and foresee what a run would do."""

from __future__ import annotations

import json
from dataclasses import dataclass

from focus_assets.database.open import Database
from focus_assets.database.tables import mirrored
from focus_assets.database.threads import in_thread
from focus_assets.load.ledger import entries, read_entry
from focus_assets.mirror import prepare
from focus_assets.model.audit import Audit
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.plan import FullLoad, Plan, plan_load
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.state import Bracket
from focus_assets.model.wish import AS_PLANNED, Wish
from focus_assets.run import Run, Tools
from focus_assets.sources.source import Source
from focus_assets.verify.counts import count_rows

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Foresight:
    """What the next run would do, and how many lines it would fetch as far as the server tells (None: it does not)."""

    ref: PartitionRef
    plan: Plan
    lines: int | None


async def audit(source: Source, database: Database, ref: PartitionRef) -> Audit:
    """COUNT(*) between two states of the server, again while these differ. Raises ApiError and DatabaseError."""
    run = Run(source, database, ref, wish=AS_PLANNED, tools=Tools())
    await prepare(run)
    before, entry = run.before, run.entry
    for _ in range(ROUNDS):
        rows = await in_thread(count_rows, database, run.target, ref.partition)
        bracket = Bracket(before, await run.state(None))
        before = bracket.after
        if bracket.before.total_items == bracket.after.total_items:
            break
    return Audit(
        ref=ref,
        rows=rows,
        quarantined=entry.quarantined if entry else 0,
        total_items=before.total_items,
        moving=bracket.before.total_items != bracket.after.total_items,
        entry=entry,
        keeps=run.terms.mode.keeps,
    )


async def recount(source: Source, database: Database, loaded: Outcome) -> Audit:
    """COUNT(*) now against the total with which a load has just ended: nobody is asked. Raises DatabaseError.

    Only for a load whose verdict is `counted` or `proven`: the server stood still at its end.
    """
    entry, rows = await in_thread(_entry, database, loaded.ref), None
    if entry is not None:
        target = mirrored(database, loaded.ref, ResourceSchema.from_json(json.loads(entry.schema)))
        rows = await in_thread(count_rows, database, target, loaded.ref.partition)
    return Audit(
        ref=loaded.ref,
        rows=rows,
        quarantined=entry.quarantined if entry else 0,
        total_items=loaded.total_items,
        moving=False,
        entry=entry,
        keeps=source.terms(loaded.ref.resource).mode.keeps,
    )


async def foresee(source: Source, database: Database, ref: PartitionRef, *, wish: Wish = AS_PLANNED) -> Foresight:
    """The plan of the next run, and how much it would fetch."""
    run = Run(source, database, ref, wish=wish, tools=Tools())
    await prepare(run)
    plan = plan_load(run.entry, run.circumstances())
    if isinstance(plan, FullLoad):
        return Foresight(ref, plan, run.first.total_items)
    feeds = (run.first.created, run.first.updated, run.first.deleted)
    known = [count for count in feeds if count is not None]
    return Foresight(ref, plan, sum(known) if len(known) == len(feeds) else None)


async def ledger_of(database: Database) -> dict[PartitionRef, LedgerEntry]:
    """Every partition's ledger entry."""
    return await in_thread(entries, database)


def _entry(database: Database, ref: PartitionRef) -> LedgerEntry | None:
    with database.reading("read the ledger") as connection:
        return read_entry(connection, ref)

"""Bring one partition of a resource up to date, and say what can be claimed of it. Read this first.

    configuration ─▶ source ─▶ stage ─▶ one transaction: apply, count, judge, ledger ─▶ verdict
                     client    database  └─ not what the server says? roll back, compare everything

`mirror` is the whole story; the functions below it are its sentences, in order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.database.tables import ensure, ensure_schema, mirrored
from focus_assets.database.threads import in_thread
from focus_assets.fetch import Fetched, fetch
from focus_assets.history.runs import failure_of, fruitless_heals, record
from focus_assets.load.apply import Apply
from focus_assets.load.ledger import BOOKS, read_entry
from focus_assets.load.publish import Applied, Judged, Publication, publish
from focus_assets.load.stage import Stage
from focus_assets.load.standing import Standing, look, refuse_lossy_drift, refuse_misfits
from focus_assets.model.errors import (
    DatabaseError,
    DeltaExpired,
    SchemaChanged,
    ShrinkRefused,
    UnknownResource,
)
from focus_assets.model.feed import Feed
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.plan import FullLoad, Plan, plan_load
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.state import Bracket
from focus_assets.model.verdict import (
    ConfirmShrink,
    Decision,
    Digest,
    GiveUp,
    Heal,
    Publish,
    Refuse,
    Verdict,
    judge,
)
from focus_assets.model.wish import AS_PLANNED, Wish
from focus_assets.run import Material, Run, Tools, stamp_text
from focus_assets.sources.source import Source
from focus_assets.verify.digests import digest_rows

SHRINK_PAUSE_SECONDS = 5.0


async def mirror(
    source: Source, database: Database, ref: PartitionRef, *, wish: Wish = AS_PLANNED, tools: Tools | None = None
) -> Outcome:
    """Bring one partition up to date and judge it.

    Never raises for what went wrong with the load: a failed run's outcome has no verdict, and carries the error.
    Rows and ledger are then as they were.
    """
    run = Run(source, database, ref, wish=wish, tools=tools or Tools())
    began = run.tools.clock.monotonic()
    with database.keeping():
        try:
            outcome = await _mirror(run)
        except Exception as error:  # noqa: BLE001 (whatever it is becomes the outcome)
            outcome = dataclasses.replace(run.so_far(), error=error)
        outcome = dataclasses.replace(outcome, seconds=run.tools.clock.monotonic() - began)
        return await _recorded(run, outcome)


async def _mirror(run: Run) -> Outcome:
    with ExitStack() as stack:
        await prepare(run)
        plan = run.plan = plan_load(run.entry, run.circumstances())
        await in_thread(_open_stage, run, stack, full=isinstance(plan, FullLoad))
        while True:
            material = await _fetch(run, plan)
            judged = await _judge(run, material)
            match judged.decision:
                case Publish(verdict):
                    return run.finished(material, judged, verdict)
                case Heal(reason):
                    plan = run.plan = FullLoad(reason, heals=True)
                    await in_thread(run.stage.clear, full=True)
                    run.notes.append(f"compared as a whole: {reason}")
                    run.before = await run.state(None)
                case GiveUp():
                    return run.given_up(material, judged)
                case Refuse(error):
                    raise error
                case ConfirmShrink():
                    raise AssertionError("a shrink is confirmed where it is judged")


async def prepare(run: Run) -> None:
    """Learn what there is: the ledger's row, the schema, the table, the server's state."""
    run.schema = await _schema(run)
    run.target = mirrored(run.database, run.ref, run.schema)
    run.entry, standing = await in_thread(_read_and_look, run)
    refuse_lossy_drift(standing, run.target)
    refuse_misfits(standing, run.target)
    run.stored_rows, run.stored_columns = standing.rows, standing.columns
    run.before = await run.state(run.since_watermark())
    run.first = run.before
    # clocks of several servers may differ by as much as the overlap makes up for
    run.not_before = run.server_start and run.server_start - run.overlap


def _open_stage(run: Run, stack: ExitStack, *, full: bool) -> None:
    constants = run.constants()
    if constants is not None:
        ensure_schema(run.database, run.target.table)
    elif added := [] if run.is_laid_out else ensure(run.database, run.target):
        run.notes.append(f"columns added: {', '.join(added)}")
    run.connection = stack.enter_context(run.database.connection(f"open {run.database.shown}"))
    run.stage = Stage(run.database, run.connection, run.target, constants)
    run.stage.clear(full=full)


async def _fetch(run: Run, plan: Plan) -> Material:
    """Stage a full load or a delta, and what changed meanwhile, until the server has said the same twice.

    The stage has been cleared for it.
    """
    try:
        return await _fetch_as_planned(run, plan)
    except DeltaExpired as expired:
        run.plan = FullLoad(f"the server no longer keeps that delta ({expired.problem})")
        await in_thread(run.stage.clear, full=True)
        return await _fetch_as_planned(run, run.plan)


async def _fetch_as_planned(run: Run, plan: Plan) -> Material:
    full, asked, fetched = isinstance(plan, FullLoad), run.asked(plan), Fetched()
    if full:
        fetched.absorb(await fetch(run.order(Feed.FULL), run.stage.fill_full))
        round_, news = Fetched(), None
    else:
        round_, news = await _fetch_round(run, asked, fetched)
    bracket = Bracket(run.before, await run.state(asked))
    material: Material | None = Material(plan, bracket, 0, news, fetched, round_.falls_short(bracket))
    while material and (settled := material).unsettled and asked:
        material = await _fetch_another(run, material, asked)
    await _refuse_moved_schema(run, fresh=full or fetched.total_lines > 0)
    return settled


async def _fetch_another(run: Run, material: Material, asked: str) -> Material | None:
    """One more round; None where a full load began before what the server keeps of changes."""
    try:
        round_, changed = await _fetch_round(run, asked, material.fetched)
    except DeltaExpired:
        if not material.full:
            raise
        run.notes.append("the server keeps its changes for too short a time to tell what changed during the load")
        return None
    bracket = Bracket(material.bracket.after, await run.state(asked))
    rounds, short = material.rounds + 1, round_.falls_short(bracket)
    # of a server that counts its lines, an answer without a count may be somebody else's
    news = None if material.fetched.counted and round_.uncounted(bracket) else changed
    return dataclasses.replace(material, bracket=bracket, rounds=rounds, news=news, short=short)


async def _fetch_round(run: Run, asked: str | None, fetched: Fetched) -> tuple[Fetched, int]:
    """Deletions first; when they have ended, what was created and updated; then the later word wins."""
    round_ = await fetch(run.order(Feed.DELETED, since=asked), run.stage.fill_deletes)
    round_.absorb(await fetch(run.order(Feed.CREATED, Feed.UPDATED, since=asked), run.stage.fill_upserts))
    if earlier := fetched.rejected_keys:
        fetched.release(await in_thread(run.stage.names, earlier))
    if aside := round_.rejected_keys:
        await in_thread(run.stage.set_aside, aside)
    fetched.absorb(round_)
    return round_, await in_thread(run.stage.fold)


async def _judge(run: Run, material: Material) -> Judged:
    """Apply and judge in one transaction; where the table would shrink, hear the server a second time."""
    heals_left = 0 if material.full else await _heals_left(run)
    judged = await in_thread(_publish, run, material, heals_left, False)
    if not isinstance(judged.decision, ConfirmShrink):
        return judged
    await _confirm_shrink(run, material, judged.applied)
    return await in_thread(_publish, run, material, heals_left, True)


async def _heals_left(run: Run) -> int:
    today = run.started_at[:10] + "T00:00:00.000000Z"
    used = await in_thread(fruitless_heals, run.database, run.ref, since=today)
    return max(0, run.terms.heals_per_day - used)


async def _confirm_shrink(run: Run, material: Material, applied: Applied) -> None:
    await run.tools.clock.sleep(SHRINK_PAUSE_SECONDS)
    held = applied.rows + applied.quarantined
    asked = run.asked(material.plan)
    again = Bracket(await run.state(asked), await run.state(asked))
    if again.agrees and again.totals[1] == held and run.terms.compare_total:
        run.notes.append(f"a drop to {applied.rows:,} rows was confirmed by the server")
        return
    before = run.entry.rows if run.entry else 0
    raise ShrinkRefused(before=before, after=applied.rows, reason="the server did not confirm it")


def _publish(run: Run, material: Material, heals_left: int, shrink_confirmed: bool) -> Judged:
    entry = run.entry_to_be(material)
    trusted = stamp_text(run.present + run.overlap)
    how = Apply(run.ref.partition, full=material.full, now=run.started_at, trusted_until=trusted, mode=run.terms.mode)
    load = Publication(run.ref, run.stage, how, entry, tuple(material.fetched.rejects), _digest_of(run, material))

    def weigh(applied: Applied) -> Decision:
        return judge(run.evidence(material, applied, heals_left, shrink_confirmed))

    return publish(run.database, run.connection, load, judge=weigh, complete=_complete)


def _digest_of(run: Run, material: Material) -> Callable[[sa.Connection, int], Digest | None]:
    """Compare digests where the server gave one that did not move, and there are not too many rows."""
    theirs = material.bracket.after.digest if material.bracket.agrees else None

    def compared(connection: sa.Connection, rows: int) -> Digest | None:
        if theirs is None or rows > run.terms.digest_rows:
            return None
        ours = digest_rows(connection, run.target, run.ref.partition)
        return Digest.EQUAL if ours == theirs else Digest.DIFFERENT

    return compared


def _complete(entry: LedgerEntry, applied: Applied, decision: Publish) -> LedgerEntry:
    proven_at = entry.server_time if decision.verdict is Verdict.PROVEN else entry.proven_at
    return dataclasses.replace(
        entry,
        rows=applied.rows,
        quarantined=applied.quarantined,
        verdict=decision.verdict,
        proven_at=proven_at,
        digest=applied.digest,
    )


async def _recorded(run: Run, outcome: Outcome) -> Outcome:
    """Write the run down; what cannot be written down is told with the outcome."""
    failure, keeping, notes = failure_of(outcome), run.tools.keeping, list(outcome.notes)
    try:
        if failure is not None and keeping.log is not None:
            await in_thread(keeping.log.write, failure, run_id=outcome.run_id, of=outcome.ref)
    except OSError as error:
        notes.append(f"this error is not in the log: {error.strerror}: {keeping.log and keeping.log.path}")
    try:
        await in_thread(record, run.database, outcome, failure, days=keeping.days)
    except DatabaseError as error:
        notes.append(f"this run is not in the history: {error}")
    return dataclasses.replace(outcome, notes=tuple(notes))


async def _schema(run: Run) -> ResourceSchema:
    schema = await run.source.schema(run.ref.resource)
    return schema if run.ref.partition else dataclasses.replace(schema, partitioned_by=None)


async def _refuse_moved_schema(run: Run, *, fresh: bool) -> None:
    moved = SchemaChanged(f"{run.ref.resource}: the schema changed during the load; nothing was published")
    try:
        now = await run.source.schema(run.ref.resource, fresh=fresh)
    except UnknownResource:
        raise moved from None
    if now.hash != dataclasses.replace(run.schema, partitioned_by=now.partitioned_by).hash:
        raise moved


def _read_and_look(run: Run) -> tuple[LedgerEntry | None, Standing]:
    """The ledger's row, then what stands: whoever loads meanwhile has claimed a generation that is none of ours."""
    BOOKS.ensure(run.database)
    with run.database.reading("read the ledger") as connection:
        entry = read_entry(connection, run.ref)
    return entry, look(run.database, run.ref, run.target)

"""Hold what one run has learned, and derive from it what the story asks for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from focus_assets.client.clock import Clock, SystemClock
from focus_assets.database.open import Database
from focus_assets.database.tables import SYNCED_AT, Mirrored
from focus_assets.fetch import Fetched, Order, Progress, refuse_stale, untold
from focus_assets.history.errors import Keeping
from focus_assets.load.publish import Applied, Judged
from focus_assets.load.stage import Stage
from focus_assets.model.errors import BadValue, DeltaExpired
from focus_assets.model.feed import Feed
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.marks import Marks
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.plan import Circumstances, DeltaLoad, FullLoad, Plan, instant
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.stamps import since
from focus_assets.model.state import Bracket, State
from focus_assets.model.verdict import SETTLING_ROUNDS, Evidence, Verdict, closes, settles
from focus_assets.model.wish import Wish
from focus_assets.sources.source import Source

OUR_CLOCK_MAY_LAG = timedelta(days=1)


def utc_now() -> datetime:
    """Our clock: for `_synced_at` and the history, never for a decision about data."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run uses of the world: time, sleep, names, somebody to tell how far it is, where errors are kept."""

    clock: Clock = field(default_factory=SystemClock)
    now: Callable[[], datetime] = utc_now
    new_run_id: Callable[[], str] = lambda: uuid.uuid4().hex
    progress: Progress = untold
    keeping: Keeping = field(default_factory=Keeping)


@dataclass(frozen=True, slots=True)
class Material:
    """A staged load and what the server said around it: ready to be judged.

    `rounds` further deltas were fetched, the last of which changed `news` keys (None: not known); it is `short`
    where one of its feeds brought fewer lines than the server says.
    """

    plan: Plan
    bracket: Bracket
    rounds: int
    news: int | None
    fetched: Fetched
    short: bool = False

    @property
    def full(self) -> bool:
        """Whether everything was fetched."""
        return isinstance(self.plan, FullLoad)

    @property
    def unsettled(self) -> bool:
        """Whether another delta could still tell more."""
        if self.rounds == SETTLING_ROUNDS:
            return False
        wanted = settles(self.bracket, self.rounds) or closes(self.bracket, full=self.full, rounds=self.rounds)
        return wanted or self.short


class Run:
    """What one run has learned so far."""

    entry: LedgerEntry | None = None
    schema: ResourceSchema
    target: Mirrored
    stored_rows: bool | None
    stored_columns: frozenset[str] = frozenset()
    first: State
    before: State
    not_before: datetime | None = None
    plan: Plan | None = None
    stage: Stage
    connection: sa.Connection

    def __init__(self, source: Source, database: Database, ref: PartitionRef, *, wish: Wish, tools: Tools) -> None:
        self.source, self.database, self.ref, self.wish, self.tools = source, database, ref, wish, tools
        self.run_id = tools.new_run_id()
        self.began = tools.now()
        self.started_at = stamp_text(self.began)
        self.terms = source.terms(ref.resource)
        self.overlap = timedelta(seconds=self.terms.overlap_seconds)
        self.notes: list[str] = []

    @property
    def server_start(self) -> datetime | None:
        """The server's clock before the first request for data."""
        return self.first.server_time

    @property
    def present(self) -> datetime:
        """What lies beyond it is the future: the server's clock; where it has none, ours, given a day for its error."""
        return self.server_start or self.began + OUR_CLOCK_MAY_LAG

    async def state(self, asked: str | None) -> State:
        """What the server says now; where it no longer keeps that delta, at least the total."""
        try:
            state = await self.source.state(self.ref, asked)
        except DeltaExpired:
            state = await self.source.state(self.ref, None)
        refuse_stale(state.server_time, self.not_before)
        return state

    @property
    def is_laid_out(self) -> bool:
        """Whether the table was there, with every column of the schema, when it was looked at."""
        return self.stored_columns.issuperset(column.name for column in self.target.table.columns)

    def circumstances(self) -> Circumstances:
        return Circumstances(
            schema_hash=self.schema.hash,
            key_hash=self.schema.key_hash,
            config_hash=hashlib.sha256(self.source.scope(self.ref).encode()).hexdigest()[:16],
            stored_rows=self.stored_rows,
            server_time=self.server_start,
            as_of=self.first.as_of,
            overlap_seconds=self.terms.overlap_seconds,
            full_every=self.terms.full_every,
            forced="it was asked for" if self.wish.full else None,
            has_deltas=self.terms.has_deltas,
            our_time=self.began,
            marks=self.terms.marks,
        )

    def constants(self) -> tuple[tuple[str, str], ...] | None:
        """What our own columns hold in a load whose table is not there yet; None where it is, or has to be first."""
        if self.stored_rows is not None or not self.database.dialect.stage_becomes_table:
            return None
        partition = self.target.partition
        ours = [] if partition is None else [(partition.name, self.ref.partition)]
        return (*ours, (SYNCED_AT.name, self.started_at))

    def order(self, *feeds: Feed, since: str | None = None) -> Order:
        # The header has whole seconds: what happened within its second is not the future.
        limit = self.present + timedelta(seconds=1)
        return Order(
            source=self.source,
            ref=self.ref,
            schema=self.schema,
            feeds=feeds,
            since=since,
            not_beyond=micros(limit) - 1,
            not_before=self.not_before,
            progress=self.tools.progress,
            packed=self.database.dialect.takes_packed,
        )

    def since_watermark(self) -> str | None:
        """The moment (or number) that a delta would ask from; None where there is none that can be asked from."""
        watermark = self.entry.watermark if self.entry else None
        if watermark is None or not self.terms.has_deltas:
            return None
        with suppress(BadValue):  # of another kind, from before the configuration was changed: the plan sees to it
            return self.terms.marks.since(watermark, self.terms.overlap_seconds)
        return None

    def asked(self, plan: Plan) -> str | None:
        """From when on to ask for changes: a delta's own beginning; in a full load what changed since it began."""
        if isinstance(plan, DeltaLoad):
            return plan.since
        if self.server_start is None or not self.terms.has_deltas or self.terms.marks is not Marks.TIMES:
            return None
        return since(stamp_text(self.server_start), self.terms.overlap_seconds)

    def evidence(self, material: Material, applied: Applied, heals_left: int, confirmed: bool) -> Evidence:
        return Evidence(
            bracket=material.bracket,
            rows=applied.rows,
            full=material.full,
            quarantined=applied.quarantined,
            rounds=material.rounds,
            news=material.news,
            short=material.short,
            committed_rows=self.entry.rows if self.entry else None,
            removed=applied.changes.deleted,
            accept_shrink=self.wish.accept_shrink,
            shrink_confirmed=confirmed,
            heals_left=heals_left,
            compare_total=self.terms.compare_total,
            keeps=self.terms.mode.keeps,
            staged=applied.changes.staged,
            digest=applied.digest,
            digest_before=self.entry.digest if self.entry else None,
        )

    def watermark(self, material: Material) -> str | None:
        """The server's high-water mark at the start, else the newest change time that was applied; a delta's never
        lies before the one that it asked from."""
        newest = material.fetched.newest
        mark = self.first.as_of if self._is_believable(self.first.as_of) else newest.wire if newest else None
        kept = None if material.full or self.entry is None else self.entry.watermark
        if kept and (mark is None or self.terms.marks.precedes(mark, kept)):
            return kept
        return mark

    def _is_believable(self, as_of: str | None) -> bool:
        return as_of is not None and instant(as_of) <= self.present + self.overlap + timedelta(seconds=1)

    def entry_to_be(self, material: Material) -> LedgerEntry:
        now = self.circumstances()
        server_time = stamp_text(self.server_start) if self.server_start else None
        return LedgerEntry(
            generation=self.entry.generation + 1 if self.entry else 1,
            rows=0,
            verdict=Verdict.UNVERIFIED,
            load="full" if material.full else "delta",
            schema=json.dumps(self.schema.to_json()),
            schema_hash=now.schema_hash,
            key_hash=now.key_hash,
            config_hash=now.config_hash,
            watermark=self.watermark(material),
            as_of=self.first.as_of,
            total_items=material.bracket.after.total_items,
            server_time=server_time,
            full_at=server_time or self.started_at if material.full else self.entry.full_at if self.entry else None,
            proven_at=self.entry.proven_at if self.entry else None,
            run_id=self.run_id,
            started_at=self.started_at,
            finished_at=stamp_text(self.tools.now()),
        )

    def so_far(self) -> Outcome:
        plan = self.plan
        return Outcome(
            ref=self.ref,
            run_id=self.run_id,
            load="" if plan is None else "full" if isinstance(plan, FullLoad) else "delta",
            reason=plan.reason if plan else "",
            healed=isinstance(plan, FullLoad) and plan.heals,
            started_at=self.started_at,
            notes=tuple(self.notes),
        )

    def finished(self, material: Material, judged: Judged, verdict: Verdict) -> Outcome:
        entry = judged.entry
        return dataclasses.replace(
            self.so_far(),
            changes=judged.applied.changes,
            rows=judged.applied.rows,
            quarantined=judged.applied.quarantined,
            total_items=material.bracket.after.total_items,
            verdict=verdict,
            digest=str(judged.applied.digest or ""),
            generation=entry.generation if entry else None,
            watermark=entry.watermark if entry else None,
            fetched=material.fetched.total_lines,
            skipped=self.terms.mode.keeps and not material.fetched.total_lines,
            body_bytes=material.fetched.size,
            written_by=self.stage.way_in,
            notes=(*self.notes, *self.remarks(material)),
        )

    def given_up(self, material: Material, judged: Judged) -> Outcome:
        held, total = judged.applied.rows + judged.applied.quarantined, material.bracket.after.total_items
        said = f"with this delta the mirror would hold {held:,} rows, the server says {total:,}; nothing was published"
        if material.short:
            said = "a feed brings fewer lines than the server says; nothing was published"
        return dataclasses.replace(
            self.so_far(),
            rows=self.entry.rows if self.entry else None,
            total_items=total,
            verdict=Verdict.DIVERGED,
            notes=(*self.notes, said, "today's full diffs did not mend it; the next scheduled one will try"),
        )

    def remarks(self, material: Material) -> list[str]:
        fetched, remarks = material.fetched, []
        if self.terms.mode.keeps and not fetched.total_lines:
            remarks.append("skipped: nothing came, and what is there was left as it is")
        if fetched.future:
            remarks.append(
                f"{fetched.future:,} lines are stamped later than the server's clock at the run's start; "
                "the watermark ignores them"
            )
        if fetched.unknown:
            remarks.append(f"lines have attributes that the schema lacks: {', '.join(sorted(fetched.unknown))}")
        if fetched.rejects:
            lines = "1 line was" if len(fetched.rejects) == 1 else f"{len(fetched.rejects):,} lines were"
            remarks.append(f"{lines} put aside in _focus_rejects")
        return remarks


def stamp_text(moment: datetime) -> str:
    """Canonical: UTC, microseconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

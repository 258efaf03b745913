"""Decide how to bring one partition up to date: a full load or a delta, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.marks import Marks
from focus_assets.model.stamps import since

CLOCKS_MAY_DIFFER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FullLoad:
    """Fetch everything and compare it by value."""

    reason: str
    heals: bool = False


@dataclass(frozen=True, slots=True)
class DeltaLoad:
    """Fetch what was created, updated and deleted from `since` on (the watermark less the overlap).

    A moment in UTC without a zone, or a number, as the resource's watermarks are.
    """

    since: str
    reason: str


Plan = FullLoad | DeltaLoad


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan is made from, beside the ledger.

    `stored_rows` says whether the table has rows of this partition, None where there is no table;
    `server_time` is the server's clock now, None where it does not tell; `our_time` is ours, for the schedule of full
    diffs of a server that does not.
    """

    schema_hash: str
    key_hash: str
    config_hash: str
    stored_rows: bool | None
    server_time: datetime | None
    as_of: str | None
    overlap_seconds: float
    full_every: timedelta | None = None
    forced: str | None = None
    has_deltas: bool = True
    our_time: datetime | None = None
    marks: Marks = Marks.TIMES


def plan_load(entry: LedgerEntry | None, now: Circumstances) -> Plan:
    """A delta where a full load has completed and nothing speaks against it, else a full load with the reason.

    Raises BadValue for a watermark in the ledger that is none of this kind.
    """
    if now.forced:
        return FullLoad(now.forced)
    if entry is None:
        return FullLoad("no full load has completed")
    if reason := _changed(entry, now) or _lost(entry, now) or _time_moved_back(entry, now) or _due(entry, now):
        return FullLoad(reason)
    if entry.watermark is None or not now.has_deltas:
        return FullLoad("there is no watermark to ask from" if now.has_deltas else "the source has no deltas")
    return DeltaLoad(now.marks.since(entry.watermark, now.overlap_seconds), "a full load has completed")


def _changed(entry: LedgerEntry, now: Circumstances) -> str:
    if entry.key_hash != now.key_hash:
        return "the primary key has changed"
    if entry.schema_hash != now.schema_hash:
        return "the schema has changed"
    if entry.config_hash != now.config_hash:
        return "the API's address, service or scope has changed"
    return ""


def _lost(entry: LedgerEntry, now: Circumstances) -> str:
    if now.stored_rows is None:
        return "the table is gone"
    if not now.stored_rows and entry.rows > 0:
        return f"the table is empty, the ledger says {entry.rows:,} rows"
    return ""


def _time_moved_back(entry: LedgerEntry, now: Circumstances) -> str:
    if entry.as_of and now.as_of and instant(now.as_of) < instant(entry.as_of):
        return f"the server's high-water mark moved back from {entry.as_of} to {now.as_of}"
    if not (entry.server_time and now.server_time):
        return ""
    behind = instant(entry.server_time) - now.server_time
    if behind > timedelta(seconds=now.overlap_seconds):
        return f"the server's clock moved back by {behind}"
    return ""


def _due(entry: LedgerEntry, now: Circumstances) -> str:
    present = now.server_time or now.our_time
    if not (now.full_every and present and entry.full_at):
        return ""
    age = present - instant(entry.full_at)
    if age < -CLOCKS_MAY_DIFFER:
        return f"the last full load is {-age} ahead of the clock"
    return f"the last full load is {age.days} days old" if age >= now.full_every else ""


def instant(text: str) -> datetime:
    """An aware datetime, for comparing and showing; never for storing or for a watermark."""
    return datetime.fromisoformat(since(text, 0) + "+00:00")

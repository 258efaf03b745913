"""Judge one country of an asset from what was found; pure, and it passes nothing that was not verified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from focus_assets.model.audit import Audit
from focus_assets.model.errors import FocusError
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.plan import instant
from focus_assets.model.schema import ResourceSchema, compare
from focus_assets.model.verdict import Verdict

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
NEVER_LOADED = "no load has completed yet: materialize this partition"
GRACE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a check passed, and the one sentence that says why."""

    passed: bool
    description: str
    severity: dg.AssetCheckSeverity = ERROR
    metadata: Mapping[str, Any] = field(default_factory=dict)


def judge_count(found: Audit | FocusError) -> Judgement:
    """The mirror's COUNT(*) against the server's total_items, both just now."""
    if isinstance(found, FocusError):
        return Judgement(False, f"it could not be compared: {type(found).__name__}: {found}", WARN)
    metadata = {
        "client_rows": found.rows,
        "server_total_items": found.total_items,
        "difference": found.difference,
        "quarantined": found.quarantined,
    }
    known = {name: value for name, value in metadata.items() if value is not None}
    passed, description, severity = _compared(found)
    return Judgement(passed, description, severity, known)


def _compared(found: Audit) -> tuple[bool, str, dg.AssetCheckSeverity]:
    if found.rows is None or found.entry is None:
        return False, NEVER_LOADED, ERROR
    if found.total_items is None:
        return False, "the server has no total to compare with", WARN
    both = f"{found.held:,} rows here, {found.total_items:,} at the server"
    if found.moving:
        return False, f"the server's total changed during every comparison: {both}", WARN
    return found.agrees, both if found.agrees else f"{both}: {found.difference:+,}", ERROR


def judge_content(
    entry: LedgerEntry | None, now: datetime, *, full_every_days: int | None, diverged: bool = False
) -> Judgement:
    """The last proof of the content, and its age; a count alone is a warning.

    `diverged` says that the last run gave up: it published nothing, so that the ledger cannot tell.
    """
    if entry is None:
        return Judgement(False, NEVER_LOADED)
    metadata: dict[str, Any] = {"verdict": entry.verdict.value, "last_full_load": entry.full_at or "never"}
    if diverged:
        return Judgement(False, "the counts differ, and today's full diffs did not mend it", ERROR, metadata)
    if entry.proven_at is None:
        return Judgement(False, f"never proven, only {entry.verdict.value}: run a full diff", WARN, metadata)
    age = now - instant(entry.proven_at)
    metadata |= {"proven_at": dg.MetadataValue.timestamp(instant(entry.proven_at)), "proof_age_hours": _hours(age)}
    since = "" if entry.verdict is Verdict.PROVEN else f", {entry.verdict.value} since"
    said = f"the content was proven {spell(age)} ago{since}"
    if full_every_days is not None and age > timedelta(days=full_every_days) + GRACE:
        return Judgement(False, f"{said}: longer than {full_every_days} days; run a full diff", WARN, metadata)
    return Judgement(True, said, metadata=metadata)


def judge_freshness(entry: LedgerEntry | None, now: datetime, *, fresh_for_hours: float) -> Judgement:
    """How long ago the last load was published."""
    if entry is None:
        return Judgement(False, NEVER_LOADED)
    loaded = instant(entry.finished_at)
    age = now - loaded
    metadata = {"loaded_at": dg.MetadataValue.timestamp(loaded), "age_hours": _hours(age)}
    fresh = age <= timedelta(hours=fresh_for_hours)
    said = f"last loaded {spell(age)} ago"
    return Judgement(fresh, said if fresh else f"{said}: more than {fresh_for_hours:g} hours", ERROR, metadata)


def judge_schema(snapshot: ResourceSchema, found: Mapping[str, ResourceSchema] | FocusError) -> Judgement:
    """The schema that Dagster shows against the server's."""
    if isinstance(found, FocusError):
        return Judgement(False, f"the server could not be asked: {type(found).__name__}: {found}", WARN)
    now = found.get(snapshot.name)
    if now is None:
        return Judgement(False, "the server no longer has this resource")
    drift = compare(snapshot, now)
    if not drift:
        return Judgement(True, "the same columns, types and key as at the server")
    lossy = drift.removed or drift.retyped or drift.key_changed
    said = f"{drift}. Materialize refresh_schema and reload the code location"
    return Judgement(False, said, ERROR if lossy else WARN, {"drift": str(drift)})


def spell(age: timedelta) -> str:
    """An age for people.

    >>> spell(timedelta(hours=50)), spell(timedelta(minutes=90)), spell(timedelta(seconds=5))
    ('2 days', '90 minutes', '5 seconds')
    """
    seconds = max(0, int(age.total_seconds()))
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds" if seconds != 1 else "1 second"


def _hours(age: timedelta) -> float:
    return round(age.total_seconds() / 3600, 2)

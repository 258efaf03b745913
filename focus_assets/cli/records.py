"""What a machine reads: one plain object a partition."""

from __future__ import annotations

from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef

Record = dict[str, object]


def outcome_record(outcome: Outcome) -> Record:
    """What `sync --json` prints; a failed one has no verdict."""
    changes = outcome.changes
    return {
        **partition_record(outcome.ref),
        "load": outcome.load or None,
        "inserted": changes.inserted,
        "updated": changes.updated,
        "deleted": changes.deleted,
        "unchanged": changes.unchanged,
        "rows": outcome.rows,
        "total_items": outcome.total_items,
        "verdict": outcome.verdict.value if outcome.verdict else None,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "error": error_record(outcome.error),
    }


def partition_record(ref: PartitionRef) -> Record:
    """Which partition; `country` is null for a resource that has none."""
    return {
        "source": ref.source,
        "resource": ref.resource,
        "partition": ref.partition,
        "country": ref.partition or None,
    }


def error_record(error: Exception | None) -> Record | None:
    """An error by its name and its sentence."""
    return None if error is None else {"type": type(error).__name__, "message": str(error)}

"""Reach what Dagster keeps but has no public call for; every private name of Dagster that is used stands here."""

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One check's result as the event log keeps it; `position` grows from event to event."""

    position: int
    subject: str
    passed: bool
    severity: str
    description: str
    run_id: str
    at: float


def evaluations_after(instance: dg.DagsterInstance, position: int) -> Iterator[Evaluated]:
    """Every check result after a position, oldest first, on every storage.

    `get_event_records` with such a cursor raises on SQLite, where the log is split by run.
    """
    while True:
        logs = instance.event_log_storage.get_logs_for_all_runs_by_log_id(
            after_cursor=position, dagster_event_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION, limit=_PAGE
        )
        for at, entry in sorted(logs.items()):
            yield _evaluated(at, entry)
        if len(logs) < _PAGE:
            return
        position = max(logs)


def _evaluated(position: int, entry: dg.EventLogEntry) -> Evaluated:
    event = entry.get_dagster_event()
    found = event.asset_check_evaluation_data
    parts = (found.asset_key.to_user_string(), found.partition or "")
    return Evaluated(
        position=position,
        subject=f"{'/'.join(part for part in parts if part)}: {found.check_name}",
        passed=found.passed,
        severity=found.severity.value,
        description=found.description or "",
        run_id=entry.run_id,
        at=entry.timestamp,
    )


def latest_materialization(
    instance: dg.DagsterInstance, key: dg.AssetKey, partition: str | None
) -> AssetCheckEvaluationTargetMaterializationData | None:
    """What an evaluation is about, so that the UI shows it beside that materialization."""
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition] if partition else None)
    records = instance.fetch_materializations(wanted, limit=1).records
    if not records:
        return None
    record = records[0]
    return AssetCheckEvaluationTargetMaterializationData(
        run_id=record.run_id, storage_id=record.storage_id, timestamp=record.timestamp
    )

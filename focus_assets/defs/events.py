"""Read what Dagster remembers of checks and runs; what it has no public call for is reached here and nowhere else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from focus_assets.defs.alerts import Signal

FAILED = "failed"
"""The metadata of a failure that names the partitions which failed, each with its sentence."""

_PAGE = 500
_FIRST_LOOK_EVENTS = 50_000
_FIRST_LOOK = timedelta(days=7)
_LATE = timedelta(minutes=5)
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


@dataclass(frozen=True, slots=True)
class News:
    """What happened since a position, oldest first, and the position after it."""

    signals: list[Signal]
    position: Any


def check_results_after(instance: dg.DagsterInstance, position: int | None) -> News:
    """Every check result after a position, on every storage; None looks back over the latest events."""
    start = _first_position(instance) if position is None else position
    results = list(_results(instance, start))
    return News([signal for _, signal in results], results[-1][0] if results else start)


def _first_position(instance: dg.DagsterInstance) -> int:
    return max(0, (instance.event_log_storage.get_maximum_record_id() or 0) - _FIRST_LOOK_EVENTS)


def _results(instance: dg.DagsterInstance, position: int) -> Iterator[tuple[int, Signal]]:
    """`get_event_records` with such a cursor raises on SQLite, where the log is split by run."""
    while True:
        logs = instance.event_log_storage.get_logs_for_all_runs_by_log_id(
            after_cursor=position, dagster_event_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION, limit=_PAGE
        )
        for at, entry in sorted(logs.items()):
            yield at, _signal(entry)
        if len(logs) < _PAGE:
            return
        position = max(logs)


def _signal(entry: dg.EventLogEntry) -> Signal:
    found = entry.get_dagster_event().asset_check_evaluation_data
    asset = "/".join((*found.asset_key.path, *([found.partition] if found.partition else [])))
    return Signal(
        subject=f"{asset}: {found.check_name}",
        ok=found.passed,
        message=found.description or "",
        severity=found.severity.value,
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


def runs_ended_after(instance: dg.DagsterInstance, position: Any) -> News:
    """What the runs that ended since say of partitions and jobs; None looks back over the last days.

    A run may be stored a little after its end: the position keeps the runs of the last minutes, to know them again.
    """
    until, seen = (position["until"], set(position["seen"])) if position else (0.0, set[str]())
    since = datetime.fromtimestamp(until, UTC) - _LATE if position else datetime.now(UTC) - _FIRST_LOOK
    ended = [run for run in _ended_since(instance, since) if run.dagster_run.run_id not in seen]
    ended.sort(key=_end_of)
    latest = max([until, *map(_end_of, ended)])
    known = [run.dagster_run.run_id for run in _ended_since(instance, datetime.fromtimestamp(latest, UTC) - _LATE)]
    signals = [signal for run in ended for signal in _signals_of(instance, run)]
    return News(signals, {"until": latest, "seen": known})


def _ended_since(instance: dg.DagsterInstance, since: datetime) -> list[dg.RunRecord]:
    """Runs that ended since then; one that was only tagged since then is not news."""
    found = instance.get_run_records(dg.RunsFilter(statuses=_ENDED, updated_after=since))
    return [run for run in found if _end_of(run) >= since.timestamp()]


def _end_of(run: dg.RunRecord) -> float:
    return run.end_time or run.update_timestamp.timestamp()


def _signals_of(instance: dg.DagsterInstance, record: dg.RunRecord) -> list[Signal]:
    run, at = record.dagster_run, _end_of(record)
    done = [Signal(subject, True, "it was loaded", run.run_id, at) for subject in _materialized(instance, run.run_id)]
    if run.is_success:
        return [*done, Signal(_job_of(run), True, "it succeeded", run.run_id, at)]
    failed = _failed_partitions(instance, run.run_id) or {_job_of(run): "the run failed; its log says why"}
    return [*done, *(Signal(subject, False, said, run.run_id, at) for subject, said in failed.items())]


def _materialized(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    found = _events(instance, run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)
    materializations = [event.step_materialization_data.materialization for event in found]
    return ["/".join((*one.asset_key.path, one.partition or "")).rstrip("/") for one in materializations]


def _failed_partitions(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for event in _events(instance, run_id, dg.DagsterEventType.STEP_FAILURE):
        failure = event.step_failure_data.user_failure_data
        found = failure.metadata.get(FAILED) if failure is not None else None
        if isinstance(found, dg.JsonMetadataValue) and isinstance(found.value, dict):
            named |= found.value
    return named


def _events(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> Sequence[dg.DagsterEvent]:
    records = instance.get_records_for_run(run_id, of_type=kind).records
    return [record.event_log_entry.get_dagster_event() for record in records]


def _job_of(run: dg.DagsterRun) -> str:
    """A job's name; a run of assets is named by them and their partition."""
    assets = sorted(key.to_user_string() for key in run.asset_selection or ())
    partition = run.tags.get("dagster/partition")
    return " ".join([", ".join(assets) or f"job {run.job_name}", *([partition] if partition else [])])


def busy_partitions(instance: dg.DagsterInstance) -> set[str]:
    """The partitions (`source/resource/country`) that a run of our jobs is loading or will load."""
    runs = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    return {name for run in runs for name in partitions_in(run.run_config)}


def partitions_in(configuration: Any) -> set[str]:
    """The partitions that a run's configuration names."""
    ops = configuration.get("ops", {}) if isinstance(configuration, dict) else {}
    return {name for op in ops.values() for name in op.get("config", {}).get("partitions", ())}

"""Load by the clock: deltas of everything, and every night the full diffs whose proof is oldest."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from focus_assets.config import Config, Schedules
from focus_assets.defs.catalog import BATCH, Catalog, batches
from focus_assets.defs.errors import error_history_schedule
from focus_assets.defs.events import busy_partitions
from focus_assets.defs.jobs import FULL_DIFF, MIRROR_PARTITIONS, oldest_proof_first, run_config
from focus_assets.defs.resources import effective, resource_keys
from focus_assets.defs.work import read_ledger
from focus_assets.model.partition import PartitionRef

Requests = Iterator[dg.RunRequest | dg.SkipReason]


def build_schedules(catalog: Catalog, *, running: bool) -> list[dg.ScheduleDefinition]:
    """The schedules of the configuration; one that is null there does not exist."""
    schedules = catalog.config.schedules
    found = []
    if schedules.delta:
        found.append(delta_schedule(catalog, schedules.delta, running=running))
    if schedules.full_diff:
        found.append(full_diff_schedule(catalog, schedules.full_diff, running=running))
    if schedules.count_errors:
        found.append(error_history_schedule(**when(catalog.config, schedules.count_errors, running=running)))
    return found


def delta_schedule(catalog: Catalog, cron: str, *, running: bool) -> dg.ScheduleDefinition:
    """Every partition, in runs of a batch each."""

    @dg.schedule(
        name="delta",
        description="Brings every partition up to date.",
        job_name=MIRROR_PARTITIONS,
        **when(catalog.config, cron, running=running),
    )
    def delta(context: dg.ScheduleEvaluationContext) -> Requests:
        yield from requests(context, MIRROR_PARTITIONS, catalog.refs)

    return delta


def full_diff_schedule(catalog: Catalog, cron: str, *, running: bool) -> dg.ScheduleDefinition:
    """So many partitions a night, the oldest proof first; one run where they share a budget."""
    schedules = catalog.config.schedules
    budget, costs = schedules.full_diff_partitions_per_night, costs_of(schedules)

    @dg.schedule(
        name="nightly_full_diff",
        description=f"Compares at most {budget} partitions as a whole: those whose last proof is oldest.",
        job_name=FULL_DIFF,
        required_resource_keys=resource_keys(catalog.config),
        **when(catalog.config, cron, running=running),
    )
    def nightly_full_diff(context: dg.ScheduleEvaluationContext) -> Requests:
        ledger = read_ledger(effective(catalog.config, context.resources))
        refs = oldest_proof_first(catalog.refs, ledger)[:budget]
        yield from requests(context, FULL_DIFF, refs, size=budget if costs else BATCH, **costs)

    return nightly_full_diff


def costs_of(schedules: Schedules) -> dict[str, int]:
    """What a night's full diffs may cost, as their op is told; what is not bounded is left out."""
    bounds = {"requests": schedules.full_diff_requests_per_night, "bytes": schedules.full_diff_bytes_per_night}
    return {name: most for name, most in bounds.items() if most}


def requests(
    context: dg.ScheduleEvaluationContext, job: str, refs: Sequence[PartitionRef], *, size: int = BATCH, **more: int
) -> Requests:
    """A run for each so many of those that no run is at already; `more` is what its op is told besides."""
    busy = busy_partitions(context.instance)
    idle = [ref for ref in refs if str(ref) not in busy]
    if not idle:
        yield dg.SkipReason("every partition is being loaded already" if refs else "there is nothing to load yet")
    for number, batch in enumerate(batches(idle, size), 1):
        key = f"{context.scheduled_execution_time.isoformat()}|{number}"
        yield dg.RunRequest(run_key=key, run_config=run_config(job, batch, **more))


def when(config: Config, cron: str, *, running: bool) -> dict[str, Any]:
    """What all schedules are told of the clock."""
    status = dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
    return {
        "cron_schedule": cron,
        "execution_timezone": config.schedules.timezone,
        "default_status": status,
    }

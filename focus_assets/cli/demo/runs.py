"""Run the project's own Dagster definitions in this process, on the instance of `.focus/dagster`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.instance.ref import InstanceRef

from focus_assets.config import Config
from focus_assets.definitions import build_definitions
from focus_assets.defs.catalog import Catalog
from focus_assets.defs.jobs import FULL_DIFF

# What failed is told from the history; Dagster's log of it would bury that.
_QUIET: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
# Dagster would start two processes a run to copy what the steps print, which is nothing.
_NO_LOGS = {
    "compute_logs": {"module": "dagster.core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
}
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


@contextmanager
def opened(config: Config, home: Path) -> Iterator[Runs]:
    """Ready to run, with the instance of that DAGSTER_HOME."""
    reference = InstanceRef.from_dir(str(home), overrides=_NO_LOGS)
    with _unsynced(home), dg.DagsterInstance.from_ref(reference) as instance:
        yield Runs(config, instance)


@contextmanager
def _unsynced(home: Path) -> Iterator[None]:
    """Dagster's SQLite waits for the disk at every event; the events of a demo need not survive a power cut."""

    def relax(connection: Any, _record: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        files = [row[2] for row in connection.execute("PRAGMA database_list")]
        if all(Path(file).is_relative_to(home) for file in files):
            connection.execute("PRAGMA synchronous = OFF")

    sa.event.listen(sa.Engine, "connect", relax)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "connect", relax)


class Runs:
    """The definitions of one configuration, and an instance that remembers their runs."""

    def __init__(self, config: Config, instance: dg.DagsterInstance) -> None:
        self._catalog, self._definitions, self._instance = Catalog.of(config), build_definitions(config), instance

    def materialize_everything(self) -> bool:
        """Every asset over the range of its countries; one run for all that have the same ones."""
        job = self._definitions.resolve_implicit_global_asset_job_def()
        succeeded = True
        for countries, keys in self._by_countries().items():
            tags = dict(zip(_RANGE, (countries[0], countries[-1]), strict=True))
            succeeded = self._run(job, asset_selection=keys, tags=tags) and succeeded
        return succeeded

    def full_diff(self) -> bool:
        """The job that compares every partition by value."""
        return self._run(self._definitions.resolve_job_def(FULL_DIFF))

    def _run(self, job: dg.JobDefinition, **how: Any) -> bool:
        result = job.execute_in_process(instance=self._instance, run_config=_QUIET, raise_on_error=False, **how)
        if any(_was_interrupted(event) for event in result.all_events):
            raise KeyboardInterrupt
        return result.success

    def _by_countries(self) -> dict[tuple[str, ...], list[dg.AssetKey]]:
        found: dict[tuple[str, ...], list[dg.AssetKey]] = {}
        for item in self._catalog.items:
            found.setdefault(item.names, []).append(item.key)
        return found


def _was_interrupted(event: dg.DagsterEvent) -> bool:
    """Dagster takes Ctrl-C for a step's failure."""
    error = event.step_failure_data.error if event.is_step_failure else None
    return error is not None and error.cls_name == DagsterExecutionInterruptedError.__name__

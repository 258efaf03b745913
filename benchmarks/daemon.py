"""Run Dagster's daemon on a mirror, in a folder such as a user has, and tell of the runs that it made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from benchmarks.meter import CommandFailed
from focus_assets.cli.dev import end_group
from focus_assets.cli.instance import SETTINGS, dagster_home
from focus_assets.defs.events import partitions_in

PROJECT = Path(__file__).parents[1]
WORKSPACE = "workspace.yaml"
LOAD = (sys.executable, "-c", "import sys; from focus_assets.cli import main; sys.exit(main(['sync']))")
DAEMON = (sys.executable, "-m", "dagster._daemon", "run", "-w", WORKSPACE)
LOAD_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: the partitions that it was told, and its times in seconds since 1970."""

    job: str
    status: str
    partitions: Sequence[str]
    created: float
    started: float | None
    ended: float | None


class Home:
    """A folder with focus.yaml and the project's own settings of Dagster."""

    def __init__(self, folder: Path, configuration: str) -> None:
        self.folder, self.configured = folder, folder / "focus.yaml"
        self._log = folder / "daemon.log"
        self.configured.write_text(configuration, encoding="utf-8")
        for name in (SETTINGS, WORKSPACE):
            shutil.copyfile(PROJECT / name, folder / name)
        self._dagster = str(dagster_home(folder, {}))
        self._environ = {
            **os.environ,
            "DAGSTER_HOME": self._dagster,
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "FOCUS_CONFIG": str(self.configured),
        }

    def load(self) -> None:
        """The first load of everything; raises CommandFailed."""
        done = subprocess.run(
            LOAD, cwd=self.folder, env=self._environ, capture_output=True, text=True, timeout=LOAD_SECONDS, check=False
        )
        if done.returncode:
            raise CommandFailed(f"the first load ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr}")

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon with its code server; at the end neither is left."""
        with self._log.open("wb") as log:
            child = subprocess.Popen(
                DAEMON, cwd=self.folder, env=self._environ, stdout=log, stderr=log, start_new_session=True
            )
            try:
                yield child
            finally:
                end_group(child)

    def said(self) -> str:
        """The daemon's last lines."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def runs(self) -> list[Ran]:
        """Every run, the oldest first."""
        with dg.DagsterInstance.from_config(self._dagster) as instance:
            return sorted(map(_ran, instance.get_run_records()), key=lambda run: run.created)


def _ran(record: dg.RunRecord) -> Ran:
    run = record.dagster_run
    partitions = sorted(partitions_in(run.run_config))
    created = record.create_timestamp.timestamp()
    return Ran(run.job_name, run.status.value, partitions, created, record.start_time, record.end_time)

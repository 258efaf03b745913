"""Dagster accepts both dagster.yaml files, and keeps its runs where they say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import yaml
from sqlalchemy.engine import make_url

DIFFERENT = {"storage"}


@dg.op
def three() -> int:
    return 3


@dg.job(executor_def=dg.in_process_executor)
def small() -> None:
    three()


@contextmanager
def instance_of(settings: Path, home: Path) -> Iterator[dg.DagsterInstance]:
    home.mkdir()
    shutil.copy(settings, home / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def remembers_a_run(instance: dg.DagsterInstance) -> bool:
    result = small.execute_in_process(instance=instance)
    records = instance.get_run_records(dg.RunsFilter(run_ids=[result.run_id]))
    return [record.dagster_run.status for record in records] == [dg.DagsterRunStatus.SUCCESS]


def test_the_embedded_instance_keeps_its_runs_under_its_home(root: Path, tmp_path: Path) -> None:
    with instance_of(root / "dagster.yaml", tmp_path / "home") as instance:
        assert remembers_a_run(instance)
        assert instance.nux_enabled is False
        assert instance.telemetry_enabled is False
        assert instance.run_retries_enabled is True
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 4
        assert instance.run_coordinator.dequeue_interval_seconds == 1
    assert (tmp_path / "home" / "history" / "runs.db").exists()


def test_the_instance_on_postgres_keeps_its_runs_there(
    root: Path, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(postgres_url).set(drivername="postgresql+psycopg2")
    monkeypatch.setenv("FOCUS_DAGSTER_URL", url.render_as_string(hide_password=False))
    with instance_of(root / "deploy" / "postgres" / "dagster.yaml", tmp_path / "home") as instance:
        assert remembers_a_run(instance)
    assert not (tmp_path / "home" / "history").exists()


def test_the_two_differ_in_their_storage_alone(root: Path) -> None:
    embedded = yaml.safe_load((root / "dagster.yaml").read_text(encoding="utf-8"))
    postgres = yaml.safe_load((root / "deploy" / "postgres" / "dagster.yaml").read_text(encoding="utf-8"))
    assert embedded == {key: value for key, value in postgres.items() if key not in DIFFERENT}

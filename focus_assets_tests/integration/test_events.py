"""What Dagster remembers of checks and runs is read alike from SQLite, which splits its log, and from PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy.engine import make_url

from focus_assets.defs.alerts import Signal
from focus_assets.defs.events import (
    FAILED,
    busy_partitions,
    check_results_after,
    latest_materialization,
    runs_ended_after,
)

KEY = dg.AssetKey(["retail", "promotions"])


@pytest.fixture(params=["sqlite", "postgres"])
def instance(
    request: pytest.FixtureRequest, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    settings = root / "dagster.yaml"
    if request.param == "postgres":
        settings = root / "deploy" / "postgres" / "dagster.yaml"
        url = make_url(request.getfixturevalue("postgres_url")).set(drivername="postgresql+psycopg2")
        monkeypatch.setenv("FOCUS_DAGSTER_URL", url.render_as_string(hide_password=False))
    shutil.copy(settings, tmp_path / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(tmp_path)) as found:
        yield found


def run(instance: dg.DagsterInstance, *events: object, failed: dict[str, str] | None = None) -> str:
    """One run that yields these events, and then fails for these partitions."""

    @dg.op
    def work() -> Iterator[object]:
        yield from events
        if failed is not None:
            raise dg.Failure("it failed", metadata={FAILED: failed})
        yield dg.Output(None)

    @dg.job(executor_def=dg.in_process_executor)
    def sync() -> None:
        work()

    return sync.execute_in_process(instance=instance, raise_on_error=False).run_id


def evaluation(country: str, *, passed: bool) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(KEY, "count", passed, description="because", partition=country)


def told(found: list[Signal]) -> list[tuple[str, bool]]:
    return [(signal.subject, signal.ok) for signal in found]


def test_check_results_are_read_once_and_in_order_over_many_runs(instance: dg.DagsterInstance) -> None:
    first = run(instance, evaluation("DE", passed=True), evaluation("FR", passed=False))
    news = check_results_after(instance, None)
    assert told(news.signals) == [("retail/promotions/DE: count", True), ("retail/promotions/FR: count", False)]
    assert {(signal.message, signal.run_id) for signal in news.signals} == {("because", first)}

    assert check_results_after(instance, news.position).signals == []
    run(instance, evaluation("FR", passed=True))
    later = check_results_after(instance, news.position)
    assert told(later.signals) == [("retail/promotions/FR: count", True)]
    assert later.position > news.position


def test_ended_runs_tell_of_partitions_and_jobs_once(instance: dg.DagsterInstance) -> None:
    before = runs_ended_after(instance, None)
    assert before.signals == []
    loaded = dg.AssetMaterialization(KEY, partition="DE")
    run(instance, loaded, failed={"retail/promotions/FR": "PermissionDenied: no right"})
    news = runs_ended_after(instance, before.position)
    assert told(news.signals) == [("retail/promotions/DE", True), ("retail/promotions/FR", False)]
    assert news.signals[1].message == "PermissionDenied: no right"

    assert runs_ended_after(instance, news.position).signals == []
    run(instance)
    assert told(runs_ended_after(instance, news.position).signals) == [("job sync", True)]


def test_a_run_that_was_only_tagged_later_is_no_news(instance: dg.DagsterInstance) -> None:
    run_id = run(instance, failed={"retail/promotions/FR": "no"})
    position = runs_ended_after(instance, None).position
    instance.add_run_tags(run_id, {"looked": "at"})
    assert runs_ended_after(instance, position).signals == []


def test_the_partitions_of_a_run_at_work_are_busy(instance: dg.DagsterInstance) -> None:
    config = {"ops": {"mirror": {"config": {"partitions": ["retail/promotions/DE"]}}}}
    instance.create_run_for_job(_job(), run_config=config, status=dg.DagsterRunStatus.STARTED)
    instance.create_run_for_job(_job(), run_config=config, status=dg.DagsterRunStatus.SUCCESS)
    assert busy_partitions(instance) == {"retail/promotions/DE"}


def test_an_evaluation_finds_what_it_is_about(instance: dg.DagsterInstance) -> None:
    assert latest_materialization(instance, KEY, "DE") is None
    run_id = run(instance, dg.AssetMaterialization(KEY, partition="DE"), dg.AssetMaterialization(KEY, partition="FR"))
    found = latest_materialization(instance, KEY, "DE")
    assert found is not None
    assert found.run_id == run_id


def _job() -> dg.JobDefinition:
    @dg.op(config_schema={"partitions": [str]})
    def mirror() -> None: ...

    @dg.job(executor_def=dg.in_process_executor)
    def sync() -> None:
        mirror()

    return sync

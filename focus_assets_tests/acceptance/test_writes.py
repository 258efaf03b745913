"""Dagster works off what writes owe, and shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import dagster as dg
import pytest

from focus_assets.config import Kafka
from focus_assets.defs.resources import resources_of
from focus_assets.sandbox.cluster import ClusterNode, Whim
from focus_assets.sandbox.exchange import json_response
from focus_assets.writeback.intent import Intent, State
from focus_assets.writeback.open import open_writer
from focus_assets.writeback.writes import create, delete
from focus_assets_tests.acceptance.conftest import Site
from focus_assets_tests.integration.writeback.scene import Scene, cluster
from focus_assets_tests.passing import pass_by


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two nodes."""
    with cluster(tmp_path, f"sqlite:///{tmp_path / 'data' / 'focus.db'}") as made:
        yield made


@pytest.fixture
def writing(site: Site, scene: Scene) -> Site:
    """The mirror's site with a cluster that takes writes."""
    return site.at(site.config.model_copy(update={"writeback": scene.config.writeback}))


def write(site: Site, name: str) -> Intent:
    async def work() -> Intent:
        async with open_writer(site.config) as writer:
            return await create(writer, name, {"description": f"the group {name}"})

    return anyio.run(work)


def erase(site: Site, group: Intent) -> Intent:
    async def work() -> Intent:
        async with open_writer(site.config) as writer:
            return (await delete(writer, group.key, group.target))[0]

    return anyio.run(work)


def drain(site: Site) -> tuple[dict[str, Any], dg.AssetCheckEvaluation]:
    """What a run of the job shows."""
    result = site.run("drain_writes")
    assert result.success
    (materialized,) = result.asset_materializations_for_node("intents")
    (check,) = result.get_asset_check_evaluations()
    return {name: value.value for name, value in materialized.metadata.items()}, check


def asked(site: Site) -> int:
    """How many runs one tick asks for."""
    sensor = site.defs.resolve_sensor_def("writes_due")
    with dg.build_sensor_context(instance=site.instance, resources=resources_of(site.config)) as context:
        return len(sensor.evaluate_tick(context).run_requests)


def test_who_writes_nothing_sees_nothing_of_it(site: Site) -> None:
    assert "intents" not in {key.to_user_string() for key in site.defs.resolve_asset_graph().get_all_asset_keys()}
    assert "writes_due" not in {sensor.name for sensor in site.defs.sensors or ()}


def test_a_tick_asks_for_a_run_only_while_a_write_is_due(writing: Site, scene: Scene) -> None:
    assert asked(writing) == 0
    assert write(writing, "alpha").state is State.DONE
    assert asked(writing) == 0
    scene.whim(Whim.FAILS_AFTER, node=1, methods=("POST",))
    assert write(writing, "beta").state is State.UNKNOWN
    assert asked(writing) == 1
    writing.instance.create_run_for_job(
        writing.defs.resolve_job_def("drain_writes"), status=dg.DagsterRunStatus.STARTED
    )
    assert asked(writing) == 0


def test_a_tick_asks_again_for_what_a_run_was_to_check_and_did_not(writing: Site) -> None:
    writing.instance.create_run_for_job(
        writing.defs.resolve_job_def("drain_writes"), status=dg.DagsterRunStatus.FAILURE
    )
    assert asked(writing) == 1
    assert drain(writing)[1].passed
    assert asked(writing) == 0


def test_a_tick_asks_for_a_run_when_a_deletion_died_at_once(
    writing: Site, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write(writing, "alpha")
    with monkeypatch.context() as patched:
        patched.setattr(ClusterNode, "answer", lambda _node, _request: json_response(403, {"error": "no right"}))
        assert erase(writing, made).state is State.DEAD
    assert asked(writing) == 1
    assert drain(writing)[1].severity == dg.AssetCheckSeverity.ERROR
    assert asked(writing) == 0


def test_the_job_clears_what_the_cluster_applied_and_answered_500_to(
    writing: Site, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.whim(Whim.FAILS_AFTER, node=1, methods=("POST",))
    assert write(writing, "alpha").state is State.UNKNOWN
    assert scene.held == [["alpha"], ["alpha"]]
    shown, check = drain(writing)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert asked(writing) == 0
    assert scene.config.writeback is not None
    pass_by(monkeypatch, scene.config.writeback.lifetime_seconds + 1)
    assert asked(writing) == 1
    shown, check = drain(writing)
    assert (check.passed, shown["compensated"]) == (True, 1)
    assert scene.held == [[], []]
    assert (shown["unknown"], shown["oldest_age_seconds"], shown["most_attempts"]) == (0, 0, 0)


def test_ends_that_are_to_be_told_are_a_reason_for_a_run_too(writing: Site, kafka: Kafka) -> None:
    assert writing.config.writeback is not None
    telling = writing.at(
        writing.config.model_copy(update={"writeback": writing.config.writeback.model_copy(update={"kafka": kafka})})
    )
    assert write(telling, "alpha").state is State.DONE
    assert asked(telling) == 1
    shown, check = drain(telling)
    assert (shown["published_news"], shown["untold"], check.passed) == (1, 0, True)
    assert asked(telling) == 0


def test_a_dead_write_is_a_failing_check(writing: Site, scene: Scene) -> None:
    assert scene.config.writeback is not None
    scene.whim(Whim.FAILS_AFTER, node=1, methods=("POST",))
    write(writing, "alpha")
    gone = scene.config.writeback.model_copy(update={"nodes": {"node-9": scene.config.writeback.nodes["node-1"]}})
    shown, check = drain(writing.at(writing.config.model_copy(update={"writeback": gone})))
    assert (check.passed, check.severity, shown["dead"]) == (False, dg.AssetCheckSeverity.ERROR, 1)
    assert "focus writes replay" in (check.description or "")
    records = shown["left"]
    assert "it is no longer in the configuration" in str(records)

"""The code location loads whatever the API does, and holds what it says it holds."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from focus_assets.config import Config, load_config
from focus_assets.definitions import build_definitions, defs
from focus_assets.defs.snapshots import packaged_text
from focus_assets.defs.work import read_schemas
from focus_assets.model.errors import FocusError
from focus_assets.sources.snapshots import write_snapshot
from focus_assets_tests.acceptance.conftest import Site
from focus_assets_tests.conftest import Golden

NEWCOMER = {"base_url": "http://127.0.0.1:9", "auth": {"kind": "focus", "username": "me", "password": "secret"}}


def keys(defs: dg.Definitions) -> set[str]:
    return {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}


@pytest.fixture
def built_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    return load_config(None, {})


def test_a_newcomer_sees_the_sandboxs_assets_at_once(built_in: Config) -> None:
    assert {"retail/promotions", "retail/products", "reference/airports"} < keys(build_definitions(built_in))


def test_without_a_snapshot_it_loads_says_so_and_offers_to_get_one(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    newcomer = site.configured(retail=NEWCOMER)
    defs = build_definitions(newcomer)
    assert keys(defs) == {"error_history", "focus/retail/api", "focus/retail/refresh_schema"}
    assert "there is no schema snapshot of 'retail'" in caplog.text
    assert "refresh_schema" in caplog.text
    assert defs.resolve_job_def("mirror_everything")


def test_a_snapshot_that_cannot_be_read_does_not_stop_the_others(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    path = site.config.schema_path("retail")
    path.parent.mkdir(parents=True)
    path.write_text("{", encoding="utf-8")
    assert keys(site.defs) == {"error_history", "focus/retail/api", "focus/retail/refresh_schema"}
    assert "cannot be read" in caplog.text


def test_it_loads_from_the_snapshot_while_the_api_is_down_and_asks_nobody(site: Site) -> None:
    found = read_schemas(site.config, ["retail"])["retail"]
    assert not isinstance(found, FocusError)
    site.sandbox.log.clear()
    newcomer = site.configured(retail=NEWCOMER | {"base_url": site.server.url})
    write_snapshot(newcomer, "retail", found)
    assert "retail/promotions" in keys(build_definitions(newcomer))
    assert not site.sandbox.log
    assert "retail/promotions" in keys(build_definitions(site.configured(retail=NEWCOMER)))


def test_a_schedule_that_is_null_does_not_exist_and_running_switches_the_others_on(site: Site) -> None:
    config = site.configured(schedules={"delta": None, "running": True}, alerts={"webhook_url": "http://127.0.0.1:9/x"})
    defs = build_definitions(config)
    assert [found.name for found in defs.schedules or ()] == ["nightly_full_diff", "nightly_error_count"]
    started = [*(defs.schedules or ()), *(defs.sensors or ())]
    assert {found.default_status.value for found in started if hasattr(found, "default_status")} == {"RUNNING"}


def test_the_packaged_snapshot_is_the_sandboxs_own(site: Site, built_in: Config, golden: Golden) -> None:
    config = load_config(None, {"FOCUS_BASE_URL": site.server.url})
    found = read_schemas(config, ["retail", "reference"])
    schemas = {name: answer for name, answer in found.items() if not isinstance(answer, FocusError)}
    golden("focus_assets/defs/sandbox.json", packaged_text(schemas))


def test_the_definitions_are_what_they_were(built_in: Config, golden: Golden) -> None:
    golden("focus_assets_tests/golden/definitions.txt", "\n".join(described(build_definitions(built_in))) + "\n")


@pytest.mark.slow
def test_a_run_that_asks_for_the_definitions_again_gets_those_that_were_made() -> None:
    assert defs() is defs()


def test_dagster_validates_the_code_location(tmp_path: Path) -> None:
    environ = {**os.environ, "DAGSTER_HOME": str(tmp_path), "FOCUS_BASE_URL": "http://127.0.0.1:9"}
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-m", "focus_assets.definitions"]
    result = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "PreviewWarning" not in result.stderr
    assert "BetaWarning" not in result.stderr


def described(defs: dg.Definitions) -> Iterator[str]:
    yield "assets"
    yield from indented(assets(defs))
    yield "jobs"
    for name in sorted(job.name for job in defs.jobs or ()):
        yield f"  {name}: {defs.resolve_job_def(name).description}"
        yield from indented(f"  {line}" for line in settings(defs.resolve_job_def(name)))
    yield "schedules"
    for schedule in defs.schedules or ():
        assert isinstance(schedule, dg.ScheduleDefinition)
        yield f"  {schedule.name}: {schedule.cron_schedule} {schedule.execution_timezone} -> {schedule.job_name}"
    yield "sensors"
    for sensor in defs.sensors or ():
        target = f" -> {sensor.job_name}" if sensor.targets else ""
        yield f"  {sensor.name}: every {sensor.minimum_interval_seconds} s{target}"
    yield "resources"
    yield from indented(f"{name}: {type(found).__name__}" for name, found in sorted((defs.resources or {}).items()))


def assets(defs: dg.Definitions) -> Iterator[str]:
    graph = defs.resolve_asset_graph()
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        pools = ", ".join(sorted(node.pools or ()))
        yield f"{key.to_user_string()}: group {node.group_name}, pool {pools}, kinds {', '.join(sorted(node.kinds))}"
        yield f"  partitions: {partitions(node.partitions_def)}"
        if schema := node.metadata.get("dagster/column_schema"):
            columns = (f"{column.name} {column.type}" for column in schema.columns)
            yield f"  table {node.metadata['dagster/table_name']}: {', '.join(columns)}"
        for check in sorted(graph.get_check_keys_for_assets({key})):
            found = graph.get_check_spec(check)
            yield f"  check {check.name}{' by partition' if found.partitions_def else ''}: {found.description}"


def partitions(found: dg.PartitionsDefinition | None) -> str:
    if found is None:
        return "none"
    grows = isinstance(found, dg.TimeWindowPartitionsDefinition)  # by one each day
    return str(found) if grows else ", ".join(found.get_partition_keys())


def settings(job: dg.JobDefinition) -> Iterator[str]:
    for node in job.nodes:
        if isinstance(node.definition, dg.OpDefinition) and node.definition.config_schema:
            fields = getattr(node.definition.config_schema.config_type, "fields", {})
            yield from (f"{node.name}.{name}: {field.description}" for name, field in sorted(fields.items()))


def indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)

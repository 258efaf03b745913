"""Dagster sends rows below the tables that they come from, and shows what became of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from focus_assets.cli import main
from focus_assets.defs.resources import resources_of
from focus_assets.sandbox import SandboxServer
from focus_assets.sandbox.cluster import Whim
from focus_assets_tests.acceptance.conftest import Site
from focus_assets_tests.integration.sending.shop import Shop
from focus_assets_tests.passing import pass_by

KEY = dg.AssetKey(["focus", "writes", "stores"])
INTENTS = dg.AssetKey(["intents"])
ENTRY: dict[str, Any] = {
    "query": "SELECT chain || ' ' || number AS id, city AS name FROM retail__stores WHERE _country = 'DE'",
    "reads": "retail/stores",
    "key": "id",
    "source": "shop",
    "path": "/v1/items",
    "request_seconds": 60,
    "lifetime_seconds": 90,
}


@pytest.fixture
def shop() -> Iterator[SandboxServer[Shop]]:
    """An API that gets the stores of one country."""
    with SandboxServer(Shop(lambda: time.time_ns() // 1000)) as found:
        yield found


@pytest.fixture
def sending(site: Site, shop: SandboxServer[Shop]) -> Site:
    """The mirror's site with an entry of `writes`."""
    document = site.config.model_dump()
    items = {"items": {"path": "v1/items", "primary_key": "id"}}
    source = {"kind": "rest", "base_url": shop.url, "resources": items}
    written = {**document, "sources": {**document["sources"], "shop": source}, "writes": {"stores": ENTRY}}
    made = site.at(type(site.config).model_validate(written))
    assert made.materialize("DE", asset="stores").success
    return made


def sent(site: Site) -> dict[str, Any]:
    """What a run of the job shows."""
    result = site.run("send_rows")
    assert result.success
    (materialized,) = result.asset_materializations_for_node("focus__writes__stores")
    return {name: value.value for name, value in materialized.metadata.items()}


def test_the_asset_lies_below_the_mirrored_table(sending: Site) -> None:
    graph = sending.defs.resolve_asset_graph()
    assert graph.get(KEY).parent_keys == {dg.AssetKey(["retail", "stores"])}


def test_its_rows_are_sent_and_counted(sending: Site, shop: SandboxServer[Shop]) -> None:
    rows = sending.sql("SELECT chain || ' ' || number AS id, city AS name FROM retail__stores WHERE _country = 'DE'")
    said = sent(sending)
    assert (said["created"], said["dagster/row_count"]) == (len(rows), len(rows))
    assert {item["id"]: item["name"] for item in shop.sandbox.items.values()} == dict(rows)
    again = sent(sending)
    assert (again["created"], again["unchanged"]) == (0, len(rows))


def test_what_is_unknown_is_settled_by_the_drain_that_the_sensor_asks_for(
    sending: Site, shop: SandboxServer[Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.sandbox.whims = [Whim.FAILS_BEFORE]
    assert sent(sending)["unknown"] == 1
    assert asked(sending) == 0
    pass_by(monkeypatch, ENTRY["lifetime_seconds"] + 1)
    assert asked(sending) == 1
    result = sending.run("drain_writes")
    (materialized,) = result.asset_materializations_for_node("intents")
    said = {name: value.value for name, value in materialized.metadata.items()}
    assert (said["unknown"], said["dead"], said["confirmed"], said["due"]) == (0, 0, 0, 1)
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    assert len(shop.sandbox.items) == len(sending.sql("SELECT 1 FROM retail__stores WHERE _country = 'DE'"))


def check(site: Site) -> dg.AssetCheckEvaluation:
    """What `nothing_owed` has said last, wherever that was."""
    record = site.instance.get_latest_asset_check_evaluation_record(dg.AssetCheckKey(INTENTS, "nothing_owed"))
    assert record is not None
    assert record.evaluation is not None
    return record.evaluation


def asked(site: Site) -> int:
    """How many runs one tick asks for."""
    sensor = site.defs.resolve_sensor_def("writes_due")
    with dg.build_sensor_context(instance=site.instance, resources=resources_of(site.config)) as context:
        return len(sensor.evaluate_tick(context).run_requests)


def send_alone(site: Site) -> bool:
    """Materialise the asset as the UI does, whose own checks alone go with it; whether that went well."""
    job = site.defs.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection={KEY}, asset_check_selection=set()
    )
    return bool(job.execute_in_process(instance=site.instance, raise_on_error=False).success)


def test_writes_that_die_while_they_are_sent_turn_the_check_red_in_the_same_run(
    sending: Site, shop: SandboxServer[Shop]
) -> None:
    rows = len(sending.sql("SELECT 1 FROM retail__stores WHERE _country = 'DE'"))
    shop.sandbox.statuses = [403] * rows
    result = sending.run("send_rows")
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert evaluation.metadata["dead"].value == rows
    assert asked(sending) == 0


def test_a_tick_asks_for_a_run_when_writes_died_and_when_they_are_repaired(
    sending: Site, shop: SandboxServer[Shop]
) -> None:
    rows = len(sending.sql("SELECT 1 FROM retail__stores WHERE _country = 'DE'"))
    shop.sandbox.statuses = [403] * rows
    assert send_alone(sending)
    assert asked(sending) == 1
    assert sending.run("drain_writes").success
    assert (check(sending).severity, asked(sending)) == (dg.AssetCheckSeverity.ERROR, 0)
    sending.sql("UPDATE retail__stores SET city = coalesce(city, '') || '!'")
    assert send_alone(sending)
    assert asked(sending) == 1
    assert sending.run("drain_writes").success
    assert (check(sending).passed, asked(sending)) == (True, 0)


@pytest.mark.parametrize("job", ["drain_writes", "send_rows"])
def test_the_check_is_evaluated_also_where_the_work_fails(sending: Site, shop: SandboxServer[Shop], job: str) -> None:
    shop.sandbox.statuses = [403]
    assert send_alone(sending)
    entry = sending.config.writes["stores"].model_copy(
        update={"read_back": "retail/stores", "query": "SELECT nonsense"}
    )
    broken = sending.at(sending.config.model_copy(update={"writes": {"stores": entry}}))
    assert not broken.run(job).success
    assert (check(broken).severity, check(broken).metadata["dead"].value) == (dg.AssetCheckSeverity.ERROR, 1)
    assert asked(broken) == 0


def test_it_is_sent_by_the_clock_only_where_that_is_configured(sending: Site) -> None:
    assert "send_rows" not in {schedule.name for schedule in sending.defs.schedules or ()}
    times = sending.config.schedules.model_copy(update={"send_rows": "*/30 * * * *"})
    timed = sending.at(sending.config.model_copy(update={"schedules": times}))
    schedule = timed.defs.resolve_schedule_def("send_rows")
    assert (schedule.cron_schedule, schedule.job_name) == ("*/30 * * * *", "send_rows")


def test_what_the_mirror_shows_again_is_counted_as_confirmed(sending: Site) -> None:
    entry = sending.config.writes["stores"].model_copy(update={"read_back": "shop/items"})
    both = sending.at(sending.config.model_copy(update={"writes": {"stores": entry}}))
    rows = sent(both)["created"]
    assert confirmed(both) == 0
    assert main(["--config", str(_written(both)), "sync", "shop/items"]) == 0
    assert confirmed(both) == rows


def confirmed(site: Site) -> int:
    """What the asset `intents` counts."""
    (materialized,) = site.run("drain_writes").asset_materializations_for_node("intents")
    return int(materialized.metadata["confirmed"].value)


def _written(site: Site) -> Path:
    """A focus.yaml that mirrors what was sent, into the same database."""
    shop = site.config.source("shop")
    items = {"items": {"path": "v1/items", "primary_key": "id"}}
    source = {"kind": "rest", "base_url": shop.base_url, "resources": items}
    document = {"sources": {"shop": source}, "destination": {"url": site.config.destination.url.get_secret_value()}}
    file = site.config.home / "shop.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def test_what_cannot_be_sent_fails_the_run_by_name(sending: Site) -> None:
    sending.sql("DROP TABLE retail__stores")
    result = sending.run("send_rows")
    assert not result.success
    (failed,) = result.get_step_failure_events()
    assert "DatabaseFailed: " in failed.step_failure_data.error_display_string

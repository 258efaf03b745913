"""The errors that are kept stand in Dagster, a partition a day: their number to be plotted, and a table."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from focus_assets.database.open import Database
from focus_assets.history.errors import Keeping, keep
from focus_assets.model.failure import Failure
from focus_assets.sandbox.faults import plan_from
from focus_assets_tests.acceptance.conftest import Site


def day_of(site: Site, day: str) -> dict[str, Any]:
    """Materialise a day, and what is known of it then."""
    job: Any = site.defs.resolve_job_def("count_errors")
    assert job.execute_in_process(instance=site.instance, partition_key=day).success
    wanted = dg.AssetRecordsFilter(dg.AssetKey(["error_history"]), asset_partitions=[day])
    (record,) = site.instance.fetch_materializations(wanted, limit=1).records
    return {
        name: value.records if isinstance(value, dg.TableMetadataValue) else value.value
        for name, value in record.asset_materialization.metadata.items()
    }


def test_a_day_shows_its_errors_and_no_others(site: Site) -> None:
    database = Database(site.config.destination)
    for day, kind in (("2025-07-01", "NotFound"), ("2025-07-02", "BadValue"), ("2025-07-02", "NotFound")):
        keep(database, Failure(f"{day}T23:59:59.999999Z", kind, "said", None, "", attempts=3), Keeping(days=10_000))
    shown = day_of(site, "2025-07-02")
    assert shown["errors"] == 2
    assert [record.data for record in shown["by_type"]] == [
        {"type": "BadValue", "errors": 1},
        {"type": "NotFound", "errors": 1},
    ]
    assert {record.data["type"] for record in shown["latest"]} == {"BadValue", "NotFound"}
    assert {record.data["attempts"] for record in shown["latest"]} == {3}
    assert day_of(site, "2025-07-03")["errors"] == 0


def test_a_failed_load_is_todays_error_and_in_the_log(site: Site) -> None:
    site.sandbox.faults = plan_from({"script": [["full", "503"]] * 10})
    assert not site.materialize("DE").success
    (line,) = site.config.error_log.read_text(encoding="utf-8").splitlines()
    shown = day_of(site, json.loads(line)["@timestamp"][:10])  # as it was then: it may be tomorrow by now
    assert shown["errors"] == 1
    (record,) = shown["latest"]
    assert (record.data["resource"], record.data["partition"], record.data["type"]) == (
        "promotions",
        "DE",
        "ServerFailed",
    )


def test_the_schedule_counts_the_day_that_has_ended(site: Site) -> None:
    schedule: Any = site.defs.resolve_schedule_def("nightly_error_count")
    with dg.build_schedule_context(
        instance=site.instance,
        scheduled_execution_time=datetime(2025, 7, 2, 0, 10, tzinfo=UTC),
        repository_def=site.defs.get_repository_def(),
    ) as context:
        (request,) = schedule.evaluate_tick(context).run_requests
    assert request.partition_key == "2025-07-01"

"""The schedules ask for everything by day, and by night for what was proven longest ago."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from focus_assets.defs.resources import resources_of
from focus_assets_tests.acceptance.conftest import COUNTRIES, Site


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """On disk: a schedule's context opens it anew."""
    home = tmp_path / "dagster"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as found:
        yield found


def requests(site: Site, name: str) -> list[dg.RunRequest]:
    """The runs that a tick asks for."""
    schedule: Any = site.defs.resolve_schedule_def(name)
    wanted = {key: made for key, made in resources_of(site.config).items() if key in schedule.required_resource_keys}
    with dg.build_schedule_context(
        instance=site.instance, scheduled_execution_time=datetime(2025, 7, 1, 2, tzinfo=UTC), resources=wanted
    ) as context:
        found: list[dg.RunRequest] = schedule.evaluate_tick(context).run_requests
    assert len({request.run_key for request in found}) == len(found)
    return found


def asked(site: Site, name: str) -> list[list[str]]:
    """The partitions of every run that a tick asks for."""
    runs = requests(site, name)
    return [next(iter(run.run_config["ops"].values()))["config"]["partitions"] for run in runs]


def test_the_delta_asks_for_every_partition(site: Site) -> None:
    names = [f"retail/{item}/{country}" for item in ("promotions", "products", "stores") for country in COUNTRIES]
    assert asked(site, "delta") == [names]


def test_a_night_takes_what_was_never_proven_then_the_oldest_proofs_within_its_budget(site: Site) -> None:
    config = site.configured(retail={"resources": ["promotions"]}, schedules={"full_diff_partitions_per_night": 2})
    night = site.at(config)
    assert asked(night, "nightly_full_diff") == [["retail/promotions/DE", "retail/promotions/FR"]]
    night.materialize(*COUNTRIES)
    site.sql("UPDATE _focus_ledger SET proven_at = '2025-01-01T00:00:00.000000Z' WHERE partition = 'NO'")
    site.sql("UPDATE _focus_ledger SET proven_at = NULL WHERE partition = 'FR'")
    assert asked(night, "nightly_full_diff") == [["retail/promotions/FR", "retail/promotions/NO"]]


def test_a_budget_bounds_a_full_diff_that_is_asked_for_by_hand(site: Site) -> None:
    night = site.at(site.configured(retail={"resources": ["promotions"]}))
    night.materialize(*COUNTRIES)
    site.sql("UPDATE _focus_ledger SET proven_at = '2025-01-01T00:00:00.000000Z' WHERE partition = 'NO'")
    assert night.run("full_diff", budget=1).success
    assert night.materialized("NO")["reason"] == "it was asked for"
    assert night.materialized("DE")["reason"] == "no full load has completed"


@pytest.mark.parametrize("bound", [{"requests": 1}, {"bytes": 1}])
def test_a_night_whose_budget_is_used_up_says_what_waits_and_the_next_begins_with_it(
    site: Site, bound: dict[str, int]
) -> None:
    knobs = {f"full_diff_{name}_per_night": most for name, most in bound.items()}
    config = site.configured(retail={"resources": ["promotions"]}, schedules=knobs, concurrency={"partitions": 1})
    night = site.at(config)
    (names,) = asked(night, "nightly_full_diff")
    result = night.run("full_diff", partitions=names, **bound)
    assert result.success
    (output,) = [event.step_output_data for event in result.all_events if event.is_successful_output]
    told = {name: value.value for name, value in output.metadata.items()}
    assert told["left_over"] == names[1:] == ["retail/promotions/FR", "retail/promotions/NO"]
    assert told["requests"] >= 5
    assert told["bytes"] > 1
    assert night.materialized("DE")["verdict"] == "proven"
    assert night.materialized("FR") == {}
    assert night.check("count_matches_server", "FR") is None
    assert asked(night, "nightly_full_diff") == [[*names[1:], names[0]]]


def test_partitions_that_share_a_budget_are_one_run_that_is_told_of_it(site: Site) -> None:
    countries = [f"C{number:02}" for number in range(30)]
    retail = {"resources": ["promotions"], "countries": countries}
    unbounded = {"full_diff_requests_per_night": None, "full_diff_bytes_per_night": 0}
    for knobs, sizes, told in (
        ({}, [30], {"requests": 10_000, "bytes": 10 * 1024**3}),
        ({"full_diff_requests_per_night": 0}, [30], {"bytes": 10 * 1024**3}),
        (unbounded, [25, 5], {}),
    ):
        runs = requests(site.at(site.configured(retail=retail, schedules=knobs)), "nightly_full_diff")
        configs = [run.run_config["ops"]["diff"]["config"] for run in runs]
        assert [len(config.pop("partitions")) for config in configs] == sizes
        assert all(config == told for config in configs)


def test_a_partition_that_is_not_known_is_refused_with_the_known(site: Site) -> None:
    result = site.run("full_diff", partitions=["retail/promotions/XX"])
    assert not result.success
    said = result.get_step_failure_events()[0].step_failure_data.user_failure_data.description
    assert said.startswith("there is no partition 'retail/promotions/XX'; known: ")

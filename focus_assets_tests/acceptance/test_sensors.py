"""The sensors ask for what changed and for nothing else, and tell what began to fail and what recovered."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import dagster as dg
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from focus_assets.defs.resources import resources_of
from focus_assets.sandbox import FaultPlan, Sandbox, SandboxOptions, SandboxServer, Sizes
from focus_assets.sandbox.faults import plan_from
from focus_assets_tests.acceptance.conftest import COUNTRIES, Site

A_RUN_STARTS_SECONDS = 15  # the daemon looks every few seconds, a run is a process of its own
PLAIN_WORK_SECONDS = 0.25  # of a processor on which a minute is enough


class Ticking:
    """A sensor with its cursor, as the daemon keeps it."""

    def __init__(self, site: Site, name: str) -> None:
        self._site, self._name, self.cursor = site, name, None

    def tick(self) -> Any:
        sensor = self._site.defs.resolve_sensor_def(self._name)
        wanted = {name: made for name, made in self._resources() if name in sensor.required_resource_keys}
        with dg.build_sensor_context(instance=self._site.instance, cursor=self.cursor, resources=wanted) as context:
            data = sensor.evaluate_tick(context)
        self.cursor = data.cursor
        return data

    def _resources(self) -> Iterable[tuple[str, object]]:
        return resources_of(self._site.config).items()

    def asked(self) -> list[list[str]]:
        """The partitions of every run that one tick asks for; they are not run."""
        return [request.run_config["ops"]["mirror"]["config"]["partitions"] for request in self.tick().run_requests]


def slowness() -> float:
    """How many times as long as on a usual processor work takes on this one, at the moment; 1 where it is quicker."""
    began, counts = time.process_time(), dict.fromkeys(range(1000), 0)
    for number in range(1_000_000):
        counts[number % 1000] = counts.get(number % 1000, 0) + number
    return max(1.0, (time.process_time() - began) / PLAIN_WORK_SECONDS)


def every(site: Site) -> list[str]:
    return [f"retail/{item}/{country}" for item in ("promotions", "products", "stores") for country in COUNTRIES]


def test_one_tick_after_a_change_asks_for_exactly_the_changed_partitions(site: Site) -> None:
    sensor = Ticking(site, "server_changed")
    assert sensor.asked() == [every(site)]
    assert site.run("mirror_everything").success
    assert sensor.asked() == []

    site.sandbox.change("promotions", "FR", updates=1)
    site.sandbox.change("stores", "NO", deletes=1)
    asked = sensor.asked()
    assert asked == [["retail/promotions/FR", "retail/stores/NO"]]
    assert site.run("mirror_partitions", partitions=asked[0]).success
    assert sensor.asked() == []
    assert site.materialized("FR")["load"] == "delta"


def test_a_changed_partition_costs_one_state_for_the_sensor_and_none_for_its_check(site: Site) -> None:
    assert site.run("mirror_everything").success
    site.sandbox.change("promotions", "FR", updates=1)
    sensor = Ticking(site, "server_changed")
    site.sandbox.log.clear()
    (names,) = sensor.asked()
    polled = [one.path for one in site.sandbox.log if one.endpoint == "state"]
    assert len(polled) == len(set(polled)) == len(every(site))

    site.sandbox.log.clear()
    assert site.run("mirror_partitions", partitions=names).success
    asked = [one.endpoint for one in site.sandbox.log]
    last_feed = max(index for index, endpoint in enumerate(asked) if endpoint in ("created", "updated", "deleted"))
    assert asked[last_feed + 1 :].count("state") == len(names) == 1  # with which the load ended
    assert site.check("count_matches_server", "FR").passed


def test_a_change_in_each_of_thirty_partitions_is_verified_within_a_minute(site: Site) -> None:
    """By reckoning: a change waits for the next look, a run for its start; the rest is done here and counted.

    What a slow processor takes is counted as what a usual one would take.
    """
    countries = tuple(f"C{number:02}" for number in range(30))
    options = SandboxOptions(sizes=Sizes(promotions=40), username="sandbox", password="sandbox", countries=countries)
    with SandboxServer(Sandbox(options)) as server:
        retail = {"base_url": server.url, "countries": list(countries), "resources": ["promotions"]}
        many = site.at(site.configured(retail=retail))
        assert many.run("mirror_everything").success
        for country in countries:
            server.sandbox.change("promotions", country, updates=1)
        began = time.process_time()  # the sandbox's share included
        asked = Ticking(many, "server_changed").asked()
        assert [len(batch) for batch in asked] == [25, 5]
        assert all(many.run("mirror_partitions", partitions=batch).success for batch in asked)
        worked = (time.process_time() - began) / slowness()
    for country in countries:
        found = many.materialized(country)
        assert (found["load"], found["updated"]) == ("delta", 1)
        assert many.check("count_matches_server", country).passed
    assert 0.95 * many.config.schedules.poll_seconds + A_RUN_STARTS_SECONDS + worked < 60


def test_more_than_a_batch_of_changes_become_as_few_runs_as_hold_them(site: Site) -> None:
    countries = tuple(f"C{number}" for number in range(20))
    options = SandboxOptions(username="sandbox", password="sandbox", countries=countries)
    with SandboxServer(Sandbox(options)) as server:
        retail = {"base_url": server.url, "countries": list(countries), "resources": ["products", "stores"]}
        asked = Ticking(site.at(site.configured(retail=retail)), "server_changed").asked()
    assert [len(batch) for batch in asked] == [25, 15]
    assert len({name for batch in asked for name in batch}) == 40


def test_a_failed_load_is_asked_for_again_but_not_at_every_tick(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.run("mirror_everything")
    sensor = Ticking(site, "server_changed")
    assert sensor.asked() == []
    site.sandbox.change("promotions", "FR", updates=1)
    first = sensor.tick()
    broken = plan_from({"script": [["updated", "html"]] * 3})
    site.sandbox.faults = broken
    assert not site.run("mirror_partitions", partitions=["retail/promotions/FR"]).success
    site.sandbox.faults = FaultPlan()

    assert sensor.asked() == []
    sensor.cursor = sensor.cursor.replace('"not_before": ', '"not_before": -')
    again = sensor.tick()
    assert [request.run_config for request in again.run_requests] == [r.run_config for r in first.run_requests]
    assert again.run_requests[0].run_key != first.run_requests[0].run_key


def test_a_server_that_is_down_asks_for_nothing_and_fails_no_tick(site: Site) -> None:
    away = site.at(site.configured(retail={"base_url": "http://127.0.0.1:9", "resources": ["promotions"]}))
    tick = Ticking(away, "server_changed").tick()
    assert tick.run_requests == []
    assert tick.skip_message == "0 of 3 states were read; none asks for a load"


class Hook:
    """A webhook on loopback that keeps what it is sent."""

    def __init__(self, server: HTTPServer) -> None:
        self.taken: list[dict[str, Any]] = []
        self.status = 200
        server.expect_request("/secret-path", method="POST").respond_with_handler(self._take)
        self.url = server.url_for("/secret-path")

    def _take(self, request: Request) -> Response:
        if self.status == 200:
            self.taken.append(request.get_json())
        return Response(status=self.status)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(alert["status"], alert["subject"]) for body in self.taken for alert in body["alerts"]]


@pytest.fixture
def hook(httpserver: HTTPServer) -> Hook:
    return Hook(httpserver)


@pytest.fixture
def watched(site: Site, hook: Hook) -> Site:
    return site.at(site.configured(alerts={"webhook_url": hook.url}))


def lose_a_row(site: Site, country: str) -> None:
    site.sql(
        "DELETE FROM retail__promotions WHERE id = (SELECT min(id) FROM retail__promotions WHERE _country = ?)", country
    )


def test_a_check_that_turns_red_and_green_again_is_told_once_each(watched: Site, hook: Hook) -> None:
    watched.materialize(*COUNTRIES)
    sensor = Ticking(watched, "check_alerts")
    sensor.tick()
    assert hook.taken == []

    lose_a_row(watched, "FR")
    for _ in range(2):
        watched.run("verify_everything", partitions=["retail/promotions/FR", "retail/promotions/DE"])
        sensor.tick()
    subject = "retail/promotions/FR: count_matches_server"
    assert hook.told == [("failed", subject)]
    assert hook.taken[0]["text"] == f"failed: {subject}: 59 rows here, 60 at the server: -1"

    watched.run("full_diff", partitions=["retail/promotions/FR"])
    sensor.tick()
    sensor.tick()
    assert hook.told == [("failed", subject), ("recovered", subject)]


def test_an_alert_waits_while_the_webhook_is_down_and_is_not_lost(watched: Site, hook: Hook) -> None:
    watched.materialize("DE")
    sensor = Ticking(watched, "check_alerts")
    sensor.tick()
    lose_a_row(watched, "DE")
    watched.run("verify_everything", partitions=["retail/promotions/DE"])
    hook.status = 503
    message = sensor.tick().skip_message
    assert message.startswith("1 alerts wait for the next tick: ServerFailed: the server failed (503)")
    assert "secret-path" not in message
    hook.status = 200
    sensor.tick()
    assert hook.told == [("failed", "retail/promotions/DE: count_matches_server")]


def test_who_switches_the_alerts_on_late_is_told_what_still_fails(watched: Site, hook: Hook) -> None:
    watched.run("verify_everything", partitions=["retail/promotions/DE", "retail/promotions/FR"])
    watched.materialize("DE")
    Ticking(watched, "check_alerts").tick()
    failed = [subject for status, subject in hook.told if status == "failed"]
    assert failed == [
        "retail/promotions/FR: count_matches_server",
        "retail/promotions/FR: content_matches_server",
        "retail/promotions/FR: fresh",
    ]
    assert len(hook.told) == len(failed)


def test_a_failed_load_is_told_by_partition_and_so_is_its_recovery(watched: Site, hook: Hook) -> None:
    sensor = Ticking(watched, "run_failure_alerts")
    sensor.tick()
    watched.sandbox.faults = plan_from({"script": [["full", "html"]] * 3})
    assert not watched.materialize("DE").success
    sensor.tick()
    sensor.tick()
    assert hook.told == [("failed", "retail/promotions/DE")]
    assert hook.taken[0]["alerts"][0]["message"].startswith("UnexpectedBody: full")

    watched.sandbox.faults = FaultPlan()
    assert watched.run("mirror_everything").success
    sensor.tick()
    assert hook.told == [("failed", "retail/promotions/DE"), ("recovered", "retail/promotions/DE")]


def test_without_a_webhook_the_sensors_say_so_and_do_nothing(site: Site) -> None:
    for name in ("check_alerts", "run_failure_alerts"):
        assert Ticking(site, name).tick().skip_message == "alerts.webhook_url is not configured"

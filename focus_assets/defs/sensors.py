"""Load when a server has changed, and tell a webhook what fails and what recovers."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from focus_assets.config import Alerts, Config, ExchangeSource
from focus_assets.defs.alerts import Cursor, payload, still_failing, transitions
from focus_assets.defs.catalog import Catalog, batches
from focus_assets.defs.changes import Tick, decide, read_memory, run_key, written
from focus_assets.defs.events import News, busy_partitions, check_results_after, runs_ended_after
from focus_assets.defs.jobs import MIRROR_PARTITIONS, run_config
from focus_assets.defs.resources import effective, resource_keys
from focus_assets.defs.work import post_alerts, read_ledger, read_states
from focus_assets.model.errors import ApiError, FocusError
from focus_assets.model.partition import PartitionRef
from focus_assets.model.state import State

ALERT_SECONDS = 30
Requests = Iterator[dg.RunRequest | dg.SkipReason]


def build_sensors(catalog: Catalog, *, running: bool) -> list[dg.SensorDefinition]:
    """The change sensor, and the two that tell."""
    told = running and catalog.config.alerts.webhook_url is not None
    return [
        server_changed_sensor(catalog, running=running),
        check_alerts_sensor(catalog.config.alerts, running=told),
        run_failure_alerts_sensor(catalog.config.alerts, running=told),
    ]


def server_changed_sensor(catalog: Catalog, *, running: bool) -> dg.SensorDefinition:
    """Asks for the states, and for runs over the partitions whose server has moved on."""

    @dg.sensor(
        name="server_changed",
        description="Asks every Data Exchange for its states, and loads the countries that changed since their last "
        "load. A REST API is left to the schedule: what tells its state is a page of it.",
        job_name=MIRROR_PARTITIONS,
        minimum_interval_seconds=catalog.config.schedules.poll_seconds,
        default_status=_status(running=running),
        required_resource_keys=resource_keys(catalog.config),
    )
    def server_changed(context: dg.SensorEvaluationContext) -> Requests:
        config = effective(catalog.config, context.resources)
        polled = polled_refs(catalog)
        states = states_of(context, config, polled)
        tick = Tick(states, read_ledger(config), busy_partitions(context.instance), datetime.now(UTC).timestamp())
        refs, memory = decide(tick, read_memory(context.cursor))
        for batch in batches(refs):
            yield dg.RunRequest(run_key=run_key(batch, memory), run_config=run_config(MIRROR_PARTITIONS, batch))
        context.update_cursor(written(memory))
        if not refs:
            yield dg.SkipReason(f"{len(states)} of {len(polled)} states were read; none asks for a load")

    return server_changed


def polled_refs(catalog: Catalog) -> list[PartitionRef]:
    """The partitions whose state costs little to ask for."""
    return [ref for ref in catalog.refs if isinstance(catalog.config.source(ref.source), ExchangeSource)]


def states_of(
    context: dg.SensorEvaluationContext, config: Config, refs: list[PartitionRef]
) -> dict[PartitionRef, State]:
    """The states that could be read; the others are told in the tick's log."""
    found = dict(zip(refs, read_states(config, refs), strict=True))
    for ref, answer in found.items():
        if isinstance(answer, FocusError):
            context.log.warning("%s: %s: %s", ref, type(answer).__name__, answer)
    return {ref: answer for ref, answer in found.items() if isinstance(answer, State)}


def check_alerts_sensor(alerts: Alerts, *, running: bool) -> dg.SensorDefinition:
    """Reads what the checks said since the last tick."""

    @dg.sensor(
        name="check_alerts",
        description="Tells the webhook which checks began to fail and which recovered.",
        minimum_interval_seconds=ALERT_SECONDS,
        default_status=_status(running=running),
    )
    def check_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        news = check_results_after(context.instance, Cursor.read(context.cursor).position)
        return tell(context, alerts, "check", news)

    return check_alerts


def run_failure_alerts_sensor(alerts: Alerts, *, running: bool) -> dg.SensorDefinition:
    """Reads which runs ended since the last tick."""

    @dg.sensor(
        name="run_failure_alerts",
        description="Tells the webhook which partitions or jobs failed and which recovered.",
        minimum_interval_seconds=ALERT_SECONDS,
        default_status=_status(running=running),
    )
    def run_failure_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        news = runs_ended_after(context.instance, Cursor.read(context.cursor).position)
        return tell(context, alerts, "run", news)

    return run_failure_alerts


def tell(context: dg.SensorEvaluationContext, alerts: Alerts, kind: str, news: News) -> dg.SkipReason:
    """Send the transitions; what was not taken is sent again at the next tick, as the cursor stays where it was."""
    if alerts.webhook_url is None:
        return dg.SkipReason("alerts.webhook_url is not configured")
    before = Cursor.read(context.cursor)
    found, failing = transitions(kind, before.failing, news.signals)
    if before.position is None:  # the first tick: the past is told only as far as it lasts
        found = still_failing(found)
    try:
        if found:
            post_alerts(alerts, payload(found))
    except ApiError as error:
        return dg.SkipReason(f"{len(found)} alerts wait for the next tick: {type(error).__name__}: {error}")
    context.update_cursor(Cursor(news.position, failing).written())
    return dg.SkipReason(f"{len(found)} alerts were sent" if found else "nothing began to fail, nothing recovered")


def _status(*, running: bool) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED

"""Work off what writes owe: an asset that drains them, its check, the job, and the sensor that asks for it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import dagster as dg

from focus_assets.config import Config
from focus_assets.database.open import Database
from focus_assets.defs.owing import KEY, NOTHING_OWED, OPEN, is_outdated, judged, owed
from focus_assets.defs.resources import effective, resource_keys
from focus_assets.defs.sending import build_sendings, send_job, send_schedules, sending_key
from focus_assets.model.errors import FocusError
from focus_assets.writeback import intents, outbox
from focus_assets.writeback.drain import Pass
from focus_assets.writeback.intent import Intent, State
from focus_assets.writeback.owed import count_confirmed, count_due, work_off
from focus_assets.writeback.saga import SECOND
from focus_assets.writeback.writes import micros_now

DRAIN_WRITES = "drain_writes"
SHOWN = 100
DRAIN_SECONDS = 30
_LONGEST_RUN = timedelta(minutes=10)
Requests = Iterator[dg.RunRequest | dg.SkipReason]


def writing(config: Config, *, running: bool) -> dg.Definitions:
    """All of it, for a configuration in which a cluster takes writes or an API gets rows."""
    status = dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED
    return dg.Definitions(
        assets=dg.with_source_code_references([build_intents(config), *build_sendings(config)]),
        asset_checks=[build_nothing_owed(config)],
        jobs=[drain_job(), *([send_job(config)] if config.writes else [])],
        sensors=[writes_due_sensor(config, status=status)],
        schedules=send_schedules(config, running=running),
    )


def build_intents(config: Config) -> dg.AssetsDefinition:
    """Each materialisation is a pass of the drain."""

    @dg.asset(
        key=KEY,
        group_name="focus",
        description="The writes and what is still owed, in `_focus_intents`. Materialising it works off what is due: "
        "failed creates are undone, unanswered deletions repeated, lost answers of rows settled.",
        kinds={"table"},
        required_resource_keys=resource_keys(config),
    )
    def intents_of_writes(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        present = effective(config, context.resources)
        with judged(context, present):
            return dg.MaterializeResult(metadata=drained(present))

    return intents_of_writes


def build_nothing_owed(config: Config) -> dg.AssetChecksDefinition:
    """Red while a write is dead, yellow while one is not settled; asked after each drain and each sending of all."""

    @dg.asset_check(
        asset=KEY,
        name=NOTHING_OWED.name,
        additional_deps=[sending_key(name) for name in config.writes],
        description="No write is DEAD, and none is still to be undone or repeated.",
        required_resource_keys=resource_keys(config),
    )
    def nothing_owed(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        return owed(Database(effective(config, context.resources).destination))

    return nothing_owed


def drain_job() -> Any:
    """The asset with its check."""
    selection = dg.AssetSelection.assets(KEY)
    return dg.define_asset_job(DRAIN_WRITES, selection, description="Works off what writes owe.")


def writes_due_sensor(config: Config, *, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """Looks into the table; a run costs seconds, and is asked for only where something is due, or the check is."""

    @dg.sensor(
        name="writes_due",
        description="Starts drain_writes when a write is due, its end is to be told, or nothing_owed would say "
        "something else than it did last, unless one is running.",
        job_name=DRAIN_WRITES,
        minimum_interval_seconds=config.writeback.drain_seconds if config.writeback else DRAIN_SECONDS,
        default_status=status,
        required_resource_keys=resource_keys(config),
    )
    def writes_due(context: dg.SensorEvaluationContext) -> Requests:
        present = effective(config, context.resources)
        database = Database(present.destination)
        intents.ensure(database)
        due, untold = count_due(present, database), _untold(config, database)
        if due + untold == 0 and not is_outdated(context.instance, database):
            yield dg.SkipReason("no write is due")
        elif _is_draining(context.instance):
            yield dg.SkipReason(f"{due} writes are due, {untold} to be told, and a run works on them")
        else:
            yield dg.RunRequest()

    return writes_due


def drained(config: Config) -> Mapping[str, Any]:
    """One pass, and what is left, as metadata; raises dg.Failure with the named error's sentence."""
    try:
        done = anyio.run(work_off, config)
        database = Database(config.destination)
        confirmed = {"confirmed": count_confirmed(config, database)}
        return told(done, database) | confirmed | published(done, _untold(config, database))
    except FocusError as error:
        raise dg.Failure(f"{type(error).__name__}: {error}", allow_retries=False) from error


def told(done: Pass, database: Database) -> dict[str, Any]:
    """Numbers for the plots, and a table of what is open or dead."""
    left = intents.find(database, states=(*OPEN, State.DEAD), limit=SHOWN)
    oldest = max((micros_now() - one.created_at for one in left), default=0)
    return {
        "due": done.taken,
        "broken": len(done.broken),
        **{state.lower(): count for state, count in intents.counts(database).items()},
        "oldest_age_seconds": oldest / SECOND,
        "most_attempts": max((one.attempts for one in left), default=0),
        "left": _table(left),
    }


def published(done: Pass, untold: int) -> dict[str, Any]:
    """What brokers were told, and how many ends of writes they were not; nothing where there is no broker."""
    return {f"published_{what}": post.sent for what, post in done.posts.items()} | (
        {"untold": untold} if "news" in done.posts else {}
    )


def _untold(config: Config, database: Database) -> int:
    return outbox.count(database) if config.writeback and config.writeback.kafka else 0


def _is_draining(instance: dg.DagsterInstance) -> bool:
    """Not for ever: a run that was killed may seem to go on, and two at once do no harm."""
    going = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    lately = datetime.now(UTC) - _LONGEST_RUN
    return instance.get_runs_count(dg.RunsFilter(job_name=DRAIN_WRITES, statuses=going, created_after=lately)) > 0


def _table(left: list[Intent]) -> dg.TableMetadataValue:
    texts = ("operation", "kind", "key", "state", "error")
    columns = [*(dg.TableColumn(name, "string") for name in texts), dg.TableColumn("attempts", "int")]
    return dg.MetadataValue.table([_line(one) for one in left], dg.TableSchema(columns))


def _line(one: Intent) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "operation": one.operation_id,
            "kind": one.kind.value,
            "key": one.key,
            "state": one.state.value,
            "error": one.error,
            "attempts": one.attempts,
        }
    )

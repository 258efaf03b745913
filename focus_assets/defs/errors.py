"""Show the errors that are kept, day by day: Dagster plots a number of each partition, and a partition is a day."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from focus_assets.config import Config
from focus_assets.defs.pools import pool_of_destination
from focus_assets.defs.resources import effective, resource_keys
from focus_assets.defs.work import read_errors
from focus_assets.model.errors import FocusError

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from focus_assets.history.errors import ErrorsOfADay

COUNT_ERRORS = "count_errors"
KEY = dg.AssetKey(["error_history"])  # one part: a resource has two, so that none can be taken for it
FIRST_DAY = "2025-01-01"
SHOWN = 100
_MESSAGE = 300  # characters of a sentence in the table

Requests = Iterator[dg.RunRequest | dg.SkipReason]


def build_error_history(config: Config) -> dg.AssetsDefinition:
    """The errors of a day (UTC), today included."""

    @dg.asset(
        key=KEY,
        partitions_def=dg.DailyPartitionsDefinition(FIRST_DAY, end_offset=1, timezone="UTC"),
        group_name="focus",
        description="The errors of the day's runs and scripts that `_focus_errors` keeps: their number, and a table. "
        "The plot of `errors` by partition is their history.",
        kinds={"table"},
        required_resource_keys=resource_keys(config),
        pool=pool_of_destination(config),
    )
    def error_history(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        return told(effective(config, context.resources), context.partition_key)

    return error_history


def error_history_job() -> Any:
    """Looks at one day."""
    return dg.define_asset_job(
        COUNT_ERRORS, dg.AssetSelection.assets(KEY), description="Counts the errors of a day, for the plot by day."
    )


def error_history_schedule(**when: Any) -> dg.ScheduleDefinition:
    """Yesterday, once it is over."""

    @dg.schedule(
        name="nightly_error_count",
        description="Counts the errors of the day that has ended (UTC).",
        job_name=COUNT_ERRORS,
        **when,
    )
    def nightly_error_count(context: dg.ScheduleEvaluationContext) -> Requests:
        yesterday = day_before(context.scheduled_execution_time)
        yield dg.RunRequest(run_key=yesterday, partition_key=yesterday)

    return nightly_error_count


def day_before(moment: datetime) -> str:
    """The last day that had ended then, in UTC."""
    return (moment.astimezone(UTC) - timedelta(days=1)).date().isoformat()


def told(config: Config, day: str) -> dg.MaterializeResult[Any]:
    """The day's errors as metadata; raises dg.Failure with the named error's sentence."""
    try:
        counted, latest = read_errors(config, day, limit=SHOWN)
    except FocusError as error:
        raise dg.Failure(f"{type(error).__name__}: {error}", allow_retries=False) from error
    return dg.MaterializeResult(
        metadata={"errors": counted.total, "by_type": _types(counted), "latest": _table(latest)}
    )


def _types(counted: "ErrorsOfADay") -> dg.TableMetadataValue:
    schema = dg.TableSchema([dg.TableColumn("type", "string"), dg.TableColumn("errors", "int")])
    records = [dg.TableRecord({"type": name, "errors": count}) for name, count in counted.by_type.items()]
    return dg.MetadataValue.table(records, schema)


def _table(latest: Sequence["RowMapping"]) -> dg.TableMetadataValue:
    names = ("time", "source", "resource", "partition", "type", "message", "cause")
    schema = dg.TableSchema([*(dg.TableColumn(name, "string") for name in names), dg.TableColumn("attempts", "int")])
    return dg.MetadataValue.table([_record(row) for row in latest], schema)


def _record(row: "RowMapping") -> dg.TableRecord:
    return dg.TableRecord(
        {
            "time": row["happened_at"],
            "source": row["source"] or "",
            "resource": row["resource"] or "",
            "partition": row["partition"] or "",
            "type": row["type"],
            "message": row["message"][:_MESSAGE],
            "cause": (row["cause"] or "")[:_MESSAGE],
            "attempts": row["attempts"] or 1,
        }
    )

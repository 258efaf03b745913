"""Make each entry of `writes` an asset below the tables that it reads; materialising one sends what has changed."""

from typing import Any

import anyio
import dagster as dg
from pydantic import Field

from focus_assets.config import Config
from focus_assets.database.open import Database
from focus_assets.defs.catalog import key_part
from focus_assets.defs.owing import NOTHING_OWED, judged
from focus_assets.defs.pools import pool_of
from focus_assets.defs.resources import effective, resource_keys
from focus_assets.defs.schedules import when
from focus_assets.model.errors import FocusError
from focus_assets.writeback.rows.open import entry_of, open_sender
from focus_assets.writeback.rows.outgoing import selection_of
from focus_assets.writeback.rows.send import Report, send
from focus_assets.writeback.rows.sent import count_sent

SEND_ROWS = "send_rows"


class Send(dg.Config):
    """What the launchpad may ask of a sending."""

    accept_deletions: bool = Field(default=False, description="Let far more be deleted at the API than is usual.")


def build_sendings(config: Config) -> list[dg.AssetsDefinition]:
    """One an entry, in the order of the configuration."""
    return [build_sending(config, name) for name in config.writes]


def build_sending(settings: Config, name: str) -> dg.AssetsDefinition:
    """Sends one entry's rows; what is not settled is worked off by the asset `intents`."""
    entry = settings.writes[name]

    @dg.asset(
        key=sending_key(name),
        deps=[mirrored_key(settings, resource) for resource in entry.mirrored],
        group_name="writes",
        description=f"The rows of {entry.resource or 'a query'} at the API of {entry.source}: what is new, changed or "
        "gone since the last time is sent, each write an intent in `_focus_intents`.",
        kinds={"api"},
        required_resource_keys=resource_keys(settings),
        pool=pool_of(settings, entry.source),
    )
    def sending(context: dg.AssetExecutionContext, config: Send) -> dg.MaterializeResult[Any]:
        present = effective(settings, context.resources)
        with judged(context, present):
            return dg.MaterializeResult(metadata=sent(present, name, accept_deletions=config.accept_deletions))

    return sending


def send_job(config: Config) -> Any:
    """All entries, and then the check of what is owed."""
    sendings = dg.AssetSelection.assets(*(sending_key(name) for name in config.writes))
    selection = sendings | dg.AssetSelection.checks(NOTHING_OWED)
    return dg.define_asset_job(SEND_ROWS, selection, description="Sends the rows of every entry of `writes`.")


def send_schedules(config: Config, *, running: bool) -> list[dg.ScheduleDefinition]:
    """The one of the configuration, where it has one."""
    cron = config.schedules.send_rows
    if not config.writes or cron is None:
        return []
    times = when(config, cron, running=running)
    description = "Sends the rows of every entry of `writes`."
    return [dg.ScheduleDefinition(name=SEND_ROWS, description=description, job_name=SEND_ROWS, **times)]


def sending_key(name: str) -> dg.AssetKey:
    """Three parts: a resource has two, so that none can be taken for it."""
    return dg.AssetKey(["focus", "writes", key_part(name)])


def mirrored_key(config: Config, resource: str) -> dg.AssetKey:
    """The asset of a mirrored resource, `source/resource`."""
    source, _, name = resource.partition("/")
    return dg.AssetKey([key_part(config.service(source)), key_part(name)])


def sent(config: Config, name: str, *, accept_deletions: bool) -> dict[str, Any]:
    """One sending, as numbers for the plots; raises dg.Failure with the named error's sentence."""
    try:
        report = anyio.run(_send, config, name, accept_deletions)
        held = count_sent(Database(config.destination), name)
    except FocusError as error:
        raise dg.Failure(f"{type(error).__name__}: {error}", allow_retries=False) from error
    if report.broken:
        key, problem = next(iter(report.broken.items()))
        raise dg.Failure(f"{len(report.broken):,} rows went wrong. {key}: {problem}", allow_retries=False)
    return {**report.figures, "dagster/row_count": held}


async def _send(config: Config, name: str, accept_deletions: bool) -> Report:
    selection = selection_of(name, entry_of(config, name), Database(config.destination))
    async with open_sender(config, name) as sender:
        return await send(sender, selection, accept_deletions=accept_deletions)

"""Say in which pool each step waits its turn: its API's, or the database's where one process at a time has it open."""

from pathlib import Path

import dagster as dg

from focus_assets.config import Config
from focus_assets.defs.resources import DESTINATION, resource_key
from focus_assets.defs.storage import dialect_at


def pool_of(config: Config, source: str) -> str:
    """Sources at one address are one API: they share the pool of the first of them."""
    address = config.source(source).base_url
    api = resource_key(next(name for name, settings in config.sources.items() if settings.base_url == address))
    return pool_of_destination(config) or api


def pool_of_destination(config: Config) -> str | None:
    """The pool of all steps, where two processes cannot have the destination open at once."""
    dialect = dialect_at(config)
    return DESTINATION if dialect.one_process else None


def limit_pools(config: Config, home: Path) -> None:
    """Let one step at a time into the destination's pool, where there is one; `home` is DAGSTER_HOME."""
    pool = pool_of_destination(config)
    if pool is None:
        return
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.event_log_storage.set_concurrency_slots(pool, 1)

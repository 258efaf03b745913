"""What Dagster loads: everything, wired once, from the configuration and the schema snapshots; nobody is asked.

`build_definitions` does the same for a configuration of one's own.
"""

import gc
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import dagster as dg

from focus_assets.config import Config, load_config
from focus_assets.defs.assets import build_assets
from focus_assets.defs.catalog import Catalog
from focus_assets.defs.checks import build_checks
from focus_assets.defs.jobs import build_jobs
from focus_assets.defs.resources import resources_of
from focus_assets.defs.schedules import build_schedules
from focus_assets.defs.sensors import build_sensors

_log = logging.getLogger("dagster.focus_assets")


@dg.definitions
@cache
def defs() -> dg.Definitions:
    """The definitions of focus.yaml (FOCUS_CONFIG), made once: a run asks for them seven times.

    Raises InvalidConfiguration.
    """
    found = build_definitions(load_config(None, os.environ), running=_is_running(os.environ))
    gc.freeze()  # all of it stays: to look it through for garbage takes a run a tenth of a second
    return found


def build_definitions(config: Config, *, running: bool = False) -> dg.Definitions:
    """Assets, checks, jobs, schedules and sensors; `running` switches the last two on, as the configuration can."""
    catalog = Catalog.of(config)
    for problem in catalog.problems:
        _log.warning("%s: materialize the asset refresh_schema (or `focus schema refresh`), then reload.", problem)
    with _previews():
        return dg.Definitions.merge(
            _writing(config, running=running or config.schedules.running),
            dg.Definitions(
                assets=dg.with_source_code_references(build_assets(catalog)),
                asset_checks=build_checks(catalog),
                jobs=build_jobs(catalog),
                schedules=build_schedules(catalog, running=running or config.schedules.running),
                sensors=build_sensors(catalog, running=running or config.schedules.running),
                resources=resources_of(config),
                executor=dg.in_process_executor,
            ),
        )


def _writing(config: Config, *, running: bool) -> dg.Definitions:
    """What sends rows or takes writes, where anything does: a mirror alone starts without it."""
    if config.writeback is None and not config.writes:
        return dg.Definitions()
    from focus_assets.defs.writes import writing

    return writing(config, running=running)


def _is_running(environ: Mapping[str, str]) -> bool:
    return environ.get("FOCUS_RUNNING", "") == "1"


@contextmanager
def _previews() -> Iterator[None]:
    """Backfill policies (beta) and partitioned checks (preview) are used on purpose: Dagster is pinned to 1.13."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        yield

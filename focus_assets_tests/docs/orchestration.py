"""Render what Dagster shows: assets, checks, jobs, schedules, sensors and their metadata."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg

from focus_assets.config import Config
from focus_assets.defs.catalog import Catalog
from focus_assets.defs.metadata import asset_metadata, outcome_metadata, table_metadata
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Changes, Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Verdict
from focus_assets_tests.docs.pages import described, table

REF = PartitionRef("retail", "retail", "promotions", "DE")
ASSETS = {
    "<service>/<resource>": "A resource of a business service, with a partition for each country of its source. "
    "Materialising a partition brings it up to date; one that fails does not hold up the others of the run.",
    "focus/<source>/refresh_schema": "Asks the server which resources it has, and writes the snapshot "
    "`.focus/schema/<source>.json`. Reload the code location afterwards.",
    "error_history": "The errors of a day, which is its partition: their number, which the UI plots by day, and a "
    "table of the latest. Materialising today's shows those so far.",
    "focus/<source>/api": "The server itself: where the lineage begins. It cannot be materialised.",
}
CHECKS = {
    "count_matches_server": (
        "The counts differ, or the partition was never loaded.",
        "The server could not be asked, has no total, or its total moved during every comparison.",
    ),
    "content_matches_server": (
        "The last verdict is `diverged`, or the partition was never loaded.",
        "It was never proven, or the last proof is more than a day older than `full_every_days`.",
    ),
    "fresh": ("The last load is older than `fresh_for_hours`, or there was none.", ""),
    "schema_unchanged": (
        "A column was removed or retyped, the key has changed, or the resource is gone.",
        "A column was added, or the server could not be asked.",
    ),
}
METADATA = {
    "dagster/table_name": "the table, as the database knows it",
    "dagster/uri": "the database's URL without its password",
    "dagster/column_schema": "the table's columns, those included that the mirror adds",
    "dagster/row_count": "the rows of all partitions, by the ledger",
    "dagster/partition_row_count": "the partition's rows: `COUNT(*)` in the load's transaction",
    "source": "the source's name in `focus.yaml`",
    "api": "the source's `base_url`",
    "verdict": "what the load claims",
    "load": "`full` or `delta`",
    "reason": "why it was that",
    "inserted": "rows that were new",
    "updated": "rows whose values differed",
    "deleted": "rows that the server no longer has",
    "unchanged": "rows that were fetched and found equal",
    "server_total_items": "the server's total after the load",
    "quarantined": "lines in `_focus_rejects`",
    "fetched_lines": "lines of all feeds",
    "seconds": "wall time of the load",
    "rows_per_second": "fetched lines by seconds",
    "written_by": "how the database took the rows: `COPY`, or `COPY (FORMAT binary)` by the compiled piece; in MySQL "
    "`LOAD DATA LOCAL` or `INSERT of many rows`; not there where none came",
    "generation": "how many loads of the partition were published",
    "watermark": "from where the next delta asks, less the overlap; the server's own text",
    "notes": "what is worth knowing of this load",
}


def assets(defs: dg.Definitions) -> str:
    """The kinds of assets; every asset there is must be of one."""
    keys = [key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()]
    return table(("asset key", ""), described(dict.fromkeys(sorted(_kind(key) for key in keys)), ASSETS))


def _kind(key: str) -> str:
    parts = key.split("/")
    if len(parts) == 1:
        return key
    return f"focus/<source>/{parts[2]}" if len(parts) == 3 else "<service>/<resource>"


def checks(defs: dg.Definitions) -> str:
    """The checks, and when they are red or yellow."""
    said = {spec.name: spec.description or "" for each in defs.asset_checks or () for spec in each.check_specs}
    assert sorted(said) == sorted(CHECKS)
    rows = [(f"`{name}`", said[name], *CHECKS[name]) for name in CHECKS]
    return table(("check", "claims", "error", "warning"), rows)


def jobs(defs: dg.Definitions) -> str:
    """The jobs and their run configuration."""
    rows = [(f"`{job.name}`", job.description or "", _configuration(job)) for job in _jobs(defs)]
    return table(("job", "", "`ops: <op>: config:`"), rows)


def _jobs(defs: dg.Definitions) -> list[dg.JobDefinition]:
    repository = defs.get_repository_def()
    return [repository.get_job(name) for name in sorted(job.name for job in defs.jobs or ())]


def _configuration(job: dg.JobDefinition) -> str:
    nodes = [node.definition for node in job.nodes if isinstance(node.definition, dg.OpDefinition)]
    fields = [(node.name, name, field) for node in nodes for name, field in _fields(node).items()]
    return "<br>".join(f"`{op}: {name}`: {field.description}" for op, name, field in fields if name != "dummy")


def _fields(node: dg.OpDefinition) -> dict[str, Any]:
    return dict(getattr(node.config_schema.config_type, "fields", None) or {})


def schedules(defs: dg.Definitions) -> str:
    """The schedules of the default configuration."""
    found = sorted(defs.schedules or (), key=lambda one: one.name)
    rows = [(f"`{one.name}`", f"`{one.cron_schedule}`", f"`{one.job_name}`", one.description or "") for one in found]  # type: ignore[union-attr]
    return table(("schedule", "by default", "starts", ""), rows)


def sensors(defs: dg.Definitions) -> str:
    """The sensors of the default configuration."""
    found = sorted(defs.sensors or (), key=lambda one: one.name)
    rows = [
        (f"`{one.name}`", f"{one.minimum_interval_seconds} s", _starts(one), one.description or "") for one in found
    ]
    return table(("sensor", "every", "starts", ""), rows)


def _starts(sensor: dg.SensorDefinition) -> str:
    names = [target.job_name for target in sensor.targets]
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def metadata(config: Config) -> str:
    """Every key that a load or an asset can show."""
    item = next(item for item in Catalog.of(config).items if item.schema.name == REF.resource)
    outcome = Outcome(
        REF, "1", load="full", reason="why", changes=Changes(1, 1, 1, 1), rows=1, total_items=1, verdict=Verdict.PROVEN,
        generation=1, watermark="x", fetched=1, seconds=1.0, notes=("a note",), written_by="COPY",
    )  # fmt: skip
    entry = LedgerEntry(1, 1, Verdict.PROVEN, "full", json.dumps(item.schema.to_json()), "", "", "")
    keys = {**table_metadata({REF: entry}, item), **asset_metadata(config, item), **outcome_metadata(outcome)}
    assert set(keys) == set(METADATA), set(keys) ^ set(METADATA)
    return table(("key", ""), described(METADATA, METADATA))

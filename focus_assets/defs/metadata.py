"""Say what Dagster's UI draws of an asset and of a partition's load."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from focus_assets.config import Config
from focus_assets.defs.catalog import Item
from focus_assets.defs.storage import dialect_at
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema

Metadata = dict[str, Any]

_PARTITION_TEXT = {
    "_country": "the country: added by the mirror, first in the key",
    "_partition": "the identifier that was asked for: added by the mirror, first in the key",
}
_SYNCED_TEXT = "when the mirror last wrote this row: added by the mirror"


def asset_metadata(config: Config, item: Item) -> Metadata:
    """What is known before any load: table, columns, where it comes from."""
    return {
        **storage_metadata(config, item),
        "dagster/column_schema": column_schema(item.schema),
        "source": item.source,
        "api": dg.MetadataValue.url(config.source(item.source).base_url),
    }


def storage_metadata(config: Config, item: Item) -> Metadata:
    """The table's name, and its database without the password."""
    return {
        "dagster/table_name": table_name(config, item),
        "dagster/uri": config.destination.shown,
    }


def table_name(config: Config, item: Item) -> str:
    """As the database knows it."""
    dialect = dialect_at(config)
    return f"{item.service}{'.' if dialect.has_schemas else '__'}{item.schema.name}"


def storage_kind(config: Config) -> str:
    """The database's name as Dagster knows it, which has an icon for it."""
    return dialect_at(config).name


def column_schema(schema: ResourceSchema) -> dg.TableSchema:
    """The table's columns, those included that the mirror adds."""
    by = schema.partitioned_by
    added = [_column(by, "string", _PARTITION_TEXT[by], key=True)] if by else []
    own = [
        _column(column.name, str(column.type), _role(schema, column.name), key=column.name in schema.key)
        for column in schema.columns
    ]
    return dg.TableSchema([*added, *own, _column("_synced_at", "time", _SYNCED_TEXT, key=False)])


def _column(name: str, type_name: str, description: str | None, *, key: bool) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(nullable=not key, other=["primary key"] if key else [])
    return dg.TableColumn(name, type_name, description, constraints)


def _role(schema: ResourceSchema, column: str) -> str | None:
    return "says when the row was created or last changed" if column in schema.changed else None


def outcome_metadata(outcome: Outcome) -> Metadata:
    """One partition's load in numbers and words; what is not known is left out."""
    changes = outcome.changes
    found = {
        "dagster/partition_row_count": outcome.rows,
        "verdict": outcome.verdict.value if outcome.verdict else None,
        "load": outcome.load,
        "reason": outcome.reason,
        "inserted": changes.inserted,
        "updated": changes.updated,
        "deleted": changes.deleted,
        "unchanged": changes.unchanged,
        "server_total_items": outcome.total_items,
        "quarantined": outcome.quarantined,
        "fetched_lines": outcome.fetched,
        "seconds": round(outcome.seconds, 3),
        "rows_per_second": _rate(outcome),
        "written_by": outcome.written_by,
        "generation": outcome.generation,
        "watermark": outcome.watermark,
        "notes": dg.MetadataValue.md("\n".join(f"* {note}" for note in outcome.notes)) if outcome.notes else None,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def _rate(outcome: Outcome) -> float | None:
    return round(outcome.fetched / outcome.seconds, 1) if outcome.seconds and outcome.fetched else None


def table_metadata(ledger: Mapping[PartitionRef, LedgerEntry], item: Item) -> Metadata:
    """The whole table after a load, by the ledger: all its rows, the columns that it has now."""
    entries = [entry for ref, entry in ledger.items() if (ref.source, ref.resource) == (item.source, item.schema.name)]
    if not entries:
        return {}
    newest = max(entries, key=lambda entry: entry.finished_at)
    schema = ResourceSchema.from_json(json.loads(newest.schema))
    return {
        "dagster/row_count": sum(entry.rows for entry in entries),
        "dagster/column_schema": column_schema(schema),
    }


def told(outcome: Outcome) -> str:
    """One line for a run's log."""
    if outcome.error is not None:
        return f"{outcome.ref}: {type(outcome.error).__name__}: {outcome.error}"
    changes = outcome.changes
    counts = f"+{changes.inserted:,} ~{changes.updated:,} -{changes.deleted:,} ={changes.unchanged:,}"
    verdict = outcome.verdict.value if outcome.verdict else "no verdict"
    total = "?" if outcome.total_items is None else f"{outcome.total_items:,}"
    rows = "?" if outcome.rows is None else f"{outcome.rows:,}"
    return f"{outcome.ref}: {outcome.load} {counts}, {rows} rows of {total}, {verdict} in {outcome.seconds:.2f} s"


def failed(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Those that published nothing."""
    return [outcome for outcome in outcomes if sentence(outcome)]


def sentence(outcome: Outcome) -> str:
    """Why nothing was published, by name; empty where something was."""
    if outcome.error is not None:
        return f"{type(outcome.error).__name__}: {outcome.error}"
    if outcome.generation is None:
        return f"Diverged: {' '.join(outcome.notes)}"
    return ""

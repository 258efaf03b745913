"""Find writes again in what the mirror has loaded since they were asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from focus_assets.config import Config
from focus_assets.database.open import Database
from focus_assets.database.tables import Mirrored, mirrored
from focus_assets.load.ledger import entries
from focus_assets.model.errors import InvalidConfiguration
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.stamps import floor_micros, nanos
from focus_assets.writeback.intent import Intent, Kind, State


def confirmed(config: Config, database: Database, found: Sequence[Intent]) -> set[str]:
    """The operations among these that are DONE and that the mirror shows: a group that is there, or is gone.

    None where no resource is configured to be read back, or it was not loaded. Raises InvalidConfiguration where it
    has no such column, DatabaseError.
    """
    back = config.writeback and config.writeback.read_back
    if not back:
        return set()
    loaded = {
        ref: entry
        for ref, entry in entries(database).items()
        if (ref.source, ref.resource) == (back.source, back.resource)
    }
    done = [intent for intent in found if intent.state is State.DONE]
    if not loaded or not done:
        return set()
    ref, entry = next(iter(loaded.items()))
    target = mirrored(database, ref, ResourceSchema.from_json(json.loads(entry.schema)))
    if back.column not in target.table.c:
        known = ", ".join(column.name for column in target.schema.columns)
        raise InvalidConfiguration(
            str(config.file or ""), f"expected one of {known}", path="writeback.read_back.column"
        )
    there = _there(database, target, back.column, [intent.target for intent in done])
    began = min(floor_micros(nanos(entry.started_at)) for entry in loaded.values())
    return {intent.operation_id for intent in done if _shown(intent, there, began)}


def _there(database: Database, target: Mirrored, column: str, transaction_ids: list[str]) -> set[str]:
    found = target.table.c[column]
    query = sa.select(found).where(found.in_(transaction_ids))
    with database.reading(f"find writes again in {target.shown}") as connection:
        return {str(value) for value in connection.execute(query).scalars()}


def _shown(intent: Intent, there: set[str], began: int) -> bool:
    """What is gone from a load that began after its deletion was asked for never comes back."""
    if intent.kind is Kind.CREATE:
        return intent.target in there
    return intent.target not in there and began >= intent.created_at

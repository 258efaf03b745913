"""Find rows that were sent again in what the mirror has loaded of the same API since."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from focus_assets.config.sending import Sending
from focus_assets.database.open import Database
from focus_assets.load.ledger import entries
from focus_assets.model.jsontext import Members, read
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.schema import Kind as Type
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.stamps import floor_micros, nanos
from focus_assets.writeback.intent import Intent, Kind, State
from focus_assets.writeback.rows.items import holds
from focus_assets.writeback.rows.outgoing import Selection, key_parts, outgoing, selection_of

_SPELLED = frozenset({Type.TEXT, Type.INT16, Type.INT32, Type.INT64})  # by every database as in a key


def confirmed_rows(settings: Sending, database: Database, found: Sequence[Intent]) -> set[str]:
    """The operations among these of one entry that are DONE and that the mirror shows: as they were sent, or gone.

    None where no resource is configured to be read back, or it was not loaded. Raises InvalidConfiguration where it
    lacks a column of the key, DatabaseError.
    """
    done = [intent for intent in found if intent.state is State.DONE]
    loaded = _loaded(settings.read_back, database)
    if not done or not loaded:
        return set()
    back = settings.model_copy(update={"resource": settings.read_back, "query": None, "columns": None})
    wanted = {intent.key for intent in done}
    selection = _within(selection_of("read_back", back, database), wanted)
    with database.reading("find rows that were sent again") as connection:
        there = {row.key: _members(row.body) for row in outgoing(connection, selection) if row.key in wanted}
    began = min(floor_micros(nanos(entry.started_at)) for entry in loaded)
    columns = _columns(loaded[0])
    return {intent.operation_id for intent in done if _shown(intent, there.get(intent.key), columns, began)}


def _within(selection: Selection, keys: Collection[str]) -> Selection:
    """Only the rows of these keys, where the key is one column that every database spells alike."""
    kind = selection.types[selection.key[0]].kind
    if len(selection.key) > 1 or kind not in _SPELLED or not isinstance(selection.query, sa.Select):
        return selection
    column = selection.query.selected_columns[selection.key[0]]
    spelled = column if kind is Type.TEXT else sa.cast(column, sa.String(40))
    found = spelled.in_([key_parts(key)[0] for key in keys])
    return replace(selection, query=selection.query.where(found))


def _loaded(read_back: str | None, database: Database) -> list[LedgerEntry]:
    source, _, resource = (read_back or "").partition("/")
    found = entries(database).items() if read_back else ()
    return [entry for ref, entry in found if (ref.source, ref.resource) == (source, resource)]


def _columns(entry: LedgerEntry) -> frozenset[str]:
    return frozenset(column.name for column in ResourceSchema.from_json(json.loads(entry.schema)).columns)


def _shown(intent: Intent, there: Members | None, columns: frozenset[str], began: int) -> bool:
    """Of what was sent the mirror has some columns; what is gone counts in a load that began after it was asked for."""
    if intent.kind is Kind.DELETE:
        return there is None and began >= intent.created_at
    row = _sent(intent)
    if row is None:
        return False
    known: Mapping[str, object] = {name: value for name, value in row.items() if name in columns}
    return there is not None and holds(there, Members(known))


def _sent(intent: Intent) -> Members | None:
    """What was sent; None where it cannot be read, as an earlier release could record it."""
    try:
        return _members(intent.payload)
    except (ValueError, RecursionError):
        return None


def _members(body: str) -> Members:
    found = read(body)
    assert isinstance(found, Members)
    return found

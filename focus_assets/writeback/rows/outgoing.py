"""Read the rows that are to be sent, each as the JSON that goes to the API: no number through a float."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from focus_assets.config.sending import Sending
from focus_assets.database.open import Database
from focus_assets.database.tables import SYNCED_AT, mirrored
from focus_assets.load.ledger import entries
from focus_assets.model.errors import BadValue, InvalidConfiguration, MissingKey, RowError
from focus_assets.model.jsontext import MAX_DEPTH, Json, Members, Number, check_nested, compact, read, too_deep_at
from focus_assets.model.records import wire
from focus_assets.model.schema import ColumnType, Kind, ResourceSchema
from focus_assets.model.stamps import canonical
from focus_assets.model.values import decimal_of
from focus_assets.writeback.intents import fingerprint
from focus_assets.writeback.rows.plan import OutgoingRow

_TOO_DEEP = f"it nests deeper than {MAX_DEPTH} levels"
LONGEST_KEY = 384  # characters: what every database can have an index on
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Selection:
    """A query in the destination, the columns of it that are sent with what they hold, and the key among them."""

    query: sa.Select[Any] | sa.TextClause
    columns: tuple[str, ...] | None
    types: Mapping[str, ColumnType]
    key: tuple[str, ...]


def selection_of(name: str, settings: Sending, database: Database) -> Selection:
    """Which rows an entry of the configuration means.

    Raises InvalidConfiguration for a resource that was never loaded or lacks a column, DatabaseError.
    """
    if settings.query is not None:
        return Selection(sa.text(settings.query), settings.columns, settings.column_types, settings.key)
    schema, table = _mirrored(name, settings, database)
    types = {column.name: column.type for column in schema.columns}
    chosen = settings.columns or tuple(types)
    for column in (*chosen, *settings.key):
        if column not in types:
            raise InvalidConfiguration(f"writes.{name}", f"{settings.resource} has no column {column!r}")
    return Selection(sa.select(*(table.c[column] for column in chosen)), chosen, types, settings.key)


def outgoing(connection: sa.Connection, selection: Selection) -> Generator[OutgoingRow, None, None]:
    """The rows as they are sent. Raises MissingKey, BadValue with the row's key, InvalidConfiguration."""
    try:
        yield from _read(connection, selection)
    except RecursionError as error:  # a driver reads JSON itself
        raise BadValue(f"a value of a row cannot be read: {_TOO_DEEP}") from error


def _read(connection: sa.Connection, selection: Selection) -> Generator[OutgoingRow, None, None]:
    # closed also where somebody stops reading: a driver's stream must not outlive its connection
    with connection.execute(selection.query.execution_options(yield_per=_BATCH)) as found:
        names = tuple(found.keys())
        _check(names, selection)
        sent = [name for name in selection.columns or names if name != SYNCED_AT.name]
        for row in found.mappings():
            yield _outgoing(row, sent, selection)


def key_parts(key: str) -> tuple[str, ...]:
    """The texts of which a key consists.

    >>> key_parts('["DE","7"]')
    ('DE', '7')
    """
    return tuple(json.loads(key))


def _mirrored(name: str, settings: Sending, database: Database) -> tuple[ResourceSchema, sa.Table]:
    source, _, resource = (settings.resource or "").partition("/")
    for ref, entry in entries(database).items():
        if (ref.source, ref.resource) == (source, resource):
            schema = ResourceSchema.from_json(json.loads(entry.schema))
            return schema, mirrored(database, ref, schema).table
    raise InvalidConfiguration(f"writes.{name}", f"{settings.resource} was never loaded: `focus sync` does that")


def _check(names: Sequence[str], selection: Selection) -> None:
    for name in (*selection.key, *(selection.columns or ()), *(selection.types if selection.columns is None else ())):
        if name not in names:
            raise InvalidConfiguration("writes", f"the query gives no column {name!r}; it gives {', '.join(names)}")
    if len(set(names)) < len(names):
        raise InvalidConfiguration("writes", "the query gives two columns of one name")


def _outgoing(row: sa.RowMapping, sent: Sequence[str], selection: Selection) -> OutgoingRow:
    key = compact([_key_part(row[name], name) for name in selection.key])
    if len(key) > LONGEST_KEY:
        raise BadValue(f"a key may have {LONGEST_KEY} characters, as JSON", value=key)
    members = Members((name, _said(row[name], name, selection.types.get(name), key)) for name in sent)
    body = compact(members)
    return OutgoingRow(key, body, fingerprint(body))


def _key_part(value: Any, column: str) -> str:
    if value is None or value == "":
        raise MissingKey("a row to be sent has no key", column=column)
    if isinstance(value, bool | float | bytes | list | dict):
        raise BadValue("a key is a text, an integer, a decimal, a moment or a UUID", column=column)
    return str(_named(lambda: _plain(value), "a row's key", column))


def _said(value: Any, column: str, column_type: ColumnType | None, key: str) -> Json:
    read_as = _STORED.get(column_type.kind, _plain) if column_type else _plain
    return None if value is None else _named(lambda: read_as(value), f"the row {key}", column)


def _named(said: Callable[[], Json], row: str, column: str) -> Json:
    """A value as it is sent. Raises BadValue or DuplicateName with the row and its column, for what JSON cannot say."""
    try:
        return _sayable(said())
    except RowError as error:
        raise type(error)(error.problem, feed=row, column=column) from error
    except RecursionError as error:
        raise BadValue(_TOO_DEEP, feed=row, column=column) from error
    except ValueError as error:
        raise BadValue(str(error), feed=row, column=column) from error


def _sayable(value: Json) -> Json:
    if isinstance(value, list | dict) and too_deep_at(compact(value)) is not None:
        raise BadValue(_TOO_DEEP)
    check_nested(value)
    return value


def _plain(value: Any) -> Json:
    """The same for every database: moments in UTC with six digits."""
    if isinstance(value, datetime):
        return canonical(str(wire(value)))
    return wire(value)


def _json(value: Any) -> Json:
    if not isinstance(value, str):
        return wire(value)
    if too_deep_at(value) is not None:
        raise BadValue(_TOO_DEEP)
    return read(value)


def _decimal(value: Any) -> Json:
    return Number(decimal_of(value)) if isinstance(value, str) else wire(value)


def _boolean(value: Any) -> Json:
    if value not in (0, 1):
        raise BadValue("expected true, false, 0 or 1")
    return bool(value)


def _moment(value: Any) -> Json:
    return canonical(value) if isinstance(value, str) else _plain(value)


def _day(value: Any) -> Json:
    return value if isinstance(value, str) else date.isoformat(value)


_STORED: Mapping[Kind, Callable[[Any], Json]] = {
    Kind.BOOL: _boolean,
    Kind.JSON: _json,
    Kind.TEXT_LIST: _json,
    Kind.DECIMAL: _decimal,
    Kind.TIMESTAMP: _moment,
    Kind.DATE: _day,
}

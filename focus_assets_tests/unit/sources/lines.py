"""Schemas and lines for the tests of the row decoder."""

from __future__ import annotations

from focus_assets.model.errors import FocusError
from focus_assets.model.feed import Block, Feed
from focus_assets.model.schema import Column, ResourceSchema, change_columns, parse_type
from focus_assets.sources.rows import RowDecoder, Unknown


def schema_of(*key: str, **types: str) -> ResourceSchema:
    """A schema of these columns; the key is `id` where none is given."""
    found = {name: parse_type(text) for name, text in types.items()}
    columns = tuple(Column(name, column_type) for name, column_type in found.items() if column_type is not None)
    assert len(columns) == len(types)
    return ResourceSchema("promotions", columns, key or ("id",), change_columns(columns))


def block_of(text: str | bytes, *, unterminated: bool = False, first_line: int = 1, first_byte: int = 0) -> Block:
    """A block of these bytes."""
    data = text.encode() if isinstance(text, str) else text
    return Block(data, first_line, first_byte, unterminated)


def outcome(
    schema: ResourceSchema,
    block: Block,
    *,
    feed: Feed = Feed.FULL,
    exact: bool,
    not_beyond: int | None = None,
    unknown: Unknown = Unknown.REFUSE,
    quarantine: bool = False,
) -> str:
    """Everything that a decoder says of a block, types and all, or the error that it raises."""
    decoder = RowDecoder(schema, feed, not_beyond=not_beyond, unknown=unknown, quarantine=quarantine, exact=exact)
    try:
        batch = decoder.decode(block)
    except FocusError as error:
        return f"{type(error).__name__}: {error}"
    newest = batch.newest and (batch.newest.micros, batch.newest.wire)
    return repr((batch.rows, newest, batch.future, batch.rejects, sorted(decoder.ignored)))

"""Schemas and lines for the tests of the row decoder."""

from __future__ import annotations

from typing import Any

from focus_assets.model.errors import FocusError
from focus_assets.model.feed import Block, Feed
from focus_assets.model.schema import Column, ResourceSchema, change_columns, parse_type
from focus_assets.sources.layout import layout_of
from focus_assets.sources.rows import Reading, RowDecoder, Unknown
from focus_assets_tests.tuples import one_by_one


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
    reading: Reading,
    not_beyond: int | None = None,
    unknown: Unknown = Unknown.REFUSE,
    quarantine: bool = False,
) -> str:
    """Everything that a decoder says of a block, types and all, or the error that it raises."""
    decoder = RowDecoder(schema, feed, not_beyond=not_beyond, unknown=unknown, quarantine=quarantine, reading=reading)
    try:
        batch = decoder.decode(block)
    except FocusError as error:
        return f"{type(error).__name__}: {error}"
    newest = batch.newest and (batch.newest.micros, batch.newest.wire)
    rows = one_by_one(batch.rows, layout_of(schema, feed).columns)
    return repr((rows, newest, batch.future, batch.rejects, sorted(decoder.ignored)))


def agreed(schema: ResourceSchema, block: Block, **how: Any) -> str:
    """What every reader says of a block; raises AssertionError where one of them says something else."""
    exact, *others = (outcome(schema, block, reading=reading, **how) for reading in Reading)
    for other in others:
        assert other == exact, block.data[:200]
    return exact

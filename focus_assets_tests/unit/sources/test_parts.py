"""A line of millions of values would fill the memory: it is refused by name, whoever reads it."""

from __future__ import annotations

import json

import pytest

from focus_assets.model.errors import BadValue
from focus_assets.model.feed import Block, Feed
from focus_assets.model.jsontext import MAX_PARTS, has_too_many_parts
from focus_assets.model.schema import ResourceSchema
from focus_assets.sources.rows import Reading, RowDecoder
from focus_assets_tests.contract.loading import column
from focus_assets_tests.tuples import one_by_one

SCHEMA = ResourceSchema("things", (column("id", "string"), column("v", "json"), column("l", "[]string")), ("id",))


def line(name: str, value: object) -> bytes:
    return json.dumps({"id": "k", name: value}, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize(("name", "part"), [("v", []), ("v", {}), ("v", 0), ("v", {"a": 0}), ("l", ""), ("x", [])])
def test_a_line_of_too_many_values_is_refused(name: str, part: object, reading: Reading) -> None:
    with pytest.raises(BadValue, match="more than 300,000 values"):
        RowDecoder(SCHEMA, Feed.FULL, reading=reading).decode(Block(line(name, [part] * (MAX_PARTS + 1)), 1, 0))


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize("part", [[], {}])
def test_an_empty_part_counts_twice(part: object, reading: Reading) -> None:
    with pytest.raises(BadValue, match="more than 300,000 values"):
        RowDecoder(SCHEMA, Feed.FULL, reading=reading).decode(Block(line("v", [part] * 200_000), 1, 0))


@pytest.mark.parametrize("reading", Reading)
def test_what_only_looks_like_values_inside_a_text_does_not_count(reading: Reading) -> None:
    text = ',[{"\\' * MAX_PARTS
    batch = RowDecoder(SCHEMA, Feed.FULL, reading=reading).decode(Block(line("l", [text]), 1, 0))
    assert one_by_one(batch.rows, SCHEMA.columns) == [("k", None, [text])]


def test_many_lines_are_not_one() -> None:
    block = line("v", [0] * 1000) * 500
    assert len(RowDecoder(SCHEMA, Feed.FULL).decode(Block(block, 1, 0)).rows) == 500


def test_as_many_as_are_allowed_are_counted_exactly() -> None:
    assert not has_too_many_parts(b"[" + b",".join([b"0"] * MAX_PARTS) + b"]")
    assert has_too_many_parts(b"[" + b",".join([b"0"] * (MAX_PARTS + 1)) + b"]")
    assert has_too_many_parts(b"," * (2 * MAX_PARTS) + b'"' * 7)

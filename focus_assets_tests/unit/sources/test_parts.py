"""A line of millions of values would fill the memory: it is refused by name, whoever reads it."""

from __future__ import annotations

import json

import pytest

from focus_assets.model.errors import BadValue
from focus_assets.model.feed import Block, Feed
from focus_assets.model.jsontext import MAX_PARTS, has_too_many_parts
from focus_assets.model.schema import ResourceSchema
from focus_assets.sources.rows import RowDecoder
from focus_assets_tests.contract.loading import column

SCHEMA = ResourceSchema("things", (column("id", "string"), column("v", "json"), column("l", "[]string")), ("id",))


def line(name: str, value: object) -> bytes:
    return json.dumps({"id": "k", name: value}, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("name", "part"), [("v", []), ("v", {}), ("v", 0), ("v", {"a": 0}), ("l", ""), ("x", [])])
def test_a_line_of_too_many_values_is_refused(name: str, part: object, *, exact: bool) -> None:
    with pytest.raises(BadValue, match="more than 300,000 values"):
        RowDecoder(SCHEMA, Feed.FULL, exact=exact).decode(Block(line(name, [part] * (MAX_PARTS + 1)), 1, 0))


@pytest.mark.parametrize("exact", [True, False])
def test_what_only_looks_like_values_inside_a_text_does_not_count(*, exact: bool) -> None:
    text = ',[{"\\' * MAX_PARTS
    batch = RowDecoder(SCHEMA, Feed.FULL, exact=exact).decode(Block(line("l", [text]), 1, 0))
    assert batch.rows == [("k", None, [text])]


def test_many_lines_are_not_one() -> None:
    block = line("v", [0] * 1000) * 500
    assert len(RowDecoder(SCHEMA, Feed.FULL).decode(Block(block, 1, 0)).rows) == 500


def test_as_many_as_are_allowed_are_counted_exactly() -> None:
    assert not has_too_many_parts(b"[" + b",".join([b"0"] * MAX_PARTS) + b"]")
    assert has_too_many_parts(b"[" + b",".join([b"0"] * (MAX_PARTS + 1)) + b"]")
    assert has_too_many_parts(b"," * (2 * MAX_PARTS) + b'"' * 7)

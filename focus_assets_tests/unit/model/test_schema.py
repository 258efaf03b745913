"""A schema knows its types, checks itself, and says how it differs from another."""

from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import pytest

from focus_assets.model.errors import InvalidSchema
from focus_assets.model.schema import (
    KNOWN_TYPES,
    Column,
    ColumnType,
    Kind,
    ResourceSchema,
    SchemaDrift,
    change_columns,
    compare,
    parse_type,
)


def columns(**types: str) -> tuple[Column, ...]:
    found = {name: parse_type(text) for name, text in types.items()}
    return tuple(Column(name, column_type) for name, column_type in found.items() if column_type is not None)


def schema(*, key: tuple[str, ...] = ("id",), **types: str) -> ResourceSchema:
    found = columns(**{"id": "uuid", **types})
    return ResourceSchema("promotions", found, key, change_columns(found))


@pytest.mark.parametrize("name", KNOWN_TYPES)
def test_a_type_is_known_in_any_case_and_by_its_own_text(name: str) -> None:
    column_type = parse_type(name)
    assert column_type is not None
    assert parse_type(name.upper()) == column_type
    assert parse_type(str(column_type)) == column_type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int", ColumnType(Kind.INT64)),
        ("Database.NullInt16", ColumnType(Kind.INT16)),
        ("float32", ColumnType(Kind.FLOAT)),
        ("DECIMAL(18, 4)", ColumnType(Kind.DECIMAL, 18, 4)),
        ("decimal(5,0)", ColumnType(Kind.DECIMAL, 5, 0)),
    ],
)
def test_a_type_has_one_meaning(text: str, expected: ColumnType) -> None:
    assert parse_type(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "int8",
        "uint64",
        "varchar",
        "decimal(0,0)",
        "decimal(4,5)",
        "decimal(1001,0)",
        "decimal(4)",
        "[]int",
        "\u017ftring",
        "decimal(\u0661,0)",
    ],
)
def test_a_type_that_nobody_described_is_unknown(text: str) -> None:
    assert parse_type(text) is None


@pytest.mark.parametrize(
    "change",
    [
        {"key": ()},
        {"key": ("id", "id")},
        {"key": ("missing",)},
        {"key": ("j",)},
        {"changed": ("missing",)},
        {"changed": ("n",)},
        {"columns": columns(id="uuid") * 2},
    ],
)
def test_a_schema_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSchema, match="promotions"):
        dataclasses.replace(schema(j="json", n="int"), **change)


def test_the_hash_forgets_the_order_of_columns_and_nothing_else() -> None:
    one, other = schema(a="int", b="string"), schema(b="string", a="int")
    assert one.hash == other.hash
    different = [
        schema(a="int"),
        schema(a="int32", b="string"),
        schema(a="int", c="string"),
        schema(a="int", b="string", key=("id", "a")),
        schema(a="int", b="string", key=("a", "id")),
        dataclasses.replace(one, partitioned_by=None),
    ]
    assert len({one.hash, *(other.hash for other in different)}) == len(different) + 1


def test_the_key_hash_is_of_the_key_alone() -> None:
    assert schema(a="int").key_hash == schema(b="string").key_hash
    assert schema(a="int", key=("id", "a")).key_hash != schema(a="int", key=("a", "id")).key_hash


def test_hashes_do_not_change_between_versions() -> None:
    assert schema(a="int").hash == "b196164a5165cbb9"
    assert schema(a="int").key_hash == "f599d9ee3c866ae6"


def test_drift_names_what_was_added_removed_and_retyped() -> None:
    old, new = schema(a="int", b="string", c="int"), schema(b="json", c="int", d="date")
    drift = compare(old, new)
    assert [column.name for column in drift.added] == ["d"]
    assert [column.name for column in drift.removed] == ["a"]
    assert drift.retyped == columns(b="json")
    assert not drift.key_changed
    assert str(drift) == "added d; removed a; retyped b"


def test_a_reordered_schema_has_not_drifted() -> None:
    drift = compare(schema(a="int", b="string"), schema(b="string", a="int"))
    assert drift == SchemaDrift()
    assert not drift
    assert str(drift) == "no difference"


def test_a_column_that_leaves_the_key_is_drift() -> None:
    drift = compare(schema(a="int", key=("id", "a")), schema(a="int"))
    assert drift.key_changed
    assert drift
    assert str(drift) == "the key changed"


def test_a_schema_survives_the_ledger() -> None:
    one = schema(a="decimal(18,4)", created_at="time", tags="[]string")
    assert ResourceSchema.from_json(json.loads(json.dumps(one.to_json()))) == one


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"name": "x", "columns": None, "key": [], "changed": [], "partitioned_by": None},
        {"name": "x", "columns": [{"name": "a", "type": "odd"}], "key": ["a"], "changed": [], "partitioned_by": None},
        {"name": "x", "columns": [{"name": "a", "type": 5}], "key": ["a"], "changed": [], "partitioned_by": None},
        {"name": "x", "columns": ["a"], "key": ["a"], "changed": [], "partitioned_by": None},
    ],
)
def test_a_broken_stored_schema_is_named(found: dict[str, Any]) -> None:
    with pytest.raises(InvalidSchema):
        ResourceSchema.from_json(found)


def test_change_times_are_found_by_name_and_type() -> None:
    assert schema(updated_at="time", created_at="datetime").changed == ("created_at", "updated_at")
    assert schema(updated_at="string", created_at="datetime").changed == ("created_at",)
    assert schema(name="string").changed == ()


def test_a_column_is_found_by_its_name() -> None:
    one = schema(a="int", key=("a", "id"))
    assert one.column("a").type.kind is Kind.INT64
    assert [column.name for column in one.key_columns] == ["a", "id"]
    with pytest.raises(KeyError):
        one.column("b")


def test_another_precision_or_scale_is_another_type() -> None:
    before = schema(price="decimal(18,4)")
    for text in ("decimal(18,2)", "decimal(12,4)", "decimal"):
        after = schema(price=text)
        assert before.hash != after.hash
        assert compare(before, after).retyped == columns(price=text)


def test_what_is_made_for_a_schema_is_found_by_an_equal_one_of_another_process() -> None:
    one = schema(price="decimal(18,4)")
    assert {one: "made"}[schema(price="decimal(18,4)")] == "made"
    assert schema(price="decimal(18,2)") not in {one: "made"}
    sent = pickle.loads(pickle.dumps(one))
    assert (sent, hash(sent)) == (one, hash(one))

"""The types of a whole load are those of its values, by rules that lose nothing; the same load fits them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.model.errors import InvalidSchema
from focus_assets.model.records import Scientific
from focus_assets.model.schema import ColumnType, Kind
from focus_assets.sources.rest.inference import Inference
from focus_assets.sources.rest.typed import RecordReader

FLOAT = Scientific("1.5e3")


def inferred(*values: Any, texts: bool = False) -> str:
    inference = Inference(texts=texts)
    for number, value in enumerate(values):
        inference.add({"id": number, "v": value})
    return str(inference.schema("things", key=["id"]).column("v").type)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, -5, None], "int64"),
        ([1, 2**63], "decimal"),
        ([1, Decimal("1.0")], "decimal"),
        ([FLOAT, 1, Decimal("0.1")], "float64"),
        ([FLOAT, 2**53 + 1], "decimal"),
        ([FLOAT, Decimal("0.1234567890123456789")], "decimal"),
        ([Scientific("1e400")], "decimal"),
        ([0.5, 1], "float64"),
        ([True, False, None], "bool"),
        ([True, 1], "json"),
        (["2025-07-01", None, "2024-02-29"], "date"),
        (["2025-07-01", "2023-02-29"], "string"),
        (["2025-07-01T00:00:00Z", "2025-07-01 00:00:00.5+02:00"], "time"),
        (["2025-07-01T00:00:00Z", "2025-07-01T00:00:00"], "string"),
        (["2025-07-01T00:00:00.0000001Z"], "string"),
        (["2025-07-01", "2025-07-01T00:00:00Z"], "string"),
        (["123e4567-e89b-12d3-a456-426614174000"], "uuid"),
        (["123E4567-E89B-12D3-A456-426614174000"], "string"),
        (["1", "2"], "string"),
        (["true"], "string"),
        (["a", ""], "string"),
        (["a", 1], "json"),
        ([{"a": 1}], "json"),
        ([[1]], "json"),
        ([None, None], "json"),
        ([date(2025, 7, 1), "2025-07-02"], "date"),
        ([datetime(2025, 7, 1, tzinfo=UTC)], "time"),
        ([UUID("123e4567-e89b-12d3-a456-426614174000")], "uuid"),
        ([b"x"], "bytes"),
        ([b"x", "x"], "json"),
    ],
)
def test_the_type_follows_from_all_values(values: list[Any], kind: str) -> None:
    assert inferred(*values) == kind
    assert inferred(*reversed(values)) == kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-20", None], "int64"),
        (["1", "007"], "string"),
        (["1", "-0"], "decimal"),
        (["1", "9223372036854775808"], "decimal"),
        (["1.50", "2"], "decimal"),
        (["1e3", "2"], "float64"),
        (["1e3", "0.1234567890123456789"], "string"),
        (["true", "false"], "bool"),
        (["True"], "string"),
        (["2025-07-01"], "date"),
        (["1", " 2"], "string"),
    ],
)
def test_texts_of_csv_and_xml_are_numbers_only_where_they_are_to_the_letter(values: list[Any], kind: str) -> None:
    assert inferred(*values, texts=True) == kind


def test_columns_stand_in_the_order_of_their_first_sight_after_those_that_were_given() -> None:
    inference = Inference({"price": ColumnType(Kind.DECIMAL, 18, 4)})
    for record in ({"b": 1, "price": "x"}, {"a": 2, "b": 3}):
        inference.add(record)
    schema = inference.schema("prices", key=["b"], partitioned_by="_partition")
    assert [f"{column.name} {column.type}" for column in schema.columns] == [
        "price decimal(18,4)",
        "b int64",
        "a int64",
    ]
    assert (schema.key, schema.partitioned_by) == (("b",), "_partition")


def test_a_change_time_may_lack_its_zone() -> None:
    inference = Inference()
    inference.add({"id": 1, "changed": "2025-07-01 12:00:00"})
    schema = inference.schema("things", key=["id"], changed=["changed"])
    assert schema.column("changed").type.kind is Kind.TIMESTAMP


def test_a_key_or_a_cursor_that_no_record_has_is_named() -> None:
    inference = Inference()
    inference.add({"ID": 1, "name": "x"})
    with pytest.raises(InvalidSchema, match="things: no record has the primary key 'id'; they have ID, name"):
        inference.schema("things", key=["id"])
    with pytest.raises(InvalidSchema, match="things: no record has the cursor 'updated_at'; they have ID, name"):
        inference.schema("things", key=["ID"], changed=["updated_at"])
    with pytest.raises(InvalidSchema, match="they have nothing"):
        Inference().schema("things", key=["id"])


finite = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e300"), max_value=Decimal("1e300"))
numbers = st.one_of(st.integers(), st.integers(-(2**70), 2**70), finite, finite.map(Scientific))
strings = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.uuids().map(str),
    st.integers().map(str),
    finite.map(str),
)
anything = st.one_of(st.none(), st.booleans(), numbers, strings, st.lists(numbers, max_size=2))
columns = st.one_of(*(st.lists(kind | st.none(), min_size=1, max_size=5) for kind in (numbers, strings, anything)))


@given(values=columns, texts=st.booleans())
def test_a_load_fits_what_was_inferred_from_it_and_comes_back_by_value(values: list[Any], texts: bool) -> None:
    inference = Inference(texts=texts)
    records = [{"id": number, "v": value} for number, value in enumerate(values)]
    for record in records:
        inference.add(record)
    schema = inference.schema("things", key=["id"])
    reader = RecordReader(schema, texts=texts)
    stored = [reader.row(record, number=1)[1] for record in records]
    kind = schema.column("v").type.kind
    for value, found in zip(values, stored, strict=True):
        assert (found is None) == (value is None)
        if value is not None and kind in (Kind.INT64, Kind.DECIMAL, Kind.FLOAT):
            assert Decimal(repr(found) if kind is Kind.FLOAT else str(found)) == Decimal(value)
        elif value is not None and kind in (Kind.TEXT, Kind.DATE, Kind.UUID):
            assert found == value

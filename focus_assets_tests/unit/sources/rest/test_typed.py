"""A record becomes the row that its schema says, to the letter, or an error that names record, key and column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.model.errors import BadValue, MissingKey, RowError
from focus_assets.model.feed import Row
from focus_assets.model.records import Record
from focus_assets.model.schema import KNOWN_TYPES, Column, ResourceSchema, parse_type
from focus_assets.sources.rest.typed import RecordReader


def schema_of(key: tuple[str, ...] = ("id",), **types: str) -> ResourceSchema:
    columns = tuple(Column(name, found) for name, text in types.items() if (found := parse_type(text)))
    return ResourceSchema("prices", columns, key, (), None)


def read(kind: str, value: Any, *, texts: bool = False) -> Any:
    return RecordReader(schema_of(id="int64", v=kind), texts=texts).row({"id": 1, "v": value}, number=1)[1]


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("int16", 7, 7),
        ("int64", 2**63 - 1, 2**63 - 1),
        ("float64", 1, 1.0),
        ("float64", Decimal("0.1"), 0.1),
        ("float64", 0.1, 0.1),
        ("decimal", Decimal("1.50"), Decimal("1.5")),
        ("decimal", "1.50", Decimal("1.5")),
        ("decimal(6,2)", Decimal("1.5"), Decimal("1.50")),
        ("string", "Zürich", "Zürich"),
        ("bool", True, True),
        ("uuid", UUID("123E4567-E89B-12D3-A456-426614174000"), "123e4567-e89b-12d3-a456-426614174000"),
        ("time", "2025-07-01T18:01:00+02:00", "2025-07-01T16:01:00.000000Z"),
        ("time", datetime(2025, 7, 1, 18, tzinfo=timezone(timedelta(hours=2))), "2025-07-01T16:00:00.000000Z"),
        ("time", datetime(2025, 7, 1, 18), "2025-07-01T18:00:00.000000Z"),  # noqa: DTZ001
        ("date", date(2025, 7, 1), "2025-07-01"),
        ("bytes", b"\x00\xff", b"\x00\xff"),
        ("json", {"a": [Decimal("1.50"), None, "x"]}, '{"a":[1.50,null,"x"]}'),
        ("json", 12, "12"),
        ("[]string", ("a", "b"), ["a", "b"]),
        ("string", None, None),
    ],
)
def test_a_value_is_stored_exactly(kind: str, value: Any, stored: Any) -> None:
    found = read(kind, value)
    assert (type(found), str(found)) == (type(stored), str(stored))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int64", "7"),
        ("int64", Decimal("7.0")),
        ("int64", True),
        ("int64", 2**63),
        ("int16", 40_000),
        ("float64", "0.1"),
        ("float64", float("nan")),
        ("float64", 2**53 + 1),
        ("decimal", float("inf")),
        ("decimal", Decimal("NaN")),
        ("decimal(6,2)", Decimal("1.005")),
        ("string", 7),
        ("string", "a\0b"),
        ("string", "\ud800"),
        ("bool", 1),
        ("bool", "true"),
        ("date", "01.07.2025"),
        ("date", datetime(2025, 7, 1, tzinfo=UTC)),
        ("time", "2025-02-30T00:00:00Z"),
        ("time", "2025-07-01T00:00:00.0000001Z"),
        ("json", {"a": {1: 2}}),
        ("json", ["\ud800"]),
        ("json", object()),
        ("string", {1, 2}),
    ],
)
def test_what_does_not_fit_is_refused_and_never_cast(kind: str, value: Any) -> None:
    with pytest.raises(BadValue) as caught:
        read(kind, value)
    assert caught.value.column == "v"
    assert str(caught.value).startswith("record 1 (id=1), column 'v': ")


def test_an_error_names_the_record_its_key_and_the_column() -> None:
    reader = RecordReader(schema_of(("symbol", "day"), symbol="string", day="date", open="int64"))
    with pytest.raises(BadValue, match=r"record 1,204 \(symbol='AAPL', day='2024-01-02'\), column 'open': expected an"):
        reader.row({"symbol": "AAPL", "day": "2024-01-02", "open": "n/a"}, number=1204)
    with pytest.raises(
        MissingKey, match=r"record 2 \(symbol='AAPL'\), column 'day': the primary key is null or absent"
    ):
        reader.row({"symbol": "AAPL", "open": 1}, number=2)
    with pytest.raises(MissingKey, match=r"record 3 \(day='2024-01-02'\), column 'symbol': the primary key is null"):
        reader.row({"symbol": None, "day": "2024-01-02", "open": 1}, number=3)
    with pytest.raises(MissingKey, match=r"record 3 \(symbol='AAPL'\), column 'day'"):
        reader.row({"symbol": "AAPL", "day": None}, number=3)
    with pytest.raises(BadValue, match=r"record 4 \(symbol='\{\"a\":1\}', day=a set\)|record 4"):
        reader.row({"symbol": {"a": 1}, "day": {1}}, number=4)


def test_texts_are_read_by_their_columns_type_only_where_there_is_nothing_else() -> None:
    assert read("int64", "-12", texts=True) == -12
    assert read("float64", "1e3", texts=True) == 1000.0
    assert read("decimal", "1.50", texts=True) == Decimal("1.5")
    assert read("bool", "false", texts=True) is False
    assert read("string", "007", texts=True) == "007"
    assert read("int64", 7, texts=True) == 7
    for kind, text in (("int64", "007"), ("int64", "1.0"), ("int64", " 1"), ("bool", "True"), ("float64", "NaN")):
        with pytest.raises(BadValue):
            read(kind, text, texts=True)


def test_unknown_attributes_are_noted_and_absent_ones_are_null() -> None:
    reader = RecordReader(schema_of(id="int64", v="string"))
    rows = [reader.row(record, number=1) for record in ({"id": 1, "new": 2}, {"id": 2, "v": "x"}, {"id": 3, "more": 1})]
    assert rows == [(1, None), (2, "x"), (3, None)]
    assert reader.ignored == {"new", "more"}


def test_the_key_of_a_record_is_found_where_it_is_whole() -> None:
    reader = RecordReader(schema_of(("id", "day"), v="int64", day="date", id="int64"))
    records: list[Record] = [{"id": 1, "day": "2024-01-02", "v": "bad"}, {"id": 1}, {"id": "x", "day": "2024-01-02"}]
    assert [reader.key(record) for record in records] == [(1, "2024-01-02"), None, None]


def test_an_integer_that_python_would_not_write_out_is_refused_too() -> None:
    with pytest.raises(BadValue, match="far too many digits"):
        read("json", 10**5000)


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**65), 2**65),
    st.decimals(),
    st.floats(),
    st.text(),
    st.sampled_from(["\ud800", "a\0", "2025-02-30", "12", "1e5", "true", "123E4567-e89b-12d3-a456-426614174000"]),
    st.dates(),
    st.dates().map(str),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}+02:00"),
    st.binary(max_size=3),
    st.lists(st.text(max_size=2), max_size=2),
)


@given(value=ANYTHING, kind=st.sampled_from([*map(str, KNOWN_TYPES.values()), "decimal(6,2)"]), texts=st.booleans())
def test_the_quick_way_reads_what_the_exact_one_reads(value: Any, kind: str, texts: bool) -> None:
    reader = RecordReader(schema_of(id="int64", v=kind), texts=texts)

    def outcome(read: Callable[[], Row]) -> tuple[str, str]:
        try:
            row = read()
        except RowError as error:
            return type(error).__name__, str(error)
        return type(row[1]).__name__, repr(row)

    record = {"id": 1, "v": value}
    assert outcome(lambda: reader.row(record, number=1)) == outcome(lambda: reader._exactly(record, 1))

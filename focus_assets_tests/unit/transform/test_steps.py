"""Each step does what it says to a record, leaves the record itself alone, and names what it refuses."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.model.errors import BadValue, DuplicateName, FunctionFailed, InvalidConfiguration, RowError
from focus_assets.model.records import Record
from focus_assets.model.schema import Kind, parse_type
from focus_assets.transform import (
    Ambiguous,
    Cast,
    Clean,
    Constants,
    Context,
    Dates,
    Derive,
    Drop,
    ExplodeKeys,
    Flatten,
    Function,
    Moment,
    Rename,
    Select,
    Step,
    Trim,
)

BERLIN = "Europe/Berlin"
names = st.text("abc", min_size=1, max_size=2)
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
records = st.recursive(
    st.dictionaries(names, scalars, max_size=4), lambda inner: st.dictionaries(names, scalars | inner, max_size=4)
)


def through(step: Step, record: Record, context: Context = Context()) -> list[Record]:  # noqa: B008 (frozen)
    """What a step makes of a record; the record stays as it was."""
    before = copy.deepcopy(record)
    try:
        return list(step(record, context))
    finally:
        assert record == before


def only(step: Step, record: Record) -> Record:
    (found,) = through(step, record)
    return found


def cast(kind: str, value: Any) -> Any:
    column_type = parse_type(kind)
    assert column_type is not None
    return only(Cast({"v": column_type}), {"v": value})["v"]


def dated(moment: Moment, value: Any) -> Any:
    return only(Dates({"v": moment}), {"v": value})["v"]


# --- names ---


def test_two_attributes_may_swap_their_names() -> None:
    assert only(Rename({"a": "b", "b": "a"}), {"a": 1, "b": 2}) == {"b": 1, "a": 2}


def test_no_rename_puts_one_attribute_over_another() -> None:
    with pytest.raises(BadValue, match="column 'b': two attributes would have this name"):
        through(Rename({"a": "b"}), {"a": 1, "b": 2})


@given(records)
def test_names_given_and_taken_back_leave_the_record(record: Record) -> None:
    there = {name: f"{name}_" for name in record}
    back = {new: old for old, new in there.items()}
    assert only(Rename(back), only(Rename(there), record)) == record


def test_select_and_drop_are_each_others_rest() -> None:
    record = {"a": 1, "b": None, "c": 3}
    assert list(only(Select(("c", "b", "x")), record)) == ["c", "b"]
    assert only(Drop(("c", "b", "x")), record) == {"a": 1}


# --- shape ---


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return sorted(leaf for inner in value.values() for leaf in leaves(inner))
    return [repr(value)]


@given(records)
def test_flattening_loses_no_leaf_and_leaves_no_object(record: Record) -> None:
    flat = only(Flatten("."), record)
    assert leaves(flat) == leaves(record)
    assert not any(isinstance(value, dict) for value in flat.values())


def test_flattening_stops_where_it_is_told() -> None:
    record = {"a": {"b": {"c": 1}}, "keep": {"x": 1}, "list": [{"y": 1}]}
    assert only(Flatten("_", depth=1), record) == {"a_b": {"c": 1}, "keep_x": 1, "list": [{"y": 1}]}
    assert only(Flatten("_", keep=("keep", "a_b")), record) == {"a_b": {"c": 1}, "keep": {"x": 1}, "list": [{"y": 1}]}


def test_flattening_puts_no_attribute_over_another() -> None:
    with pytest.raises(BadValue, match="column 'a_b': two attributes would have this name"):
        through(Flatten("_"), {"a": {"b": 1}, "a_b": 2})


@given(st.dictionaries(st.text(max_size=3), st.dictionaries(names, scalars, max_size=3), max_size=5))
def test_rows_of_an_exploded_object_are_its_members_in_their_order(prices: dict[str, Record]) -> None:
    rows = through(ExplodeKeys("day"), prices)
    assert {row["day"]: {name: row[name] for name in row if name != "day"} for row in rows} == prices
    assert [row["day"] for row in rows] == list(prices)


def test_an_exploded_attribute_leaves_the_others_in_each_row() -> None:
    record = {"base": "EUR", "rates": {"2024-01-02": 1, "2024-01-03": None}}
    assert through(ExplodeKeys("day", at="rates", value="rate"), record) == [
        {"base": "EUR", "day": "2024-01-02", "rate": 1},
        {"base": "EUR", "day": "2024-01-03", "rate": None},
    ]
    assert through(ExplodeKeys("day", at="rates"), {"base": "EUR", "rates": None}) == []


@pytest.mark.parametrize(
    ("step", "record", "said"),
    [
        (ExplodeKeys("day"), {"2024-01-02": 1}, "expected an object under '2024-01-02'; found '1'"),
        (ExplodeKeys("day"), {"2024-01-02": {"day": 1}}, "column 'day': two attributes would have this name"),
        (ExplodeKeys("day", at="x"), {"y": {}}, "column 'x': there is no such attribute to explode"),
        (ExplodeKeys("day", at="x"), {"x": [1]}, "column 'x': expected an object whose names become rows"),
        (ExplodeKeys("day", at="x", value="b"), {"b": 1, "x": {"k": 2}}, "column 'b': two attributes"),
    ],
)
def test_what_cannot_be_exploded_is_named(step: Step, record: Record, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        through(step, record)
    assert str(caught.value).startswith(said)


# --- texts ---


def test_texts_are_trimmed_and_cleaned_where_that_was_asked_for() -> None:
    record = {"a": " x\u00a0", "b": " y ", "n": 1}
    assert only(Trim(), record) == {"a": "x", "b": "y", "n": 1}
    assert only(Trim(("a",)), record) == {"a": "x", "b": " y ", "n": 1}
    messy = {"a": "one \t\n two", "b": "be\0ll\x07\n", "c": "", "d": " "}
    assert only(Clean(), messy) == messy
    assert only(Clean(collapse_spaces=True), messy) == {"a": "one two", "b": "be\0ll\x07", "c": "", "d": ""}
    assert only(Clean(remove_control=True), messy)["b"] == "bell\n"
    assert only(Clean(empty_as_null=True), messy) == messy | {"c": None}
    everything = Clean(("b", "c", "d"), collapse_spaces=True, remove_control=True, empty_as_null=True)
    assert only(everything, messy) == {"a": "one \t\n two", "b": "bell", "c": None, "d": None}


# --- constants and paths ---


def test_constants_name_the_partition() -> None:
    step = Constants({"symbol": "{partition}", "unit": 1, "note": None})
    assert through(step, {"open": 2}, Context(partition="AAPL")) == [
        {"open": 2, "symbol": "AAPL", "unit": 1, "note": None}
    ]


def test_derived_attributes_are_what_the_paths_find() -> None:
    record = {"lines": [{"price": Decimal("0.10")}, {"price": Decimal("0.20")}], "a": {"b": "x"}}
    derived = only(Derive({"total": "sum(lines[].price)", "b": "a.b", "none": "a.c"}), record)
    assert (str(derived["total"]), derived["b"], derived["none"]) == ("0.30", "x", None)
    assert only(Derive({"a": "b", "b": "a"}), {"a": 1, "b": 2}) == {"a": 2, "b": 1}


def test_a_path_that_cannot_be_applied_names_its_column() -> None:
    with pytest.raises(BadValue, match=r"column 'total': the path 'sum\(a\)' cannot be applied"):
        through(Derive({"total": "sum(a)"}), {"a": ["x"]})
    with pytest.raises(InvalidConfiguration, match="expected a JMESPath"):
        Derive({"total": "sum("})


# --- dates ---


@pytest.mark.parametrize(
    ("moment", "value", "meant"),
    [
        (Moment("%d.%m.%Y"), "01.07.2025", "2025-07-01"),
        (Moment("%Y-%m-%d %H:%M", BERLIN), "2025-07-01 18:01", "2025-07-01T16:01:00.000000Z"),
        (Moment("%Y-%m-%d %H:%M %z", BERLIN), "2025-07-01 18:01 +0500", "2025-07-01T13:01:00.000000Z"),
        (Moment("%Y-%m-%d %H:%M", BERLIN, kind=Kind.DATE), "2025-07-01 00:30", "2025-07-01"),
        (Moment("%Y-%m-%d", BERLIN, kind=Kind.TIMESTAMP), "2025-07-01", "2025-06-30T22:00:00.000000Z"),
        (Moment(), "2025-07-01T16:01:00.5+02:00", "2025-07-01T14:01:00.500000Z"),
        (Moment(zone=BERLIN), "2025-07-01 18:01:00", "2025-07-01T16:01:00.000000Z"),
        (Moment(zone=BERLIN), "2025-07-01T18:01:00Z", "2025-07-01T18:01:00.000000Z"),
        (Moment(zone=BERLIN), "2025-07-01", "2025-07-01"),
        (Moment(zone=BERLIN, kind=Kind.DATE), "2025-07-01T23:30:00Z", "2025-07-02"),
        (Moment("unix"), 0, "1970-01-01T00:00:00.000000Z"),
        (Moment("unix"), Decimal("-0.000001"), "1969-12-31T23:59:59.999999Z"),
        (Moment("unix"), "1719849660.5", "2024-07-01T16:01:00.500000Z"),
        (Moment("unix_ms"), 1719849660123, "2024-07-01T16:01:00.123000Z"),
        (Moment("unix", BERLIN, kind=Kind.DATE), 1719869400, "2024-07-01"),
        (Moment("unix", BERLIN, kind=Kind.DATE), 1719871200, "2024-07-02"),
        (Moment("%Y-%m-%d %H:%M", BERLIN, Ambiguous.EARLIER), "2025-10-26 02:30", "2025-10-26T00:30:00.000000Z"),
        (Moment("%Y-%m-%d %H:%M", BERLIN, Ambiguous.LATER), "2025-10-26 02:30", "2025-10-26T01:30:00.000000Z"),
        (Moment("%d.%m.%Y"), None, None),
    ],
)
def test_a_date_is_the_moment_that_it_means(moment: Moment, value: Any, meant: str) -> None:
    assert dated(moment, value) == meant


@pytest.mark.parametrize(
    ("moment", "value", "said"),
    [
        (Moment("%d.%m.%Y"), "2025-07-01", "expected a date in the format %d.%m.%Y; found '2025-07-01'"),
        (Moment("%d.%m.%Y"), "31.06.2025", "expected a date in the format"),
        (Moment("%d.%m.%Y"), True, "expected a date or a time; found 'bool'"),
        (Moment(), "2025-02-30", "expected a date in the format %Y-%m-%d"),
        (Moment(), "2025-02-30T00:00:00Z", "there is no such day"),
        (Moment(), "yesterday", "expected a timestamp"),
        (Moment(), "2025-07-01T00:00:00.0000001Z", "more precise than a microsecond"),
        (Moment("unix"), Decimal("0.0000001"), "more precise than a microsecond"),
        (Moment("unix"), Decimal("1719849660.000000000000000000000000000001"), "more precise than a microsecond"),
        (Moment("unix"), 10**15, "its year in UTC is not between 1 and 9999"),
        (Moment("unix"), "1e999999999", "its year in UTC is not between 1 and 9999"),
        (Moment("unix"), "soon", "expected a decimal number"),
        (Moment("%Y-%m-%d %H:%M", BERLIN), "2025-03-30 02:30", "there is no such time in Europe/Berlin"),
        (Moment("%Y-%m-%d %H:%M", BERLIN), "2025-10-26 02:30", "the time comes twice in Europe/Berlin"),
        (Moment("%Y-%m-%d %H:%M %z"), "0001-01-01 00:00 +0500", "its year in UTC is not between 1 and 9999"),
    ],
)
def test_a_date_that_does_not_parse_is_named(moment: Moment, value: Any, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        dated(moment, value)
    assert caught.value.column == "v"
    assert said in str(caught.value)


@given(
    st.dates(date(1, 1, 2), date(9999, 12, 30)).flatmap(
        lambda day: st.times().map(lambda time: datetime.combine(day, time))
    ),
    st.sampled_from([BERLIN, "America/New_York", "UTC"]),
)
def test_a_local_time_that_is_read_is_the_one_that_was_written(local: datetime, zone: str) -> None:
    try:
        found = dated(Moment(zone=zone, ambiguous=Ambiguous.EARLIER), local.isoformat(timespec="microseconds"))
    except BadValue:
        there = local.replace(tzinfo=ZoneInfo(zone))
        assert there.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local
    else:
        back = datetime.fromisoformat(found).astimezone(ZoneInfo(zone))
        assert back.replace(tzinfo=None) == local
        assert back.fold == 0


@given(st.integers(-(10**9), 10**9), st.integers(0, 999_999))
def test_seconds_since_1970_keep_their_microseconds(seconds: int, micros: int) -> None:
    found = datetime.fromisoformat(dated(Moment("unix"), Decimal(seconds) + Decimal(micros).scaleb(-6)))
    assert found - datetime.fromisoformat("1970-01-01T00:00:00Z") == timedelta(seconds=seconds, microseconds=micros)


@pytest.mark.parametrize(("zone", "form"), [("Mars/Base", "iso"), ("../etc", "iso"), ("", "iso"), ("UTC", "%d.%m")])
def test_a_zone_or_a_format_that_cannot_be_is_refused_at_once(zone: str, form: str) -> None:
    with pytest.raises(InvalidConfiguration):
        Moment(form, zone)


# --- casts ---


@pytest.mark.parametrize(
    ("kind", "value", "becomes"),
    [
        ("int64", "007", 7),
        ("int64", "-12", -12),
        ("int64", Decimal("7.0"), 7),
        ("int64", Decimal("1E+3"), 1000),
        ("float64", "1.5", 1.5),
        ("float64", 2, 2.0),
        ("decimal", "1.50", Decimal("1.5")),
        ("decimal(6,2)", 2, Decimal("2.00")),
        ("string", 7, "7"),
        ("string", Decimal("1.50"), "1.50"),
        ("string", True, "true"),
        ("string", {"a": [1]}, '{"a":[1]}'),
        ("bool", "TRUE", True),
        ("bool", "0", False),
        ("bool", 1, True),
        ("date", "2025-07-01", "2025-07-01"),
        ("time", "2025-07-01T18:00:00+02:00", "2025-07-01T16:00:00.000000Z"),
        ("uuid", "123E4567-E89B-12D3-A456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ("json", '{"a": 1.50, "b": [1, null]}', {"a": Decimal("1.50"), "b": [1, None]}),
        ("json", {"a": 1}, {"a": 1}),
        ("bytes", "AP8=", "AP8="),
        ("[]string", ["a"], ["a"]),
        ("int64", None, None),
    ],
)
def test_a_cast_is_exact(kind: str, value: Any, becomes: Any) -> None:
    found = cast(kind, value)
    assert (type(found), str(found)) == (type(becomes), str(becomes))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int64", "7.5"),
        ("int64", " 7"),
        ("int64", "seven"),
        ("int64", 2**63),
        ("int64", Decimal("1E+400")),
        ("int64", True),
        ("int16", "40000"),
        ("float64", "NaN"),
        ("float64", "1e999"),
        ("decimal(6,2)", "1.005"),
        ("decimal", "1,5"),
        ("string", "a\0"),
        ("bool", "yes"),
        ("bool", 2),
        ("date", "2025-07-01T00:00:00Z"),
        ("date", "2025-02-30"),
        ("time", "2025-07-01"),
        ("json", "{"),
        ("json", "[" * 100),
        ("json", "NaN"),
        ("[]string", "a"),
        ("bytes", "AP8"),
    ],
)
def test_what_a_type_does_not_hold_is_not_cast_to_it(kind: str, value: Any) -> None:
    with pytest.raises(BadValue) as caught:
        cast(kind, value)
    assert caught.value.column == "v"
    assert caught.value.value


def test_json_in_a_text_gives_no_name_twice() -> None:
    with pytest.raises(DuplicateName, match="column 'v'"):
        cast("json", '{"a": 1, "a": 2}')


@given(st.integers(-(2**63), 2**63 - 1), st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_numbers_that_become_texts_come_back(whole: int, price: Decimal) -> None:
    assert cast("int64", cast("string", whole)) == whole
    assert cast("decimal", cast("string", price)) == price


# --- own functions ---


def test_an_own_function_gets_a_copy_and_gives_a_record() -> None:
    def spoil(record: Record) -> Record:
        record["n"] += 1
        return record

    assert only(Function(spoil, "mine:spoil"), {"n": 1}) == {"n": 2}


def test_what_an_own_function_raises_has_its_name() -> None:
    def broken(record: Record) -> Record:
        return {"x": record["missing"]}

    def refusing(record: Record) -> Record:
        raise BadValue("not on Sundays", column="day")

    with pytest.raises(FunctionFailed, match="mine:broken raised KeyError: 'missing'") as caught:
        through(Function(broken, "mine:broken"), {})
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(BadValue, match="column 'day': not on Sundays"):
        through(Function(refusing, "mine:refusing"), {})
    for result in (None, [{}], {1: 2}):
        with pytest.raises(RowError, match=r"mine:odd returned a \w+ and no record"):
            through(Function(lambda _, found=result: found, "mine:odd"), {})  # type: ignore[misc]


TYPES: Mapping[str, Any] = {"n": parse_type("int16"), "p": parse_type("decimal(6,2)")}


@pytest.mark.parametrize(
    ("step", "left"),
    [
        (Rename({"n": "m"}), {"m", "p"}),
        (Select(("p",)), {"p"}),
        (Drop(("p",)), {"n"}),
        (Constants({"n": 1}), {"p"}),
        (Derive({"n": "x"}), {"p"}),
        (Flatten(), {"n", "p"}),
        (ExplodeKeys("k"), {"n", "p"}),
        (Trim(), {"n", "p"}),
        (Clean(), {"n", "p"}),
        (Function(dict, "dict"), {"n", "p"}),
        (Dates({"n": Moment()}), {"p"}),
        (Dates({"n": Moment("unix"), "d": Moment("%Y%m%d")}), {"p", "n", "d"}),
    ],
)
def test_types_that_the_steps_said_move_with_their_attributes(step: Step, left: set[str]) -> None:
    assert set(Cast(TYPES).types({})) == {"n", "p"}
    assert set(step.types(TYPES)) == left

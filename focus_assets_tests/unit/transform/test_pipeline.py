"""A pipeline names the record and the step that went wrong, and finds a user's functions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from focus_assets.model.errors import BadValue, FunctionFailed, InvalidConfiguration
from focus_assets.model.schema import ColumnType, Kind
from focus_assets.transform import Cast, Context, ExplodeKeys, Function, Rename, Trim, named, pipeline

PRICES = {"2024-01-02": {"open": "1.5"}, "2024-01-03": {"open": "n/a"}}
STEPS = [ExplodeKeys("day"), Rename({"open": "open_price"}), Cast({"open_price": ColumnType(Kind.DECIMAL)})]


def test_steps_run_in_their_order() -> None:
    found = list(pipeline([Rename({"a": "b"}), Rename({"b": "c"}), Trim(("c",))])([{"a": " x "}, {"a": "y"}]))
    assert found == [{"c": "x"}, {"c": "y"}]
    assert list(pipeline([])([{"a": 1}])) == [{"a": 1}]


def test_an_error_names_record_key_and_step() -> None:
    records = pipeline(STEPS)([{}, PRICES], Context(key=("symbol", "day"), first=501))
    with pytest.raises(BadValue) as caught:
        list(records)
    assert str(caught.value) == (
        "record 502 (day='2024-01-03'), step 3 (cast), column 'open_price': expected a decimal number; found '\"n/a\"'"
    )


def test_records_before_a_bad_one_have_been_given() -> None:
    records = pipeline(STEPS[:1])([PRICES, {"2024-01-04": None}])
    assert [next(records)["day"], next(records)["day"]] == ["2024-01-02", "2024-01-03"]
    with pytest.raises(BadValue, match="record 2, step 1"):
        next(records)


def test_an_own_function_that_raises_names_the_record() -> None:
    def broken(record: dict[str, object]) -> dict[str, object]:
        raise ZeroDivisionError("division by zero")

    with pytest.raises(FunctionFailed, match=r"record 1 \(id=7\), step 1 \(function\): mine:broken raised ZeroDivis"):
        list(pipeline([Function(broken, "mine:broken")])([{"id": 7}], Context(key=("id",))))


def test_the_types_of_a_pipeline_are_those_that_its_steps_say() -> None:
    types = pipeline([*STEPS, Rename({"open_price": "price"})]).types
    assert types == {"price": ColumnType(Kind.DECIMAL)}


def test_a_function_is_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "tidying_prices.py").write_text("def tidy(record):\n    return record | {'tidy': True}\n")
    before = list(sys.path)
    try:
        function = named("tidying_prices:tidy", tmp_path)
        assert list(function({"a": 1})) == [{"a": 1, "tidy": True}]
        assert (function.shown, sys.path) == ("tidying_prices:tidy", before)
    finally:
        sys.modules.pop("tidying_prices", None)


@pytest.mark.parametrize(
    ("dotted", "said"),
    [
        ("prices", "expected module:function"),
        (":tidy", "expected module:function"),
        ("no_such_module_here:tidy", "cannot be imported: ModuleNotFoundError"),
        ("json:no_such", "has no function 'no_such'"),
        ("string:digits", "has no function 'digits'"),
    ],
)
def test_a_function_that_is_not_there_is_named(dotted: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration, match=said):
        named(dotted)


def test_a_module_that_cannot_be_imported_leaves_no_path_behind(tmp_path: Path) -> None:
    (tmp_path / "broken_prices.py").write_text("1 / 0\n")
    before = list(sys.path)
    with pytest.raises(InvalidConfiguration, match="ZeroDivisionError: division by zero"):
        named("broken_prices:tidy", tmp_path)
    assert sys.path == before

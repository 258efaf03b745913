"""Values arrive exact, or are refused by name."""

from __future__ import annotations

from decimal import Decimal

import pytest

from focus_assets.model.errors import BadValue, DuplicateName
from focus_assets.model.jsontext import read, too_deep_at
from focus_assets.model.schema import Column, parse_type
from focus_assets.model.values import canonical, start_of
from focus_assets_tests.unit.model.hostile import ACCEPTED, WIRES

REFUSED = "refused v"


def column(type_name: str) -> Column:
    column_type = parse_type(type_name)
    assert column_type is not None
    return Column("v", column_type)


def outcome(type_name: str, wire: str) -> str:
    if too_deep_at(wire) is not None:
        return REFUSED
    try:
        return repr(canonical(column(type_name), read(wire)))
    except (BadValue, DuplicateName) as error:
        return f"refused {error.column}"


def expected(type_name: str, wire: str) -> str:
    return repr(ACCEPTED[type_name][wire]) if wire in ACCEPTED[type_name] else REFUSED


def test_there_are_enough_hostile_values() -> None:
    assert len(set(WIRES)) == len(WIRES) >= 150


def test_every_expectation_is_of_a_listed_value() -> None:
    assert all(set(accepted) <= set(WIRES) for accepted in ACCEPTED.values())


@pytest.mark.parametrize("type_name", [name for name in ACCEPTED if not name.startswith("decimal")])
def test_a_type_takes_its_values_exactly_and_refuses_all_others(type_name: str) -> None:
    found = {wire: outcome(type_name, wire) for wire in WIRES}
    assert found == {wire: expected(type_name, wire) for wire in WIRES}


@pytest.mark.parametrize("type_name", ["decimal", "decimal(18,4)"])
def test_a_decimal_keeps_every_digit(type_name: str) -> None:
    for wire in WIRES:
        if wire not in ACCEPTED[type_name]:
            assert outcome(type_name, wire) == REFUSED, wire
        else:
            assert canonical(column(type_name), read(wire)) == ACCEPTED[type_name][wire], wire


@pytest.mark.parametrize("wire", ACCEPTED["decimal"])
def test_equal_decimals_have_one_text(wire: str) -> None:
    value = canonical(column("decimal"), read(wire))
    assert isinstance(value, Decimal)
    plain = f"{value:f}"
    assert not plain.startswith("-0") or value != 0
    assert "." not in plain or not plain.endswith("0")
    assert "E+" not in str(value)


@pytest.mark.parametrize("wire", ACCEPTED["decimal(18,4)"])
def test_a_decimal_with_a_scale_always_has_that_scale(wire: str) -> None:
    value = canonical(column("decimal(18,4)"), read(wire))
    assert isinstance(value, Decimal)
    assert value.as_tuple().exponent == -4
    assert value != 0 or not value.is_signed()


@pytest.mark.parametrize(
    ("precision", "wire", "fits"),
    [
        ("decimal(3,3)", "0.999", True),
        ("decimal(3,3)", "1", False),
        ("decimal(3,0)", "999", True),
        ("decimal(3,0)", "999.0", True),
        ("decimal(3,0)", "999.5", False),
        ("decimal(3,0)", "1e3", False),
        ("decimal(1000,1000)", "1e-1000", True),
        ("decimal(1000,0)", "1e999", True),
        ("decimal(1000,0)", "1e1000", False),
    ],
)
def test_a_decimal_is_refused_where_a_digit_would_be_lost(precision: str, wire: str, fits: bool) -> None:
    assert (outcome(precision, wire) != REFUSED) is fits


@pytest.mark.parametrize("type_name", ACCEPTED)
def test_null_is_null_in_every_type(type_name: str) -> None:
    assert canonical(column(type_name), read("null")) is None


@pytest.mark.parametrize(
    "wire", [str(2**53), str(-(2**53)), "123456789012345670000", "100000000000000000000000", "1" + "0" * 308]
)
def test_an_integer_that_a_double_writes_is_that_double(wire: str) -> None:
    assert canonical(column("float64"), read(wire)) == float(wire)


def test_an_error_shows_the_start_of_the_value_and_nothing_that_breaks_a_terminal_or_a_database() -> None:
    shown = start_of(read(r'["\ud800\u0000' + "x" * 1000 + '"]'))
    assert len(shown) < 120
    assert shown.encode().decode() == shown
    assert "\0" not in shown


def test_an_error_tells_a_string_from_a_number() -> None:
    with pytest.raises(BadValue, match="found '\"5\"'"):
        canonical(column("int64"), read('"5"'))

"""What there is to serve: every type, every awkward value, the same for the same seed."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from focus_assets.sandbox import Sizes
from focus_assets.sandbox.data import Resource, Rows
from focus_assets.sandbox.reference import reference
from focus_assets.sandbox.retail import Promotions, retail

SERVED = {**reference(), **retail(Sizes(promotions=2000, products=200, stores=90), seed=7)}
RESOURCES = {resource.name: resource for resources in SERVED.values() for resource in resources}
STAMP = '"2025-07-01T16:00:00.000000Z"'


def _text(value: object) -> bool:
    return isinstance(value, str)


def _whole(bits: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


FITS: dict[str, Callable[[Any], bool]] = {
    "int16": _whole(16),
    "int32": _whole(32),
    "int64": _whole(64),
    "int": _whole(64),
    "database.nullint16": _whole(16),
    "float32": lambda value: isinstance(value, float | int),
    "float64": lambda value: isinstance(value, float | int),
    "decimal(18,4)": lambda value: isinstance(value, Decimal) and len(value.as_tuple().digits) <= 18,
    "decimal(12,2)": lambda value: isinstance(value, Decimal),
    "string": _text,
    "uuid": lambda value: str(uuid.UUID(value)) == value,
    "time": _text,
    "datetime": _text,
    "date": lambda value: dt.date.fromisoformat(value).isoformat() == value,
    "bool": lambda value: isinstance(value, bool),
    "json": lambda value: value is not None,
    "bytes": lambda value: base64.b64encode(base64.b64decode(value, validate=True)).decode() == value,
    "[]string": lambda value: isinstance(value, list) and all(map(_text, value)),
}


def _line(rows: Rows, index: int, revision: int = 0) -> dict[str, Any]:
    line = rows.line(index, revision, STAMP, "null")
    types: dict[str, Any] = json.loads(line)
    exact: dict[str, Any] = json.loads(line, parse_float=Decimal)
    return {name: exact[name] if name == "price" else value for name, value in types.items()}


def _sample(resource: Resource, country: str = "DE") -> list[dict[str, Any]]:
    rows = resource.rows(country)
    # The last five are rows that are not there at the start.
    return [_line(rows, index) for index in range(min(rows.size, 1500) + 5)]


def test_every_type_of_the_protocol_is_served_but_bare_decimals() -> None:
    assert {attribute.type for resource in RESOURCES.values() for attribute in resource.attributes} == set(FITS)


@pytest.mark.parametrize("name", RESOURCES)
def test_every_value_fits_its_type(name: str) -> None:
    resource = RESOURCES[name]
    types = {attribute.name: attribute.type for attribute in resource.attributes}
    for line in _sample(resource):
        assert set(line) <= set(types)
        assert not [column for column, value in line.items() if value is not None and not FITS[types[column]](value)]


@pytest.mark.parametrize("name", RESOURCES)
def test_no_key_comes_twice_nor_is_null_and_a_line_has_the_key_that_it_is_known_by(name: str) -> None:
    resource = RESOURCES[name]
    rows = resource.rows("DE")
    keys = [rows.key(index) for index in range(rows.size + 50)]
    assert len(set(keys)) == len(keys)
    assert [tuple(line[column] for column in resource.key_names) for line in _sample(resource)[:20]] == keys[:20]


@pytest.mark.parametrize("name", RESOURCES)
def test_a_revision_changes_the_content_and_not_the_key(name: str) -> None:
    resource = RESOURCES[name]
    rows = resource.rows("FR")
    lines = [_line(rows, 3, revision) for revision in range(4)]
    assert len({json.dumps(line, default=str) for line in lines}) == 4
    assert len({tuple(line[column] for column in resource.key_names) for line in lines}) == 1


@pytest.mark.parametrize("name", RESOURCES)
def test_countries_share_no_line(name: str) -> None:
    german, french = (RESOURCES[name].rows(country).line(0, 0, STAMP, "null") for country in ("DE", "FR"))
    assert german != french


def test_the_same_seed_makes_the_same_rows_and_another_seed_others() -> None:
    one, same, other = (Promotions("DE", 10, seed=seed) for seed in (1, 1, 2))
    assert _line(one, 5) == _line(same, 5)
    assert one.key(5) != other.key(5)


def test_some_numbers_do_not_survive_a_double() -> None:
    lines = _sample(RESOURCES["promotions"])
    assert any(int(float(line["quantity"])) != line["quantity"] for line in lines)
    assert any(Decimal(float(line["price"])).quantize(Decimal("0.0001")) != line["price"] for line in lines)


def test_text_keys_differ_by_case_and_by_a_trailing_space_alone() -> None:
    keys = {line["sku"] for line in _sample(RESOURCES["products"])}
    assert {"SKU-00000", "sku-00000", "SKU-00000 "} <= keys


def test_a_null_can_be_a_null_or_an_absent_attribute() -> None:
    ratings = [line.get("rating", "absent") for line in _sample(RESOURCES["products"])]
    assert "absent" in ratings
    assert None in ratings


def test_decimals_can_be_text() -> None:
    line = Promotions("DE", 10, seed=1, decimals="text").line(0, 0, STAMP, "null")
    assert isinstance(json.loads(line)["price"], str)


def test_a_promotion_is_about_four_hundred_bytes() -> None:
    rows = Promotions("DE", 1000, seed=1)
    lines = [rows.line(index, 0, STAMP, STAMP).encode() for index in range(1000)]
    assert 380 < sum(map(len, lines)) / len(lines) < 460


def test_real_airports_and_holidays_are_served_in_english_wherever_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    assert "EDDF" in {line["icao"] for line in _sample(RESOURCES["airports"])}
    assert ("2025-10-03", "German Unity Day") in {
        (line["day"], line["name"]) for line in _sample(RESOURCES["holidays"])
    }


@pytest.mark.parametrize("name", ["airports", "holidays"])
def test_a_country_that_nobody_knows_has_no_rows(name: str) -> None:
    assert RESOURCES[name].rows("XX").size == 0


def test_importing_the_sandbox_reads_no_data() -> None:
    program = "import sys, focus_assets.sandbox; print({'airportsdata', 'holidays'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

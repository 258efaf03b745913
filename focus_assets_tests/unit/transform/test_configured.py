"""What focus.yaml says of steps becomes those steps; what it cannot mean is refused where it stands."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from focus_assets.config.transform import TransformStep, steps_of
from focus_assets.model.errors import InvalidConfiguration
from focus_assets.transform import Context, pipeline

STEPS = TypeAdapter(tuple[TransformStep, ...])


def run(text: str, record: dict[str, Any], partition: str = "") -> list[dict[str, Any]]:
    steps = steps_of(STEPS.validate_python(yaml.safe_load(text)))
    return list(pipeline(steps)([record], Context(partition=partition)))


def test_the_steps_of_the_readme_work_as_written() -> None:
    text = "[{explode_keys: {as: day}}, {rename: {open: open_price}}, {cast: {day: date}}]"
    assert run(text, {"2024-01-02": {"open": 1}}) == [{"day": "2024-01-02", "open_price": 1}]


def test_every_step_can_be_written_in_yaml() -> None:
    text = """
    - constants: {symbol: "{partition}", factor: 1.5}
    - explode_keys: {as: day, at: prices, value: price}
    - derive: {city: address.city}
    - flatten: {separator: ".", depth: 1, keep: [tags]}
    - drop: [city]
    - clean: {columns: [note], collapse_spaces: true, remove_control: true, empty_as_null: true}
    - trim: all
    - trim: [address.city]
    - dates: {day: "%d.%m.%Y", at: {format: unix, zone: Europe/Berlin, as: date, ambiguous: later}}
    - cast: {price: "decimal(8,2)"}
    - function: builtins:dict
    - select: [symbol, factor, day, at, price, note, address.city, tags]
    """
    record = {
        "prices": {"02.01.2024": "1.5"},
        "address": {"city": " Oslo "},
        "tags": {"a": 1},
        "note": "\x07",
        "at": 1719871200,
    }
    assert run(text, record, "AAPL") == [
        {
            "symbol": "AAPL",
            "factor": Decimal("1.5"),
            "day": "2024-01-02",
            "at": "2024-07-02",
            "price": Decimal("1.50"),
            "note": None,
            "address.city": "Oslo",
            "tags": {"a": 1},
        }
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{}]", "expected one step under its name"),
        ("[{rename: {a: b}, drop: [c]}]", "expected one step under its name"),
        ("[{flatten: }]", "expected one step under its name"),
        ("[{cast: {a: floot}}]", "floot: expected a type: int16"),
        ("[{derive: {a: 'b['}}]", "expected a JMESPath"),
        ("[{dates: {a: '%d.%m'}}]", "a strptime format with a year"),
        ("[{dates: {a: {zone: Mars}}}]", "expected a time zone"),
        ("[{function: prices}]", "expected module:function"),
        ("[{explode_keys: {at: x}}]", "Field required"),
        ("[{flatten: {depth: 0}}]", "greater than or equal to 1"),
    ],
)
def test_a_step_that_cannot_be_taken_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        STEPS.validate_python(yaml.safe_load(text))
    assert said in str(caught.value)


def test_a_function_that_is_missing_is_told_when_the_steps_are_made(tmp_path: Path) -> None:
    configured = STEPS.validate_python([{"function": "no_such_module_here:tidy"}])
    with pytest.raises(InvalidConfiguration, match="cannot be imported"):
        steps_of(configured, tmp_path)

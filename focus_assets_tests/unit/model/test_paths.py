"""JMESPath on exact numbers: no float comes in, and what cannot be applied is named."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from focus_assets.model.errors import BadValue, InvalidConfiguration
from focus_assets.model.paths import Path, path

PRICES = {"lines": [{"price": Decimal("0.1")}, {"price": Decimal("0.2")}, {"price": 3}]}


@pytest.mark.parametrize(
    ("text", "document", "found"),
    [
        ("sum(lines[].price)", PRICES, Decimal("3.3")),
        ("avg(lines[].price)", PRICES, Decimal("1.1")),
        ("avg(nothing)", {"nothing": []}, None),
        ("lines[?price > `0.1`].price", PRICES, [Decimal("0.2"), 3]),
        ("lines[?price == `0.1`] | [0].price", PRICES, Decimal("0.1")),
        ("to_number(a)", {"a": " 12 "}, 12),
        ("to_number(a)", {"a": "-0.10"}, Decimal("-0.10")),
        ("to_number(a)", {"a": Decimal("1.5")}, Decimal("1.5")),
        ("to_number(a)", {"a": True}, None),
        ("to_number(a)", {"a": [1]}, None),
        ("to_number(a)", {"a": "much"}, None),
        ("to_number(a)", {"a": "NaN"}, None),
        ("to_number(a)", {"a": "1e99999"}, None),
        ("to_string(a)", {"a": "as it is"}, "as it is"),
        ("to_string(a)", {"a": [1, Decimal("0.10")]}, "[1,0.10]"),
        ("a.b", {}, None),
        ("a[0:2]", {"a": [1, 2, 3]}, [1, 2]),
    ],
)
def test_numbers_stay_exact(text: str, document: Any, found: Any) -> None:
    assert Path(text).find(document) == found
    assert repr(Path(text).find(document)) == repr(found)


@pytest.mark.parametrize("text", ["sum(a)", "avg(a)", "length(a)", "nothing_of_that_name(a)"])
def test_what_cannot_be_applied_is_named(text: str) -> None:
    with pytest.raises(BadValue, match=r"cannot be applied"):
        Path(text).find({"a": True})


def test_what_is_no_path_is_named() -> None:
    with pytest.raises(InvalidConfiguration, match="expected a JMESPath"):
        Path("a[")


def test_a_path_is_compiled_once_and_shows_its_text() -> None:
    assert path("a.b") is path("a.b")
    assert repr(path("a.b")) == "Path('a.b')"

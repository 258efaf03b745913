"""Columns that come, go and change their type."""

from __future__ import annotations

import json

import pytest

from focus_assets.sandbox import Alteration
from focus_assets.sandbox.alteration import members
from focus_assets_tests.unit.sandbox.calling import BEFORE, Caller, body


def _types(caller: Caller) -> dict[str, str]:
    attributes = json.loads(body(caller.get("retail/resource/schema")))["resources"]["promotions"]["attributes"]
    return {name: about["type"] for attribute in attributes for name, about in attribute.items()}


def test_columns_come_go_and_change_their_type_in_the_schema_and_in_the_lines() -> None:
    caller = Caller()
    before = caller.lines("full")
    caller.sandbox.alter(
        "promotions", Alteration({"colour": ("string", "röd")}, frozenset({"pct"}), {"quantity": "int32"})
    )
    types = _types(caller)
    assert types["colour"] == "string"
    assert types["quantity"] == "int32"
    assert "pct" not in types
    kept = [{name: value for name, value in line.items() if name != "pct"} for line in before]
    assert caller.lines("full") == [{**line, "colour": "röd"} for line in kept]


def test_no_delta_tells_of_it() -> None:
    caller = Caller()
    caller.sandbox.alter("promotions", Alteration({"colour": ("string", "red")}))
    assert caller.lines("updated", BEFORE) == caller.lines("created", BEFORE) == []


def test_what_stays_keeps_its_very_text() -> None:
    line = '{"price":12.3400,"name":"a,\\"b\\":1}","list":[1,{"x":2.50}],"none":null}'
    assert Alteration(drop=frozenset({"none"})).line(line) == line.replace(',"none":null', "")
    assert list(members("{}")) == []


@pytest.mark.parametrize(
    "alteration",
    [
        Alteration({"name": ("string", "")}),
        Alteration(drop=frozenset({"nothing"})),
        Alteration(drop=frozenset({"id"})),
        Alteration(retype={"nothing": "int"}),
    ],
)
def test_what_cannot_be_is_refused(alteration: Alteration) -> None:
    with pytest.raises(ValueError, match="promotions"):
        Caller().sandbox.alter("promotions", alteration)


def test_a_resource_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Caller().sandbox.alter("nothing", Alteration())

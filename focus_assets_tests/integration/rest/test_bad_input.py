"""What is wrong is named, and the table and the ledger stay as they were."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from focus_assets.model.errors import (
    BadValue,
    FocusError,
    FunctionFailed,
    InvalidConfiguration,
    LimitExceeded,
    MissingKey,
    ServerFailed,
    ShrinkRefused,
    UnexpectedBody,
)
from focus_assets.model.wish import Wish
from focus_assets_tests.integration.rest.scene import THINGS, TYPED, Scene
from focus_assets_tests.integration.rest.server import Reply, thing

NOTE = {"Note": "Thank you for using our API! The limit is 5 calls per minute."}


async def refused(scene: Scene, error: type[FocusError], *said: str) -> None:
    """The next load fails with this error, which says so; rows and ledger are as they were."""
    before = scene.ledger(), scene.stored()
    outcome = await scene.load()
    assert isinstance(outcome.error, error), repr(outcome.error)
    assert [words for words in said if words not in str(outcome.error)] == [], str(outcome.error)
    assert (scene.ledger(), scene.stored()) == before


@pytest.mark.parametrize(
    ("document", "error", "said"),
    [
        ([{**thing(1), "id": None}], MissingKey, ["record 1", "primary key", "'id'"]),
        ([thing(1), {"name": "no key"}], MissingKey, ["record 2", "'id'"]),
        ([thing(1), "no object"], BadValue, ["record 2", "expected an object", "no object"]),
        ([thing(1), {**thing(2), "updated_at": "yesterday"}], BadValue, ["record 2 (id=2)", "updated_at", "yesterday"]),
        ([{**thing(7), "price": "free"}], BadValue, ["record 1 (id=7)", "'price'", "free"]),
        ([{**thing(7), "name": 5}], BadValue, ["record 1 (id=7)", "'name'", "expected a string"]),
        ([{**thing(7), "price": 1.00001}], BadValue, ["record 1 (id=7)", "does not fit decimal(18,4)"]),
        ("neither list nor object", UnexpectedBody, ["single value", "neither list"]),
    ],
)
async def test_a_record_that_cannot_be_stored_is_named_with_its_number_and_key(
    everywhere: Scene, document: Any, error: type[FocusError], said: list[str]
) -> None:
    await everywhere.load()
    everywhere.api.spoil = lambda call, reply: Reply(document)
    await refused(everywhere, error, *said)


@pytest.mark.parametrize("body", [NOTE, {"things": None}, {}])
async def test_a_path_that_finds_nothing_shows_the_start_of_the_body(scene: Scene, body: dict[str, Any]) -> None:
    await scene.load()
    scene.describe(records="data.things")
    scene.api.spoil = lambda call, reply: Reply(body)
    await refused(scene, UnexpectedBody, "the path 'data.things' finds nothing", json.dumps(body))


async def test_an_error_in_place_of_records_is_an_error_with_its_message(scene: Scene) -> None:
    await scene.load()
    scene.describe(error="Note || Information")
    scene.api.spoil = lambda call, reply: Reply([NOTE][0])
    await refused(scene, UnexpectedBody, "the server answers an error: Thank you for using our API!")


async def test_an_error_object_at_the_top_is_no_record(scene: Scene) -> None:
    await scene.load()
    scene.api.spoil = lambda call, reply: Reply({"error": "we are closed"})
    await refused(scene, MissingKey, "record 1", "'id'")


@pytest.mark.parametrize(
    "text", ["<html>maintenance</html>", "", '[{"id": 1}', '[{"id": 1, "id": 2}]', '[{"id": NaN}]']
)
async def test_a_body_that_is_not_the_json_that_was_expected_is_refused(scene: Scene, text: str) -> None:
    await scene.load()
    scene.api.spoil = lambda call, reply: Reply(text=text)
    await refused(scene, UnexpectedBody, text[:10])


@pytest.mark.parametrize(
    ("form", "records", "text", "said"),
    [
        ("xml", "things.thing", '<!DOCTYPE t [<!ENTITY a "b">]><things><thing><id>1</id></thing></things>', "DTD"),
        ("csv", None, "id,name\n1,one\n2,two,too\n", "line 3: the line has 3 fields, and the first line names 2"),
        ("csv", None, "id,name\n1\n", "line 2: the line has 1 fields"),
        ("ndjson", None, '{"id": 1}\n{"id": \n', "line 2"),
    ],
)
async def test_xml_that_declares_and_lines_that_are_ragged_are_refused(
    scene: Scene, form: str, records: str | None, text: str, said: str
) -> None:
    await scene.load()
    scene.describe(format=form, records=records)
    scene.api.texts["/all"] = text
    await refused(scene, UnexpectedBody, said)


async def test_a_page_beyond_the_bound_is_refused(scene: Scene) -> None:
    await scene.load()
    scene.source["max_body_bytes"] = 300
    await refused(scene, LimitExceeded, "longer than 300 bytes")


async def test_a_function_that_raises_is_named_with_the_record_and_its_key(scene: Scene) -> None:
    await scene.load()
    (scene.home / "own_prices.py").write_text("def tidy(record):\n    return {**record, 'x': 1 / (record['id'] - 2)}\n")
    scene.describe(transform=[{"function": "own_prices:tidy"}])
    await refused(scene, FunctionFailed, "record 2 (id=2)", "step 1 (function)", "ZeroDivisionError")


async def test_a_date_that_does_not_parse_is_named_with_the_step(scene: Scene) -> None:
    await scene.load()
    scene.describe(transform=[{"dates": {"name": "%d.%m.%Y"}}])
    await refused(scene, BadValue, "record 1 (id=1)", "step 1 (dates)", "'name'")


async def test_bad_records_are_put_aside_where_the_source_says_so(everywhere: Scene) -> None:
    scene = everywhere
    scene.source["bad_rows"] = "quarantine"
    scene.describe(total={"path": "/count", "at": "things.count"})
    scene.api.things[3]["price"] = "free"
    outcome = await scene.load()
    assert (outcome.error, outcome.rows, outcome.quarantined, outcome.total_items) == (None, 24, 1, 25)
    assert outcome.verdict is not None
    assert outcome.verdict.value == "counted"
    assert 4 not in scene.names()


async def test_an_emptied_list_is_no_wipe(everywhere: Scene) -> None:
    scene = everywhere
    scene.api.things = [thing(number) for number in range(1, 151)]
    await scene.load()
    scene.api.things = []
    await refused(scene, ShrinkRefused, "0 of 150 rows")
    emptied = await scene.load(Wish(accept_shrink=True))
    assert (emptied.error, emptied.rows) == (None, 0)


async def test_an_attribute_that_nobody_described_is_passed_over_with_a_note(scene: Scene) -> None:
    for one in scene.api.things:
        one["colour"] = "red"
    outcome = await scene.load()
    assert outcome.error is None
    assert outcome.notes == ("lines have attributes that the schema lacks: colour",)
    assert set(scene.stored()[0]) == set(TYPED)


async def test_a_server_that_fails_leaves_everything_as_it_was(everywhere: Scene) -> None:
    await everywhere.load()
    everywhere.api.spoil = lambda call, reply: replace(reply, status=500)
    await refused(everywhere, ServerFailed)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pth": "/all"}, "resources.things.pth: there is no such key; did you mean 'path'?"),
        ({"pagination": {"kind": "page", "parm": "p"}}, "pagination.parm: there is no such key; did you mean 'param'?"),
        ({"pagination": {"kind": "pages"}}, "pagination: expected a kind of"),
        ({"records": "data["}, "resources.things.records: expected a JMESPath"),
        ({"total": {"path": "/c", "att": "n"}}, "resources.things.total"),
        ({"primary_key": []}, "primary_key: expected at least 1"),
        ({"primary_key": ["no"]}, "the primary key 'no' is not among the columns"),
        ({"columns": {"id": "int65"}}, "the column 'id' has the unknown type 'int65'; known: int16"),
        ({"columns": {"_focus_x": "int64"}}, "names that begin with _focus are ours"),
        (
            {"incremental": {"cursor": "name", "param": "since"}},
            "the cursor 'name' is no column of the type time or date",
        ),
        (
            {"incremental": {"cursor": "updated_at", "param": "s", "format": "unix"}},
            "expected iso, date, epoch, epoch_ms, number",
        ),
        (
            {"mode": "replace", "incremental": {"cursor": "updated_at", "param": "since"}},
            "mode: replace fetches everything each time",
        ),
        ({"partitions": ["A", "B"]}, "each partition would be the same"),
        ({"path": "/all/{partition}"}, "expected a list under partitions"),
        ({"body": {"a": 1}}, "a body is sent by method: POST alone"),
        ({"transform": [{"renam": {"a": "b"}}]}, "did you mean 'rename'?"),
    ],
)
def test_what_is_wrong_in_focus_yaml_is_named(tmp_path: Any, changes: dict[str, Any], said: str) -> None:
    import yaml

    from focus_assets.config import load_config

    entry = {"kind": "rest", "base_url": "http://127.0.0.1:1", "resources": {"things": {**THINGS, **changes}}}
    (tmp_path / "focus.yaml").write_text(yaml.safe_dump({"sources": {"library": entry}}))
    with pytest.raises(InvalidConfiguration) as caught:
        load_config(tmp_path / "focus.yaml", {})
    assert said in str(caught.value)

"""The endpoints that move the world from another process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from focus_assets.sandbox import Request, Response
from focus_assets_tests.unit.sandbox.calling import BEFORE, Caller, body


def _json(response: Response) -> Any:
    assert response.status == 200, body(response)
    return json.loads(body(response))


def _call(caller: Caller, method: str, path: str) -> Response:
    return caller.sandbox.answer(Request(method, path))


def test_a_change_in_one_partition_is_told_with_its_keys() -> None:
    caller = Caller()
    wanted = {"resource": "promotions", "country": "DE", "creates": 2, "updates": 3, "deletes": 1}
    changes = _json(caller.post("/sandbox/change", wanted))["changes"]
    assert [(change["service"], change["resource"], change["country"]) for change in changes] == [
        ("retail", "promotions", "DE")
    ]
    assert {line["id"] for line in caller.lines("updated", BEFORE)} == {key for (key,) in changes[0]["updated"]}
    assert changes[0]["at"] == "2025-07-01T17:00:00.000000Z"


def test_a_change_without_a_place_happens_everywhere() -> None:
    assert len(_json(Caller().post("/sandbox/change", {"updates": 1}))["changes"]) == 5 * 4
    assert len(_json(Caller().post("/sandbox/change", {"updates": 1, "country": "NO"}))["changes"]) == 5
    assert len(_json(Caller().post("/sandbox/change", {"updates": 1, "service": "reference"}))["changes"]) == 2 * 4


def test_a_seed_makes_a_change_repeatable() -> None:
    wanted = {"resource": "stores", "country": "DE", "updates": 2, "seed": 5}
    assert _json(Caller().post("/sandbox/change", wanted)) == _json(Caller().post("/sandbox/change", wanted))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/sandbox/change", {"resource": "nothing", "updates": 1}),
        ("/sandbox/change", {"country": "XX"}),
        ("/sandbox/change", {"updtes": 1}),
        ("/sandbox/change", {"updates": "many"}),
        ("/sandbox/change", {"updates": True}),
        ("/sandbox/change", {"updates": -1}),
        ("/sandbox/change", []),
        ("/sandbox/change", b"no json"),
        ("/sandbox/change", b"\xff\xfe\xfd"),
        ("/sandbox/faults", {"script": [["full", "nonsense"]]}),
        ("/sandbox/faults", {"script": [["nowhere", "reset"]]}),
        ("/sandbox/faults", {"script": [["full", {"kind": "reset", "when": 1}]]}),
        ("/sandbox/faults", {"script": "full"}),
        ("/sandbox/faults", {"rat": 1}),
        ("/sandbox/alter", {"resource": "stores", "drop": "hours"}),
        ("/sandbox/alter", {"resource": "stores", "drop": ["nothing"]}),
        ("/sandbox/alter", {"drop": ["hours"]}),
        ("/sandbox/alter", {"resource": "stores", "add": {"x": "string"}}),
    ],
)
def test_a_call_that_makes_no_sense_is_a_bad_request(path: str, value: object) -> None:
    answer = Caller().post(path, value)
    assert answer.status == 400
    assert json.loads(body(answer))["error"]


def test_faults_are_injected_and_ended() -> None:
    caller = Caller()
    caller.login()
    script = [["full", "503"], ["state", {"kind": "429", "seconds": 7}]]
    assert _json(caller.post("/sandbox/faults", {"script": script})) == {"steps": 2}
    assert [caller.feed("full").status, caller.feed("full").status] == [503, 200]
    assert caller.get("retail/resource/promotions/DE/state").headers["retry-after"] == "7"
    _json(caller.post("/sandbox/faults", {"rate": 1, "kinds": ["500"]}))
    assert caller.feed("full").status == 500
    _json(caller.post("/sandbox/faults", {}))
    assert caller.feed("full").status == 200


def test_columns_are_altered() -> None:
    caller = Caller()
    _json(caller.post("/sandbox/alter", {"resource": "stores", "add": {"x": ["int16", 1]}, "drop": ["hours"]}))
    assert {"x", "hours"} & set(caller.lines("full", where="retail/resource/stores/DE")[0]) == {"x"}


def test_tokens_are_revoked() -> None:
    caller = Caller()
    caller.login()
    _json(caller.post("/sandbox/revoke", {}))
    assert caller.feed("full").status == 401


def test_the_world_and_the_log_can_be_read() -> None:
    caller = Caller()
    caller.feed("full")
    partitions = _json(_call(caller, "GET", "/sandbox/world"))["partitions"]
    assert len(partitions) == 5 * 4
    assert {"service", "resource", "country", "total_items", "as_of"} == set(partitions[0])
    assert [seen["endpoint"] for seen in _json(_call(caller, "GET", "/sandbox/log"))["requests"]] == ["auth", "full"]
    _json(_call(caller, "DELETE", "/sandbox/log"))
    assert _json(_call(caller, "GET", "/sandbox/log")) == {"requests": []}


def test_an_unknown_control_names_the_known_ones() -> None:
    answer = _call(Caller(), "GET", "/sandbox/nothing")
    assert answer.status == 404
    assert "POST /sandbox/change" in json.loads(body(answer))["error"]

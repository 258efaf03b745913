"""What each answer of a node proves."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from focus_assets.client import HttpSettings, NoAuth
from focus_assets.model.errors import ApiError, ServerFailed
from focus_assets.writeback.cluster import HttpCluster
from focus_assets.writeback.saga import Cleared, Lost, Made, Outcome, Refused, Stuck
from focus_assets_tests.unit.client.fakes import HOST, FunctionServer, Said, client, said_json

TID = "0b1f7c6e-9f0e-4c58-9f0d-3c9a7a1f2b3c"
PAYLOAD = '{"name":"alpha","description":"the first"}'
ASKED_AT = 42
OURS = {"id": 7, "name": "alpha", "description": "the first", "transaction_id": TID}

Answer = Said | Exception | Callable[[httpx.Request], Said | Exception]


def node(answer: Answer) -> tuple[FunctionServer, HttpCluster]:
    server = FunctionServer(answer if callable(answer) else lambda request: answer)
    api = client(server, NoAuth(), settings=HttpSettings(origins=(HOST,)))
    return server, HttpCluster(api, {"a": HOST}, seconds=5)


async def created(answer: Answer) -> Outcome:
    return await node(answer)[1].create("a", TID, PAYLOAD)


async def cleared(answer: Answer) -> Outcome:
    return await node(answer)[1].clear("a", TID, asked_at=ASKED_AT)


async def test_a_create_carries_its_transaction_id_twice() -> None:
    server, cluster = node(said_json(OURS, 201))
    assert await cluster.create("a", TID, PAYLOAD) == Made("a", "7")
    (request,) = server.asked
    assert (request.method, request.url.path) == ("POST", "/api/v1/cluster")
    assert json.loads(request.content) == {"name": "alpha", "description": "the first", "transaction_id": TID}
    assert request.headers["idempotency-key"] == TID


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_a_create_that_a_node_refuses_was_not_applied(status: int) -> None:
    assert isinstance(await created(Said(status)), Refused)


@pytest.mark.parametrize(
    "answer",
    [
        *(Said(status) for status in (301, 408, 409, 425, 429, 500, 502, 503, 504)),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("gone"),
        Said(201, [b"<html>"]),
        Said(202),
        Said(201, [b"[1]"]),
        said_json({**OURS, "transaction_id": "another-one-than-ours"}, 201),
        said_json({**OURS, "id": None}, 201),
        Said(201, [b'{"id":7', httpx.ReadError("cut")]),
    ],
    ids=repr,
)
async def test_any_other_answer_to_a_create_proves_nothing(answer: Said | Exception) -> None:
    assert isinstance(await created(answer), Lost)


async def test_a_delete_goes_by_transaction_id_and_is_as_old_as_its_departure() -> None:
    server, cluster = node(said_json(OURS))
    assert await cluster.clear("a", TID, asked_at=ASKED_AT) == Cleared("a", ASKED_AT, found=True)
    (request,) = server.asked
    assert (request.method, request.url.path) == ("DELETE", f"/api/v1/cluster/transaction/{TID}/")


@pytest.mark.parametrize(("status", "found"), [(200, True), (204, True), (404, False)])
async def test_three_answers_clear_a_node(status: int, found: bool) -> None:
    assert await cleared(Said(status)) == Cleared("a", ASKED_AT, found=found)


@pytest.mark.parametrize("status", [400, 401, 403, 405, 410, 422])
async def test_a_delete_that_is_refused_for_good_is_stuck(status: int) -> None:
    assert isinstance(await cleared(Said(status)), Stuck)


@pytest.mark.parametrize(
    "answer", [*(Said(status) for status in (202, 408, 409, 425, 429, 500, 503)), httpx.ReadTimeout("slow")], ids=repr
)
async def test_any_other_answer_to_a_delete_is_asked_again(answer: Said | Exception) -> None:
    assert isinstance(await cleared(answer), Lost)


async def test_a_node_that_is_no_longer_configured_is_stuck() -> None:
    _, cluster = node(Said(204))
    assert await cluster.clear("z", TID, asked_at=ASKED_AT) == Stuck("z", "z: it is no longer in the configuration")


async def test_an_empty_list_is_a_404_and_a_failed_one_is_not() -> None:
    assert await node(Said(404))[1].groups("a") == []
    assert await node(said_json([OURS]))[1].groups("a") == [OURS]
    with pytest.raises(ServerFailed):
        await node(Said(500))[1].groups("a")
    with pytest.raises(ApiError, match="expected a list of groups from a"):
        await node(said_json({"groups": []}))[1].groups("a")


async def test_one_group_is_there_or_not_or_nobody_knows() -> None:
    assert await node(Said(404))[1].group("a", "7") is None
    assert await node(said_json(OURS))[1].group("a", "7") == OURS
    with pytest.raises(ServerFailed):
        await node(Said(503))[1].group("a", "7")

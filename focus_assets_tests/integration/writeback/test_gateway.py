"""The gateway's whole table of answers."""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from focus_assets.sandbox.cluster import Whim
from focus_assets.sandbox.exchange import Request
from focus_assets.writeback import intents
from focus_assets.writeback.intent import State
from focus_assets_tests.integration.writeback.scene import GROUP, PATIENCE, Said, Scene, cluster, served

GROUPS = "/api/v1/groups"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@contextmanager
def moody(folder: Path, whim: Whim) -> Iterator[Scene]:
    """Two nodes and the gateway, which waits a short time alone where one of them hangs."""
    with cluster(folder, f"sqlite:///{folder / 'writes.db'}") as made:
        assert made.config.writeback is not None
        seconds = 4.0 if whim.name.startswith("HANGS") else made.config.writeback.request_seconds
        writeback = made.config.writeback.model_copy(update={"request_seconds": seconds})
        with served(made, made.config.model_copy(update={"writeback": writeback})):
            yield made


def created(scene: Scene) -> str:
    said = scene.ask("POST", GROUPS, GROUP)
    assert said.status == 201
    return str(said.body["id"])


def operation(scene: Scene, said: Said) -> str:
    """What became of the operation that an answer names."""
    return str(scene.ask("GET", f"/api/v1/operations/{said.body['operation_id']}").body["state"])


def owed(scene: Scene) -> list[str]:
    """The transaction ids in `groupdelete`."""
    with scene.database.reading("look") as connection:
        return list(connection.execute(sa.text(f"SELECT transaction_id FROM {intents.OWED}")).scalars())


# --- create ---


def test_a_group_is_created_at_every_node(scene: Scene) -> None:
    said = scene.ask("POST", GROUPS, GROUP)
    assert said.status == 201
    assert said.body == {**GROUP, "id": said.body["id"], "transaction_id": said.body["id"]}
    assert scene.held == [["alpha"], ["alpha"]]
    assert {group["transaction_id"] for node in scene.nodes for group in node.groups} == {said.body["id"]}
    assert scene.ask("GET", f"/api/v1/operations/{said.body['id']}").body["state"] == "DONE"
    assert owed(scene) == []


@pytest.mark.parametrize("whim", list(Whim))
async def test_a_failed_create_is_a_400_with_its_operation_and_is_undone(tmp_path: Path, whim: Whim) -> None:
    with moody(tmp_path, whim) as scene:
        scene.whim(whim, node=1, methods=("POST",))
        said = scene.ask("POST", GROUPS, GROUP)
        assert said.status == 400
        assert said.body["detail"].startswith("the group was not created: node-2: ")
        assert operation(scene, said) == "UNKNOWN"
        assert owed(scene) == [said.body["operation_id"]]
        assert (await scene.drain()).states == {State.COMPENSATED: 1}
        assert scene.held == [[], []]
        assert operation(scene, said) == "COMPENSATED"
        assert owed(scene) == []


def test_a_create_that_a_node_refuses_is_a_400(scene: Scene) -> None:
    scene.nodes[0].answer(_post({**GROUP, "transaction_id": "somebody-else's-transaction"}))
    said = scene.ask("POST", GROUPS, GROUP)
    assert said.status == 400
    assert "a group of this name exists" in said.body["detail"]
    assert operation(scene, said) == "COMPENSATING"


def test_a_name_whose_last_write_is_not_settled_is_a_409(scene: Scene) -> None:
    scene.whim(Whim.FAILS_AFTER, methods=("POST",))
    failed = scene.ask("POST", GROUPS, GROUP)
    busy = scene.ask("POST", GROUPS, GROUP)
    assert (busy.status, busy.body["operation_id"]) == (409, failed.body["operation_id"])
    assert busy.headers["retry-after"] == "30"
    assert scene.ask("POST", GROUPS, {**GROUP, "name": "beta"}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {**GROUP, "name": "ab"},
        {**GROUP, "name": "a" * 51},
        {**GROUP, "name": 7},
        {**GROUP, "description": "ab"},
        {**GROUP, "description": "a" * 101},
        {**GROUP, "transaction_id": "chosen-by-the-caller-itself"},
        b"{",
        b'"alpha"',
        b"\xff\xfe",
    ],
)
def test_a_body_that_is_no_group_is_a_422_and_reaches_no_node(scene: Scene, body: object) -> None:
    assert scene.ask("POST", GROUPS, body).status == 422
    assert scene.held == [[], []]


@pytest.mark.parametrize("where", ["scene", "on_postgres"])
@pytest.mark.parametrize(
    "body",
    [
        {**GROUP, "name": "\ud800abcd"},
        {**GROUP, "description": "abcd\udc00"},
        {**GROUP, "\ud800abcd": "a name that is not known"},
        {**GROUP, "name": "a\0bcd"},
        {**GROUP, "description": "abcd\0"},
    ],
)
def test_a_text_that_a_database_could_not_keep_is_a_422_everywhere_and_is_not_recorded(
    request: pytest.FixtureRequest, where: str, body: object
) -> None:
    scene: Scene = request.getfixturevalue(where)
    said = scene.ask("POST", GROUPS, body)
    assert said.status == 422
    assert all(set(problem) == {"type", "loc", "msg"} for problem in said.body["detail"])
    assert scene.held == [[], []]
    assert intents.find(scene.database) == []


def test_a_body_that_is_too_large_is_a_413(scene: Scene) -> None:
    assert scene.ask("POST", GROUPS, b" " * 16_385).status == 413


def test_a_body_that_goes_on_and_on_is_a_413(scene: Scene) -> None:
    connection = http.client.HTTPConnection(scene.url.removeprefix("http://"), timeout=PATIENCE)
    headers = {"authorization": f"Bearer {scene.token}", "content-type": "application/json"}
    connection.request("POST", GROUPS, iter([b" " * 9_000] * 2), headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 413
    connection.close()


# --- read ---


def test_an_empty_cluster_is_an_empty_list(scene: Scene) -> None:
    said = scene.ask("GET", GROUPS)
    assert (said.status, said.body) == (200, [])


def test_groups_are_listed_and_read_by_their_id(scene: Scene) -> None:
    group = {**GROUP, "id": (made := created(scene)), "transaction_id": made}
    assert scene.ask("GET", GROUPS).body == [group]
    assert scene.ask("GET", f"{GROUPS}/{made}").body == group


def test_a_group_that_others_created_is_read_too(scene: Scene) -> None:
    theirs = {**GROUP, "transaction_id": "somebody-else-s-transaction"}
    scene.nodes[0].answer(_post(theirs))
    assert scene.ask("GET", f"{GROUPS}/{theirs['transaction_id']}").body == {**theirs, "id": theirs["transaction_id"]}


def test_another_group_that_got_the_node_s_id_is_never_shown_for_it(scene: Scene) -> None:
    made = created(scene)
    for node in scene.nodes:  # each starts anew, and counts its ids from one again
        node.delete(made)
        node._ids = itertools.count(1)
        node.answer(_post({**GROUP, "name": "beta", "transaction_id": "somebody-else-s-transaction"}))
    assert scene.ask("GET", f"{GROUPS}/{made}").status == 404
    for node in scene.nodes:
        node.answer(_post({**GROUP, "transaction_id": made}))
    assert scene.ask("GET", f"{GROUPS}/{made}").body == {**GROUP, "id": made, "transaction_id": made}


def test_a_group_that_is_not_there_is_a_404(scene: Scene) -> None:
    assert scene.ask("GET", f"{GROUPS}/{UNKNOWN_ID}").status == 404


def test_another_node_is_asked_where_one_fails(scene: Scene) -> None:
    made = created(scene)
    scene.whim(Whim.FAILS_BEFORE)
    assert scene.ask("GET", f"{GROUPS}/{made}").status == 200


def test_a_failed_read_is_a_502_and_never_not_found(scene: Scene) -> None:
    made = created(scene)
    for node in (0, 1):
        scene.whim(Whim.FAILS_BEFORE, node=node)
    for path in (GROUPS, f"{GROUPS}/{made}", f"{GROUPS}/{UNKNOWN_ID}"):
        said = scene.ask("GET", path)
        assert (said.status, "no node of the cluster answers" in said.body["detail"]) == (502, True)


# --- delete ---


def test_a_group_is_deleted_at_every_node_once(scene: Scene) -> None:
    made = created(scene)
    assert scene.ask("DELETE", f"{GROUPS}/{made}").status == 204
    assert scene.held == [[], []]
    assert scene.ask("DELETE", f"{GROUPS}/{made}").status == 404
    assert scene.ask("GET", f"{GROUPS}/{made}").status == 404


@pytest.mark.parametrize("whim", list(Whim))
async def test_a_failed_delete_is_recorded_and_goes_on_until_it_is_done(tmp_path: Path, whim: Whim) -> None:
    with moody(tmp_path, whim) as scene:
        made = created(scene)
        scene.whim(whim, node=1, methods=("DELETE",))
        said = scene.ask("DELETE", f"{GROUPS}/{made}")
        assert said.status == 202
        assert said.body["detail"].startswith("the group will be deleted: node-2: ")
        assert owed(scene) == [made]
        scene.whim(None, node=1)
        assert (await scene.drain()).states == {State.DONE: 1}
        assert scene.held == [[], []]
        assert operation(scene, said) == "DONE"


def test_a_group_whose_name_is_being_written_is_not_deleted_meanwhile(scene: Scene) -> None:
    scene.whim(Whim.FAILS_AFTER, methods=("POST",))
    failed = scene.ask("POST", GROUPS, GROUP).body["operation_id"]
    assert scene.ask("DELETE", f"{GROUPS}/{failed}").status == 409


@pytest.mark.parametrize(
    "path", ["short", "a" * 101, "with%20spaces%20in%20between%20it", "slash%2Fslash%2Fslash%2Fslash"]
)
def test_an_id_that_is_none_reaches_no_node(scene: Scene, path: str) -> None:
    assert scene.ask("DELETE", f"{GROUPS}/{path}").status in (404, 422)
    assert scene.ask("GET", f"{GROUPS}/{path}").status in (404, 422)


# --- the rest ---


def test_an_operation_that_was_never_recorded_is_a_404(scene: Scene) -> None:
    assert scene.ask("GET", f"/api/v1/operations/{UNKNOWN_ID}").status == 404


@pytest.mark.parametrize("token", [None, "", "wrong", "a-token-of-thirty-two-character", "ä"])
@pytest.mark.parametrize(("method", "path"), [("POST", GROUPS), ("GET", GROUPS), ("GET", "/"), ("GET", "/api/v1/x")])
def test_without_the_token_nothing_is_said(scene: Scene, method: str, path: str, token: str | None) -> None:
    shown = token and token.encode().decode("latin-1")
    said = scene.ask(method, path, b"{" if method == "POST" else None, token=shown)
    assert (said.status, said.headers["www-authenticate"]) == (401, "Bearer")
    assert scene.held == [[], []]


def test_ping_and_the_description_need_no_token(scene: Scene) -> None:
    assert scene.ask("GET", "/ping", token=None).body == {"status": "ok"}
    paths = scene.ask("GET", "/openapi.json", token=None).body["paths"]
    assert {path: sorted(methods) for path, methods in paths.items()} == {
        "/ping": ["get"],
        GROUPS: ["get", "post"],
        f"{GROUPS}/{{group_id}}": ["delete", "get"],
        "/api/v1/operations/{operation_id}": ["get"],
    }


@pytest.mark.parametrize("where", ["scene", "on_postgres"])
async def test_ten_clients_at_once_are_all_told_the_truth(request: pytest.FixtureRequest, where: str) -> None:
    scene: Scene = request.getfixturevalue(where)
    scene.whims[0].next = [None, Whim.FAILS_AFTER, None, Whim.FAILS_BEFORE, Whim.DROPS_AFTER] * 2

    def write(number: int) -> tuple[str, int]:
        name = f"group-{number % 7}"
        return name, scene.ask("POST", GROUPS, {"name": name, "description": f"by client {number}"}).status

    with ThreadPoolExecutor(10) as clients:
        said = list(clients.map(write, range(10)))
    assert {status for _, status in said} <= {201, 400, 409}
    scene.whims[0].next.clear()
    await scene.drain()
    told = sorted(name for name, status in said if status == 201)
    assert told
    assert scene.held == [told, told]


def _post(group: dict[str, str]) -> Request:
    return Request("POST", "/api/v1/cluster", {}, {}, json.dumps(group).encode())

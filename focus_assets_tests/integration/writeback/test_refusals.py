"""The gateway's answers when the database does not answer, a node forbids, or others were quicker."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest

from focus_assets.sandbox.cluster import ClusterNode, Whim
from focus_assets.sandbox.exchange import Request, Response, json_response
from focus_assets.writeback.intent import State
from focus_assets_tests.integration.writeback.scene import GROUP, Scene, cluster, served

GROUPS = "/api/v1/groups"


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Scene]:
    """A gateway that waits for SQLite's lock no longer than a moment."""
    with cluster(tmp_path, f"sqlite:///{tmp_path / 'writes.db'}") as made:
        quick = made.config.destination.model_copy(update={"lock_timeout_seconds": 0.1})
        made.config = made.config.model_copy(update={"destination": quick})
        with served(made):
            made.ask("GET", "/ping")  # which is answered once the tables are there
            yield made


@contextmanager
def locked(scene: Scene) -> Iterator[None]:
    """Somebody else writes all the time."""
    with closing(sqlite3.connect(scene.config.home / "writes.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_create_without_a_database_is_a_503_and_reaches_no_node(impatient: Scene) -> None:
    with locked(impatient):
        said = impatient.ask("POST", GROUPS, GROUP)
    assert (said.status, said.headers["retry-after"]) == (503, "30")
    assert impatient.held == [[], []]
    assert impatient.ask("GET", f"/api/v1/operations/{said.body['operation_id']}").status == 404
    assert impatient.ask("POST", GROUPS, GROUP).status == 201


def test_a_delete_without_a_database_is_a_503_and_reaches_no_node(impatient: Scene) -> None:
    made = impatient.ask("POST", GROUPS, GROUP).body["id"]
    with locked(impatient):
        said = impatient.ask("DELETE", f"{GROUPS}/{made}")
    assert (said.status, "operation_id" in said.body) == (503, True)
    assert impatient.held == [["alpha"], ["alpha"]]
    assert impatient.ask("DELETE", f"{GROUPS}/{made}").status == 204


async def test_a_create_whose_commit_is_lost_is_a_503_and_its_operation_tells_the_end(impatient: Scene) -> None:
    entered: list[sqlite3.Connection] = []

    def lock(request: Request) -> Whim | None:
        if request.method == "POST":
            other = sqlite3.connect(impatient.config.home / "writes.db", isolation_level=None, check_same_thread=False)
            other.execute("BEGIN IMMEDIATE")
            entered.append(other)
        return None

    impatient.nodes[0].decide = lock
    said = impatient.ask("POST", GROUPS, GROUP)
    entered[0].close()
    assert said.status == 503
    assert (await impatient.drain()).states == {State.COMPENSATED: 1}
    assert impatient.held == [[], []]
    operation = impatient.ask("GET", f"/api/v1/operations/{said.body['operation_id']}").body
    assert operation["state"] == "COMPENSATED"


def test_a_delete_that_a_node_forbids_is_a_502_and_its_operation_is_dead(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scene.ask("POST", GROUPS, GROUP).body["id"]
    answer = ClusterNode.answer

    def forbidding(node: ClusterNode, request: Request) -> Response:
        forbidden = request.method == "DELETE" and node is scene.nodes[1]
        return json_response(403, {"error": "no right"}) if forbidden else answer(node, request)

    monkeypatch.setattr(ClusterNode, "answer", forbidding)
    said = scene.ask("DELETE", f"{GROUPS}/{made}")
    assert said.status == 502
    assert said.body["detail"].startswith("the group was not deleted: node-2: ")
    assert scene.ask("GET", f"/api/v1/operations/{said.body['operation_id']}").body["state"] == "DEAD"
    assert scene.held == [[], ["alpha"]]


def _overtaking(scene: Scene, method: str) -> None:
    """While a node is asked, others find the lease ended, and take the write over."""

    def overtake(request: Request) -> Whim | None:
        if request.method == method:
            scene.nodes[0].decide = scene.whims[0]
            anyio.run(scene.drain)
        return None

    scene.nodes[0].decide = overtake


async def test_a_create_that_others_took_over_is_a_400_and_is_undone(scene: Scene) -> None:
    _overtaking(scene, "POST")
    said = scene.ask("POST", GROUPS, GROUP)
    assert said.status == 400
    assert "was taken over by another worker" in said.body["detail"]
    await scene.drain()
    assert scene.held == [[], []]
    operation = scene.ask("GET", f"/api/v1/operations/{said.body['operation_id']}").body
    assert operation["state"] == "COMPENSATED"


async def test_a_delete_that_others_took_over_is_a_202_and_is_done(scene: Scene) -> None:
    made = scene.ask("POST", GROUPS, GROUP).body["id"]
    _overtaking(scene, "DELETE")
    said = scene.ask("DELETE", f"{GROUPS}/{made}")
    assert said.status == 202
    await scene.drain()
    assert scene.held == [[], []]
    operation = scene.ask("GET", f"/api/v1/operations/{said.body['operation_id']}").body
    assert operation["state"] == "DONE"

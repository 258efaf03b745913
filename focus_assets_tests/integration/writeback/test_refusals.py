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
from focus_assets.writeback.drain import drain, replay
from focus_assets.writeback.intent import State
from focus_assets.writeback.open import open_writer
from focus_assets_tests.integration.writeback.scene import GROUP, Scene, cluster, served

GROUPS = "/api/v1/groups"


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Scene]:
    """A gateway that waits for SQLite's lock no longer than a moment."""
    with cluster(tmp_path, f"sqlite:///{tmp_path / 'writes.db'}") as made:
        quick = made.config.destination.model_copy(update={"lock_timeout_seconds": 1.0})
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
    _forbid(scene, monkeypatch, node=1)
    said = scene.ask("DELETE", f"{GROUPS}/{made}")
    assert said.status == 502
    assert said.body["detail"].startswith("the group was not deleted: node-2: ")
    assert scene.ask("GET", f"/api/v1/operations/{said.body['operation_id']}").body["state"] == "DEAD"
    assert scene.held == [[], ["alpha"]]


def _forbid(scene: Scene, monkeypatch: pytest.MonkeyPatch, *, node: int) -> None:
    """A node refuses all deletions."""
    answer = ClusterNode.answer

    def forbidding(asked: ClusterNode, request: Request) -> Response:
        forbidden = request.method == "DELETE" and asked is scene.nodes[node]
        return json_response(403, {"error": "no right"}) if forbidden else answer(asked, request)

    monkeypatch.setattr(ClusterNode, "answer", forbidding)


async def _dead(scene: Scene, whim: Whim) -> str:
    """A create whose answer a node lost, and which that node forbids to undo, seconds later; its operation."""
    scene.whim(whim, methods=("POST",))
    with pytest.MonkeyPatch.context() as patched:
        _forbid(scene, patched, node=0)
        failed = str(scene.ask("POST", GROUPS, GROUP).body["operation_id"])
        async with open_writer(scene.config) as writer:
            await drain(writer)
    assert scene.ask("GET", f"/api/v1/operations/{failed}").body["state"] == "DEAD"
    scene.whim(None)
    return failed


async def test_a_deletion_of_a_group_whose_creation_may_still_arrive_is_a_202_until_it_cannot(scene: Scene) -> None:
    failed = await _dead(scene, Whim.LATE)
    said = scene.ask("DELETE", f"{GROUPS}/{failed}")
    assert (said.status, said.body["detail"]) == (
        202,
        "the group will be deleted: its creation may still be on its way to a node",
    )
    assert (await scene.drain()).states == {State.DONE: 1}
    assert scene.held == [[], []]


async def test_a_write_that_is_replayed_has_its_name_for_itself_again(scene: Scene) -> None:
    failed = await _dead(scene, Whim.FAILS_AFTER)
    async with open_writer(scene.config) as writer:
        await replay(writer, failed)
    busy = scene.ask("POST", GROUPS, GROUP)
    assert (busy.status, busy.body["operation_id"]) == (409, failed)
    assert (await scene.drain()).states == {State.COMPENSATED: 1}
    assert scene.ask("POST", GROUPS, GROUP).status == 201


async def test_a_write_is_replayed_also_while_a_later_one_has_its_name(scene: Scene) -> None:
    failed = await _dead(scene, Whim.FAILS_BEFORE)
    scene.whim(Whim.FAILS_BEFORE, methods=("POST", "DELETE"))
    later = scene.ask("POST", GROUPS, GROUP).body["operation_id"]
    async with open_writer(scene.config) as writer:
        assert (await replay(writer, failed)).state is State.COMPENSATING
    busy = scene.ask("POST", GROUPS, GROUP)
    assert (busy.status, busy.body["operation_id"]) == (409, later)
    scene.whim(None)
    assert (await scene.drain()).states == {State.COMPENSATED: 2}


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

"""What the original gateway got wrong, each over real sockets."""

from __future__ import annotations

import sqlalchemy as sa

from focus_assets.sandbox.cluster import Whim
from focus_assets.sandbox.exchange import Request
from focus_assets.writeback import intents
from focus_assets.writeback.drain import drain
from focus_assets.writeback.intent import State
from focus_assets.writeback.open import open_writer
from focus_assets_tests.integration.writeback.scene import GROUP, Scene, Whims

GROUPS = "/api/v1/groups"


class Watching(Whims):
    """Looks into the table at the moment at which a node is asked."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.scene = scene
        self.seen: list[str] = []

    def __call__(self, request: Request) -> Whim | None:
        self.seen += [intent.state.value for intent in intents.find(self.scene.database)]
        return super().__call__(request)


def test_a_write_is_recorded_before_its_call_and_not_after_its_failure(scene: Scene) -> None:
    watching = Watching(scene)
    scene.nodes[0].decide = watching
    assert scene.ask("POST", GROUPS, GROUP).status == 201
    assert watching.seen == ["SENT"]


async def test_a_failed_delete_is_recorded_too(scene: Scene) -> None:
    made = scene.ask("POST", GROUPS, GROUP).body["id"]
    scene.whim(Whim.FAILS_BEFORE, methods=("DELETE",))
    assert scene.ask("DELETE", f"{GROUPS}/{made}").status == 202
    assert scene.held == [["alpha"], []]
    scene.whim(None)
    await scene.drain()
    assert scene.held == [[], []]


async def test_one_failure_does_not_end_the_pass(scene: Scene) -> None:
    scene.whim(Whim.FAILS_AFTER, node=1, methods=("POST",))
    owed = [
        scene.ask("POST", GROUPS, {**GROUP, "name": name}).body["operation_id"] for name in ("alpha", "beta", "gamma")
    ]
    with scene.database.writing("spoil one") as connection:
        spoiled = sa.update(intents.INTENTS).where(intents.INTENTS.c.operation_id == owed[0])
        connection.execute(spoiled.values(steps="[{}]"))
    second = scene.nodes[0].decide
    scene.nodes[0].decide = lambda request: Whim.FAILS_BEFORE if owed[1] in request.path else second(request)
    done = await scene.drain()
    assert done.states == {State.COMPENSATING: 1, State.COMPENSATED: 1}
    assert scene.held == [["alpha", "beta"], ["alpha"]]


async def test_a_204_while_the_create_may_still_come_clears_nothing(scene: Scene) -> None:
    scene.whim(Whim.LATE, node=1, methods=("POST",))
    failed = scene.ask("POST", GROUPS, GROUP)
    async with open_writer(scene.config) as writer:
        assert (await drain(writer)).states == {State.COMPENSATING: 1}
    assert scene.nodes[1].on_their_way == 1
    await scene.drain()
    assert scene.held == [[], []]
    assert scene.ask("GET", f"/api/v1/operations/{failed.body['operation_id']}").body["state"] == "COMPENSATED"

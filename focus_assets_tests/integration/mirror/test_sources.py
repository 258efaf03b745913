"""Sources that promise less than the Data Exchange API does: no deltas, no total, no change times."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from focus_assets.mirror import mirror
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.state import State
from focus_assets.model.verdict import Verdict
from focus_assets.sandbox import PLAIN, SandboxOptions
from focus_assets.sources.source import Source, Terms
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import Scene


class Lesser:
    """A source that promises less: `terms` are changed, and what its states say."""

    def __init__(self, source: Source, *, say: Callable[[State], State], **terms: Any) -> None:
        self._source, self._say = source, say
        self._terms = terms

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def terms(self, resource: str) -> Terms:
        """The source's own, changed."""
        return dataclasses.replace(self._source.terms(resource), **self._terms)

    async def state(self, ref: PartitionRef, since: str | None) -> State:
        """What is left of what the server says."""
        return self._say(await self._source.state(ref, since))


async def _mirrored(scene: Scene, *, say: Callable[[State], State] = lambda state: state, **terms: Any) -> Outcome:
    scene.time.pass_by(60)
    scene.server.asked.clear()
    async with scene.source() as source:
        lesser: Any = Lesser(source, say=say, **terms)
        return await mirror(lesser, scene.database, scene.ref(), tools=scene.tools)


async def test_a_source_without_deltas_is_compared_as_a_whole_and_never_asked_for_changes(set_scene: SetScene) -> None:
    scene = set_scene(options=SandboxOptions(extensions=PLAIN))
    for _ in range(2):
        scene.change(updates=2, creates=1)
        outcome = await _mirrored(scene, has_deltas=False)
        assert (outcome.load, outcome.error, outcome.verdict) == ("full", None, Verdict.COUNTED)
        assert scene.server.feeds() == ["state", "full", "state"]
        assert scene.stored() == scene.served()
    assert outcome.reason == "the source has no deltas"


async def test_a_source_that_cannot_count_is_mirrored_and_nothing_is_claimed(scene: Scene) -> None:
    def uncounted(state: State) -> State:
        return State(None, as_of=state.as_of, server_time=state.server_time)

    for load in ("full", "delta"):
        scene.change(updates=2, creates=1)
        outcome = await _mirrored(scene, say=uncounted)
        assert (outcome.load, outcome.error, outcome.verdict) == (load, None, Verdict.UNVERIFIED)
        assert outcome.total_items is None
        assert scene.stored() == scene.served()

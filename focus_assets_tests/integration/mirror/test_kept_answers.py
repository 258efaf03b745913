"""What something on the way had kept is not what the server has, though it does not say that it was kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest

from focus_assets.model.errors import StaleAnswer
from focus_assets.model.wish import Wish
from focus_assets.sandbox import Response
from focus_assets_tests.integration.mirror.scene import Scene

MINUTE = timedelta(minutes=1)


def _kept(scene: Scene, age: timedelta, *, from_nth: int = 1, times: int = 100) -> Callable[[Response], Response]:
    """Answers that are so old, from the n-th on, so many."""
    seen: list[int] = []

    def old(answer: Response) -> Response:
        seen.append(1)
        if not from_nth <= len(seen) < from_nth + times:
            return answer
        headers = {name: text for name, text in answer.headers.items() if name.lower() != "date"}
        date = format_datetime((scene.time.now() - age).replace(microsecond=0), usegmt=True)
        return dataclasses.replace(answer, headers={**headers, "date": date})

    return old


@pytest.mark.parametrize("feed", ["full", "deleted", "created", "updated"])
async def test_lines_from_before_the_run_are_refused(scene: Scene, feed: str) -> None:
    await scene.loaded()
    scene.change(updates=2, creates=1, deletes=1)
    scene.server.edits[feed] = _kept(scene, 60 * MINUTE)
    await scene.refused(StaleAnswer, wish=Wish(full=feed == "full"))


async def test_they_are_asked_for_again(scene: Scene) -> None:
    scene.server.edits["full"] = _kept(scene, 60 * MINUTE, times=1)
    await scene.loaded()
    assert scene.server.feeds().count("full") == 2


async def test_a_state_from_before_the_run_is_refused(scene: Scene) -> None:
    await scene.loaded()
    scene.server.edits["state"] = _kept(scene, 60 * MINUTE, from_nth=2)
    await scene.refused(StaleAnswer)


async def test_the_clocks_of_several_servers_may_differ_by_the_overlap(scene: Scene) -> None:
    for feed in ("full", "deleted", "created", "updated"):
        scene.server.edits[feed] = _kept(scene, 4 * MINUTE)
    scene.server.edits["state"] = _kept(scene, 4 * MINUTE, from_nth=2)
    await scene.loaded()
    scene.server.edits["state"] = _kept(scene, 4 * MINUTE, from_nth=2)
    scene.change(updates=2)
    await scene.loaded()
    assert scene.stored() == scene.served()

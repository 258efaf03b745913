"""Where nobody said whether a COMMIT took effect, the ledger does: the run says what is so, and nothing is torn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseUnreachable
from focus_assets.model.outcome import Outcome
from focus_assets_tests.crash.held import Held, held
from focus_assets_tests.crash.places import PostgresPlace
from focus_assets_tests.crash.proxy import Break, Proxy
from focus_assets_tests.crash.stories import STORIES, CountedScene, Story

FIRST, DELTA = (next(story for story in STORIES if story.name == name) for name in ("first load", "delta"))


class Commits:
    """A run through a proxy, again and again from the same beginning."""

    def __init__(self, place: PostgresPlace, scene: CountedScene, proxy: Proxy, opened: Callable[[], Database]) -> None:
        self.place, self.scene, self.proxy, self._open = place, scene, proxy, opened
        self._at = scene.time.micros

    async def run(self, at: int = 0, how: Break = Break.UNHEARD) -> Outcome:
        self.place.restore()
        self.proxy.arm(at, how)
        self.scene.time.micros, self.scene.runs = self._at, 1
        self.scene.database = self._open()  # one that knows of no table yet
        outcome = await self.scene.mirror(after=0)
        self.proxy.release()
        return outcome

    async def held(self) -> Held:
        await asyncio.to_thread(self.place.settle)  # the proxy needs the loop for it
        return held(self.place.database, self.scene.shown)


@pytest.fixture
def place(postgres_server: str) -> Iterator[PostgresPlace]:
    found = PostgresPlace(postgres_server)
    found.empty()
    yield found
    found.remove()


@pytest.mark.slow
@pytest.mark.parametrize("story", [FIRST, DELTA], ids=lambda story: story.name)
async def test_a_commit_of_unknown_outcome_is_settled_by_the_ledger(
    story: Story, place: PostgresPlace, postgres_server: str, tmp_path: Path
) -> None:
    name = place.database._engine.url.database
    assert name is not None
    proxy = Proxy(make_url(postgres_server), name)
    async with proxy.listening() as url:
        through = Destination(url=SecretStr(url.render_as_string(hide_password=False)), lock_timeout_seconds=5)
        scene = story.scene(Database(through), tmp_path)
        if story.loaded:
            await scene.loaded()
        story.happens(scene)
        scene.time.pass_by(60)
        await asyncio.to_thread(place.settle)
        place.keep()
        await _break_each(Commits(place, scene, proxy, lambda: Database(through)))


async def _break_each(commits: Commits) -> None:
    old = await commits.held()
    assert (await commits.run()).error is None
    new, count = await commits.held(), commits.proxy.commits
    assert count >= 5
    settled = 0
    for how in Break:
        for at in range(1, count + 1):
            outcome = await commits.run(at, how)
            found = await commits.held()
            where = f"COMMIT {at} of {count}, {how.value}: {outcome.error!r}"
            assert found in (old, new), where
            if outcome.error is None:
                assert found == new, where
                settled += how in (Break.UNANSWERED, Break.LATE) and not outcome.notes
            else:
                assert isinstance(outcome.error, DatabaseUnreachable), where
                assert how is Break.GONE or found == old, where
    assert settled == 2, "the COMMIT of the load itself was settled once for each way in which it can take effect"

"""Kill -9 at each database call and each request of a create, a delete and a drain: nothing is owed in the end."""

from __future__ import annotations

import dataclasses
import itertools
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from focus_assets.config import Config
from focus_assets.model.errors import UnknownOperation
from focus_assets.writeback import intents
from focus_assets.writeback.drain import drain
from focus_assets.writeback.intent import State
from focus_assets.writeback.open import open_writer
from focus_assets.writeback.writes import Writer, create, delete
from focus_assets_tests.crash.children import forked
from focus_assets_tests.crash.seam import CountedTransport, Seam
from focus_assets_tests.integration.cli.conftest import PROGRAM, plain_environ

CREATED, DELETED = "operation-that-creates-it", "operation-that-deletes-it"
HOUR = 3600 * 10**6
DRAINS = 2

Story = Callable[[Writer, str], Any]


class Deaf(httpx.AsyncBaseTransport):
    """Sends, and never hears an answer."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        await answer.aclose()
        raise httpx.ReadTimeout("nothing was heard", request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[str]]:
    """Two nodes in a process of their own: a fork must find no thread."""
    command = [sys.executable, "-c", PROGRAM, "sandbox", "--cluster", "--nodes", "2", "--port", "0", "--json"]
    with subprocess.Popen(command, env=plain_environ(), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())["nodes"]  # type: ignore[union-attr]
        finally:
            process.kill()


class Site:
    """The nodes, and an empty database at each call of `fresh`."""

    def __init__(self, nodes: list[str], folder: Path) -> None:
        self._nodes, self._folder, self._numbers = nodes, folder, itertools.count()
        self.fresh()

    def fresh(self) -> None:
        self.number = next(self._numbers)
        rest = {
            "kind": "rest",
            "base_url": "http://127.0.0.1:9",
            "resources": {"x": {"path": "x", "primary_key": "id"}},
        }
        self.config = Config.model_validate(
            {
                "home": self._folder,
                "sources": {"other": rest},
                "destination": {"url": f"sqlite:///{self._folder / f'{self.number}.db'}"},
                "writeback": {"nodes": dict(zip("ab", self._nodes, strict=True))},
            }
        )

    def run(self, story: Story, *, transport: Any = None, seam: Seam | None = None, ahead: int = 0) -> Any:
        """Tell a story in this process; its clock may be ahead."""

        async def told() -> Any:
            async with open_writer(self.config, transport=transport) as writer:
                intents.ensure(writer.database)
                if seam is not None:
                    seam.watch(writer.database)
                return await story(dataclasses.replace(writer, now=lambda: writer.now() + ahead), self.name)

        return anyio.run(told)

    @property
    def name(self) -> str:
        return f"group-{self.number}"

    def id(self, operation: str) -> str:
        return f"{operation}-{self.number}"

    def count(self, story: Story) -> int:
        """How many points there are."""
        return int(forked(lambda: self._counted(story, Seam())).value)

    def kill(self, story: Story, at: int) -> int:
        """The signal that ended it."""
        return forked(lambda: self._counted(story, Seam({at}))).signal

    def _counted(self, story: Story, seam: Seam) -> int:
        transport = CountedTransport(httpx.AsyncHTTPTransport(), seam)
        self.run(story, transport=transport, seam=seam, ahead=HOUR)
        return len(seam.passed)

    def rest(self) -> None:
        """Drain with a later clock each time until nothing is due."""
        for hours in range(2, 2 + DRAINS):
            self.run(lambda writer, _: drain(writer), ahead=hours * HOUR)

    def held(self) -> list[bool]:
        """Whether each node holds this site's group."""
        return [self.name in _names(node) for node in self._nodes]

    def state(self, operation: str) -> State | None:
        """Where the intent rests; None where it was never recorded."""

        async def look(writer: Writer, _: str) -> State | None:
            try:
                return intents.read(writer.database, self.id(operation)).state
            except UnknownOperation:
                return None

        found: State | None = self.run(look)
        return found


def _names(node: str) -> list[str]:
    try:
        with urllib.request.urlopen(f"{node}/api/v1/cluster") as answer:
            return [group["name"] for group in json.load(answer)]
    except urllib.error.HTTPError:
        return []


@pytest.fixture
def site(nodes: list[str], tmp_path: Path) -> Site:
    return Site(nodes, tmp_path)


def test_a_killed_create_is_done_at_every_node_or_undone_at_every_node(site: Site) -> None:
    def story(writer: Writer, name: str) -> Any:
        return create(writer, name, {"description": "to be killed"}, operation_id=site.id(CREATED))

    points, ends = site.count(story), {site.state(CREATED)}
    for at in range(1, points + 1):
        site.fresh()
        assert site.kill(story, at) == 9
        site.rest()
        state = site.state(CREATED)
        assert site.held() == [state is State.DONE] * 2, f"killed at point {at}"
        ends.add(state)
    assert ends == {None, State.COMPENSATED, State.DONE}


def test_a_killed_delete_was_never_asked_for_or_is_done_at_every_node(site: Site) -> None:
    def before(writer: Writer, name: str) -> Any:
        return create(writer, name, {"description": "to be deleted"}, operation_id=site.id(CREATED))

    def story(writer: Writer, name: str) -> Any:
        return delete(writer, name, site.id(CREATED), operation_id=site.id(DELETED))

    site.run(before)
    ends = set()
    for at in range(1, site.count(story) + 1):
        site.fresh()
        site.run(before)
        assert site.kill(story, at) == 9
        site.rest()
        state = site.state(DELETED)
        assert site.held() == [state is None] * 2, f"killed at point {at}"
        ends.add(state)
    assert ends == {None, State.DONE}


def test_a_killed_drain_leaves_its_work_to_the_next(site: Site) -> None:
    def before(writer: Writer, name: str) -> Any:
        return create(writer, name, {"description": "to be undone"}, operation_id=site.id(CREATED))

    def story(writer: Writer, _: str) -> Any:
        return drain(writer)

    site.run(before, transport=Deaf())
    for at in range(1, site.count(story) + 1):
        site.fresh()
        site.run(before, transport=Deaf())
        assert (site.held(), site.state(CREATED)) == ([True, True], State.UNKNOWN)
        assert site.kill(story, at) == 9
        site.rest()
        assert (site.held(), site.state(CREATED)) == ([False, False], State.COMPENSATED), f"killed at point {at}"

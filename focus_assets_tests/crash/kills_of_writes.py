"""Kill -9 at each database call and request of a create, a delete and a drain: the nodes hold what DONE says.

python -m focus_assets_tests.crash.kills_of_writes --all                        every point, SQLite
python -m focus_assets_tests.crash.kills_of_writes --postgres embedded --kills 30
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx

from focus_assets.config import Config
from focus_assets.model.errors import UnknownOperation
from focus_assets.writeback import intents
from focus_assets.writeback.drain import drain
from focus_assets.writeback.intent import State
from focus_assets.writeback.open import open_writer
from focus_assets.writeback.writes import Writer, create, delete
from focus_assets_tests.crash.children import forked
from focus_assets_tests.crash.kills import opened
from focus_assets_tests.crash.places import Place, warming
from focus_assets_tests.crash.seam import CountedTransport, Seam, plain
from focus_assets_tests.integration.cli.conftest import PROGRAM, plain_environ

CREATED, DELETED = "operation-that-creates-it", "operation-that-deletes-it"
HOUR = 3600 * 10**6
DRAINS = 2

Act = Callable[[Writer, str], Any]


class Deaf(httpx.AsyncBaseTransport):
    """Sends, and never hears an answer."""

    def __init__(self) -> None:
        self._inner = plain()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        await answer.aclose()
        raise httpx.ReadTimeout("nothing was heard", request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@contextmanager
def two_nodes() -> Iterator[list[str]]:
    """The URLs of two nodes in a process of their own: a fork must find no thread."""
    command = [sys.executable, "-c", PROGRAM, "sandbox", "--cluster", "--nodes", "2", "--port", "0", "--json"]
    with subprocess.Popen(command, env=plain_environ(), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())["nodes"]  # type: ignore[union-attr]
        finally:
            process.kill()


class Site:
    """The nodes, and a database without intents at each call of `fresh`; every time the group has another name."""

    def __init__(self, nodes: list[str], place: Place, home: Path) -> None:
        self.place, self._nodes, self._numbers = place, nodes, itertools.count()
        rest = {"kind": "rest", "base_url": "http://127.0.0.1:9"}
        other = {**rest, "resources": {"x": {"path": "x", "primary_key": "id"}}}
        named = dict(zip("ab", nodes, strict=True))
        self._config = Config.model_validate({"home": home, "sources": {"other": other}, "writeback": {"nodes": named}})
        self._warm()
        forked(lambda: intents.ensure(place.database))
        place.keep()
        self.fresh()

    def _warm(self) -> None:
        with warming(self.place):
            intents.ensure(self.place.database)
            self.number = next(self._numbers)
            self.run(_create(self))
            self.run(_delete(self))
            self.run(_drain)

    def fresh(self) -> None:
        """Begin again."""
        self.place.restore()
        self.number = next(self._numbers)

    def run(self, act: Act, *, transport: Any = None, seam: Seam | None = None, ahead: int = 0) -> Any:
        """Do something in this process; its clock may be ahead."""

        async def done() -> Any:
            async with open_writer(self._config, transport=transport) as writer:
                here = dataclasses.replace(writer, database=self.place.database, now=lambda: writer.now() + ahead)
                if seam is not None:
                    seam.watch(here.database)
                return await act(here, self.name)

        return anyio.run(done)

    @property
    def name(self) -> str:
        """The group's."""
        return f"group-{self.number}"

    def id(self, operation: str) -> str:
        """The operation's, this time."""
        return f"{operation}-{self.number}"

    def count(self, act: Act) -> int:
        """How many points there are."""
        return int(forked(lambda: self._counted(act, Seam())).value)

    def kill(self, act: Act, at: int) -> None:
        """Do it as far as that point."""
        assert forked(lambda: self._counted(act, Seam({at}))).signal == 9
        self.place.settle()

    def _counted(self, act: Act, seam: Seam) -> int:
        intents.ensure(self.place.database)
        transport = CountedTransport(plain(), seam)
        self.run(act, transport=transport, seam=seam, ahead=HOUR)
        return len(seam.passed)

    def rest(self) -> None:
        """Drain with a later clock each time until nothing is due."""
        for hours in range(2, 2 + DRAINS):
            forked(lambda ahead=hours * HOUR: self.run(_drain, ahead=ahead) and None)

    def before(self, act: Act, *, transport: Any = None) -> None:
        """What happens before, unharmed."""
        forked(lambda: self.run(act, transport=transport) and None)

    def held(self) -> list[bool]:
        """Whether each node holds this site's group."""
        return [self.name in _names(node) for node in self._nodes]

    def state(self, operation: str) -> State | None:
        """Where the intent rests; None where it was never recorded."""
        found: State | None = forked(lambda: self._state(operation)).value
        return found

    def _state(self, operation: str) -> State | None:
        try:
            return intents.read(self.place.database, self.id(operation)).state
        except UnknownOperation:
            return None


def _names(node: str) -> list[str]:
    try:
        with urllib.request.urlopen(f"{node}/api/v1/cluster") as answer:
            return [group["name"] for group in json.load(answer)]
    except urllib.error.HTTPError:
        return []


def _drain(writer: Writer, _: str) -> Any:
    return drain(writer)


def _create(site: Site) -> Act:
    return lambda writer, name: create(writer, name, {"description": "to be killed"}, operation_id=site.id(CREATED))


def _delete(site: Site) -> Act:
    return lambda writer, name: delete(writer, name, site.id(CREATED), operation_id=site.id(DELETED))


@dataclass(frozen=True, slots=True)
class Story:
    """What is killed, what came before it, and when the group has to be there in the end, by the intent's state."""

    name: str
    act: Callable[[Site], Act]
    operation: str
    begin: Callable[[Site], None]
    lives: Callable[[State | None], bool]


STORIES = (
    Story("create", _create, CREATED, lambda site: None, lambda state: state is State.DONE),
    Story("delete", _delete, DELETED, lambda site: site.before(_create(site)), lambda state: state is None),
    Story(
        "drain",
        lambda site: _drain,
        CREATED,
        lambda site: site.before(_create(site), transport=Deaf()),
        lambda _: False,
    ),
)


@dataclass
class Tally:
    """What became of one story's kills: the states in which its intent rested, and the groups that are wrong."""

    story: str
    points: int = 0
    kills: int = 0
    orphans: int = 0
    wrongly_deleted: int = 0
    ends: set[State | None] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def struck(site: Site, story: Story, kills: int) -> Tally:
    """So many kills, spread over the story's points evenly."""
    act, tally = story.act(site), Tally(story.name)
    site.fresh()
    story.begin(site)
    tally.points = site.count(act)
    tally.ends.add(site.state(story.operation))
    for number in range(share := min(kills, tally.points)):
        at = 1 + number * tally.points // share
        site.fresh()
        story.begin(site)
        site.kill(act, at)
        site.rest()
        _judge(site, story, at, tally)
    return tally


def _judge(site: Site, story: Story, at: int, tally: Tally) -> None:
    state, held = site.state(story.operation), site.held()
    lives = story.lives(state)
    tally.kills += 1
    tally.ends.add(state)
    tally.orphans += 0 if lives else sum(held)
    tally.wrongly_deleted += held.count(False) if lives else 0
    if held != [lives] * len(held) or state not in (None, State.DONE, State.COMPENSATED):
        tally.problems.append(f"{story.name}, killed at point {at}: the intent is {state}, the nodes hold it: {held}")


def told(tallies: Sequence[Tally], database: str) -> Iterable[str]:
    """What is published of it."""
    for tally in tallies:
        ends = ", ".join(sorted(str(state or "never recorded") for state in tally.ends))
        yield f"{tally.story}: {tally.points} points, {tally.kills} kills, ended {ends}"
    orphans, deleted = sum(one.orphans for one in tallies), sum(one.wrongly_deleted for one in tallies)
    kills = sum(tally.kills for tally in tallies)
    yield f"{kills:,} kills on {database}, {orphans} orphans, {deleted} wrongly deleted"


def main() -> int:
    """The exit code: 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30, help="so many of all stories together")
    parser.add_argument("--all", action="store_true", help="every point there is")
    parser.add_argument("--postgres", default="", metavar="URL", help="or the word `embedded`; without it SQLite")
    given = parser.parse_args()
    each = 1_000_000 if given.all else max(1, given.kills // len(STORIES))
    with (
        tempfile.TemporaryDirectory(prefix="focus-kills-") as folder,
        opened(given.postgres, Path(folder)) as place,
        two_nodes() as nodes,
    ):
        site = Site(nodes, place, Path(folder))
        tallies = [struck(site, story, each) for story in STORIES]
        place.remove()
    problems = [problem for tally in tallies for problem in tally.problems]
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    sys.stdout.write("".join(f"{line}\n" for line in told(tallies, place.database.dialect.name)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

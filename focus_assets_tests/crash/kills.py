"""Kill a run at each point where it touches the database or the API: what stands is what stood, or all of the new.

python -m focus_assets_tests.crash.kills --all                        every point, SQLite
python -m focus_assets_tests.crash.kills --postgres embedded --kills 300
python -m focus_assets_tests.crash.kills --mysql mysql+pymysql://root@127.0.0.1:3306 --kills 60
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from focus_assets.database.embedded import embedded_postgres
from focus_assets.model.outcome import Outcome
from focus_assets_tests.crash.children import alone, forked
from focus_assets_tests.crash.held import Damage, Held, damage, held
from focus_assets_tests.crash.places import LOCK_SECONDS, MySQLPlace, Place, PostgresPlace, SQLitePlace
from focus_assets_tests.crash.seam import Seam, die, die_soon
from focus_assets_tests.crash.stories import STORIES, Story

_STRUCK, _AGAIN = 1, 2  # the numbers that the runs bear
_WITHIN_MICROS = 400.0  # how long a COMMIT may take before it is killed
_WITHIN_COMMIT = 12  # times that each of them is


@dataclass(frozen=True, slots=True)
class Blow:
    """A kill at a point of the run; `after` so many µs."""

    at: int
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a child says of its run."""

    error: str
    load: str
    healed: bool

    @classmethod
    def of(cls, outcome: Outcome) -> Told:
        return cls(type(outcome.error).__name__ if outcome.error else "", outcome.load, outcome.healed)


@dataclass
class Tally:
    """What became of one story's kills."""

    story: str
    points: int = 0
    kills: int = 0
    old: int = 0
    new: int = 0
    damage: Damage = field(default_factory=Damage)
    problems: list[str] = field(default_factory=list)


class Killing:
    """One story on one database: what it is without a kill, and what with one."""

    def __init__(self, story: Story, place: Place, home: Path) -> None:
        self.story, self.place = story, place
        self.scene = story.scene(place.database, home)
        self.tally = Tally(story.name)
        self._begin()
        self.old = self._held()
        self.points = self._unharmed()
        self.new = self._held()
        self._insist_on_new()

    def strike(self, blow: Blow) -> None:
        """One kill, what stands then, another run, what stands then."""
        self.place.restore()
        if not self._killed(blow):
            return
        self.place.settle()
        found = self._held()
        self.tally.kills += 1
        self.tally.old += found == self.old
        self.tally.new += found == self.new != self.old
        where = f"{self.story.name}, killed at {blow.at} ({self.points[min(blow.at, len(self.points)) - 1]})"
        if harm := damage(found, self.old, self.new):
            self.tally.damage += harm
            self.tally.problems.append(f"{where}: {harm}")
        self._run_again(found, where)

    def _begin(self) -> None:
        self.place.empty()
        if self.story.loaded:
            assert not self._ran(0).error
        self.story.happens(self.scene)
        forked(lambda: self.story.meddles(self.scene))
        self.scene.time.pass_by(60)
        self.place.keep()

    def _unharmed(self) -> list[str]:
        seam = Seam()

        def work() -> tuple[Told, list[str]]:
            self.scene.pass_through(seam)
            return self._outcome(_STRUCK), seam.passed

        told, passed = forked(work).value
        self._insist(told)
        self.tally.points = len(passed)
        return passed  # type: ignore[no-any-return]

    def _insist(self, told: Told) -> None:
        wanted = Told(self.story.error.__name__ if self.story.error else "", self.story.load, self.story.healed)
        assert told == wanted, f"{self.story.name}: {told}, and not {wanted}"

    def _insist_on_new(self) -> None:
        assert (self.new == self.old) is (self.story.error is not None)
        assert self.story.error is not None or self._agrees(self.new)

    def _killed(self, blow: Blow) -> bool:
        seam = Seam((blow.at,), die if blow.after is None else die_soon(blow.after))

        def work() -> None:
            self.scene.pass_through(seam)
            self._outcome(_STRUCK)

        return forked(work).signal in (signal.SIGKILL, signal.SIGALRM)

    def _run_again(self, found: Held, where: str) -> None:
        told = self._ran(_AGAIN, again=True)
        after = self._held()
        if told.error:
            self.tally.problems.append(f"{where}: the next run failed: {told.error}")
        elif after.generation != found.generation + 1 or not self._agrees(after):
            self.tally.problems.append(f"{where}: the next run did not make it equal to the server")

    def _agrees(self, found: Held) -> bool:
        put_aside = {row["row_key"] for row in found.books["_focus_rejects"]}
        served = {key: row for key, row in self.scene.served().items() if f'["{key}"]' not in put_aside}
        same = self.story.error is not None or found.without("_synced_at") == self.new.without("_synced_at")
        return same and {row["id"]: (row["name"], row["amount"]) for row in found.rows} == served

    def _ran(self, number: int, *, again: bool = False) -> Told:
        told = forked(lambda: self._outcome(number, again=again)).value
        assert isinstance(told, Told)
        return told

    def _outcome(self, number: int, *, again: bool = False) -> Told:
        self.scene.runs = number
        wish = self.story.again if again else self.story.wish
        return Told.of(asyncio.run(self.scene.mirror(wish=wish, after=60.0 * again)))

    def _held(self) -> Held:
        return held(self.place.database, self.scene.shown)


def blows(points: Sequence[str], kills: int, chance: random.Random) -> Iterator[Blow]:
    """So many, spread over the points evenly; one in five in the midst of a COMMIT."""
    commits = [at for at, what in enumerate(points, 1) if what == "COMMIT"]
    within = min(kills // 5, _WITHIN_COMMIT * len(commits))
    for number in range(within):
        yield Blow(commits[-1 - number % len(commits)], chance.uniform(0.0, _WITHIN_MICROS))
    spread = min(kills - within, len(points))
    for number in range(spread):
        yield Blow(1 + number * len(points) // spread)


def kill_all(place: Place, home: Path, kills: int, *, only: str = "", seed: int = 0) -> list[Tally]:
    """Every story, with its share of the kills."""
    _warm(place, home)
    chosen = [story for story in STORIES if only in story.name]
    tallies = []
    for number, story in enumerate(chosen):
        killing = Killing(story, place, home)
        share = kills // len(chosen) + (number < kills % len(chosen))
        for blow in blows(killing.points, share, random.Random(seed)):
            killing.strike(blow)
        tallies.append(killing.tally)
    place.remove()
    return tallies


def _warm(place: Place, home: Path) -> None:
    """Let the engine make its SQL once, here, and not in every child."""
    unknown = copy.copy(place.database)  # the one that is struck has to look for every table itself
    for story in STORIES:
        place.empty()
        scene = story.scene(unknown, home)
        asyncio.run(scene.mirror())
        story.happens(scene)
        asyncio.run(scene.mirror(wish=story.wish))
        unknown = copy.copy(place.database)
    alone()


def table(tallies: Sequence[Tally]) -> str:
    """What is published of it."""
    lines = [f"{'story':16}{'points':>8}{'kills':>7}{'old':>6}{'new':>6}{'lost':>6}{'doubled':>9}{'torn':>6}"]
    total: Counter[str] = Counter()
    for tally in tallies:
        harm = tally.damage
        figures = {"points": tally.points, "kills": tally.kills, "old": tally.old, "new": tally.new}
        figures |= {"lost": harm.lost, "doubled": harm.doubled, "torn": harm.torn}
        total.update(figures)
        lines.append(_line(tally.story, figures))
    return "\n".join([*lines, _line("all", total)])


def _line(name: str, figures: dict[str, int]) -> str:
    widths = {"points": 8, "kills": 7, "old": 6, "new": 6, "lost": 6, "doubled": 9, "torn": 6}
    return f"{name:16}" + "".join(f"{figures[what]:>{width}}" for what, width in widths.items())


@contextmanager
def opened(server: str, home: Path, *, lock_seconds: float = LOCK_SECONDS) -> Iterator[Place]:
    """Where to do it: SQLite, a PostgreSQL of our own (`embedded`), or the server at a URL."""
    with ExitStack() as stack:
        if not server:
            yield SQLitePlace(home, lock_seconds=lock_seconds)
            return
        if server.startswith("mysql"):
            yield MySQLPlace(server, lock_seconds=lock_seconds)
            return
        url = stack.enter_context(embedded_postgres()) if server == "embedded" else server
        yield PostgresPlace(url, lock_seconds=lock_seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=150)
    parser.add_argument("--all", action="store_true", help="every point there is")
    parser.add_argument("--postgres", default="", metavar="URL", help="or the word `embedded`; without it SQLite")
    parser.add_argument("--mysql", default="", metavar="URL", help="a MariaDB or MySQL server")
    parser.add_argument("--story", default="", help="only those whose name holds this")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="focus-kills-") as folder,
        opened(given.postgres or given.mysql, Path(folder)) as place,
    ):
        kills = 1_000_000 if given.all else given.kills
        tallies = kill_all(place, Path(folder), kills, only=given.story, seed=given.seed)
    problems = [problem for tally in tallies for problem in tally.problems]
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    kills = sum(tally.kills for tally in tallies)
    sys.stdout.write(f"{table(tallies)}\n{kills:,} kills on {place.database.dialect.name}, {len(problems)} wrong\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

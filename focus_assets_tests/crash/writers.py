"""Let three processes load the same partition, and stop and continue each of them at any point: no update is lost.

python -m focus_assets_tests.crash.writers --trials 100
python -m focus_assets_tests.crash.writers --trials 100 --postgres embedded
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from focus_assets.config import Config, Destination, ExchangeSource, FocusAuth
from focus_assets.load.ledger import entries
from focus_assets.mirror import mirror
from focus_assets.model.partition import PartitionRef
from focus_assets.model.stamps import nanos
from focus_assets.model.wish import Wish
from focus_assets.sandbox import Resource, Sandbox, SandboxOptions, serve
from focus_assets.sources.open import open_source
from focus_assets_tests.crash.children import Child, forked, start
from focus_assets_tests.crash.held import Held, held
from focus_assets_tests.crash.kills import opened
from focus_assets_tests.crash.places import Place, SQLitePlace
from focus_assets_tests.crash.seam import Seam, halt
from focus_assets_tests.integration.mirror.scene import THINGS, Things

WRITERS, RUNS, STOPS = 3, 2, 4
LOCK_SECONDS = 0.25
PATIENCE = 3600.0  # seconds: who is stopped waits for as long as the others take
REF = PartitionRef("shop", "retail", "things", "DE")
MAY_LOSE = ("StaleGeneration", "DatabaseBusy")


@dataclass(frozen=True, slots=True)
class Run:
    """How one run of a writer ended."""

    error: str
    generation: int | None
    watermark: str | None


@dataclass
class Tally:
    """What became of all trials."""

    trials: int = 0
    stops: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


@contextmanager
def served() -> Iterator[str]:
    """A sandbox in a process of its own; its URL."""
    reading, writing = os.pipe()
    server = start(lambda: asyncio.run(serve(_sandbox(), started=lambda url: _say(writing, url))))
    os.close(writing)
    try:
        yield os.read(reading, 200).decode()
    finally:
        os.close(reading)
        os.kill(server.pid, signal.SIGKILL)
        os.waitpid(server.pid, 0)
        os.close(server.pipe)


def _sandbox() -> Sandbox:
    shelf = Things(40)
    resource = Resource("things", THINGS, lambda country: shelf)
    return Sandbox(SandboxOptions(countries=("DE",), gzip=False), services={"retail": (resource,)})


def _say(pipe: int, url: str) -> None:
    os.write(pipe, url.encode())


def move(url: str, chance: random.Random) -> None:
    """The server's world changes."""
    counts = {"updates": chance.randrange(1, 9), "creates": chance.randrange(3), "deletes": chance.randrange(3)}
    body = json.dumps({"resource": "things", "country": "DE", **counts}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/sandbox/change", body)) as answer:
        answer.read()


class Trial:
    """Three writers of one partition, stopped and continued at random."""

    def __init__(self, place: Place, url: str, home: Path, *, seed: int) -> None:
        self.place, self.url, self.home = place, url, home
        self.chance = random.Random(seed)
        self.stops = 0
        self.running: dict[int, Child] = {}
        self.stopped: dict[int, Child] = {}

    def run(self) -> list[Run]:
        """What became of their runs, in the order in which the writers ended."""
        for _ in range(WRITERS):
            at = {self.chance.randrange(1, 150) for _ in range(STOPS)}
            child = start(lambda at=at: self._write(at))  # type: ignore[misc]
            self.running[child.pid] = child
        runs: list[Run] = []
        while self.running or self.stopped:
            if not self.running:
                self._go_on()
            runs += self._next()
        return runs

    def _next(self) -> list[Run]:
        pid, status = os.waitpid(-1, os.WUNTRACED)
        child = self.running.pop(pid)
        if os.WIFSTOPPED(status):
            self.stops += 1
            self.stopped[pid] = child
            self._happen()
            return []
        runs: list[Run] = child.ended(child.said(), status).value
        return runs

    def _happen(self) -> None:
        if self.chance.random() < 0.5:
            move(self.url, self.chance)
        if self.chance.random() < 0.4:
            self._go_on()

    def _go_on(self) -> None:
        pid = self.chance.choice(sorted(self.stopped))
        self.running[pid] = self.stopped.pop(pid)
        os.kill(pid, signal.SIGCONT)

    def _write(self, at: set[int]) -> list[Run]:
        seam = Seam(at, halt)
        seam.watch(self.place.database)
        return [load(self.place, self.url, self.home, full=self.chance.random() < 0.3) for _ in range(RUNS)]


def load(place: Place, url: str, home: Path, *, full: bool = False) -> Run:
    """One run, as the product does it."""
    return asyncio.run(_load(place, _config(url, home), Wish(full=full)))


async def _load(place: Place, config: Config, wish: Wish) -> Run:
    async with open_source("shop", config) as source:
        outcome = await mirror(source, place.database, REF, wish=wish)
    error = type(outcome.error).__name__ if outcome.error else ""
    return Run(error if not error or error in MAY_LOSE else repr(outcome.error), outcome.generation, outcome.watermark)


def _config(url: str, home: Path) -> Config:
    given: dict[str, Any] = {
        "kind": "exchange",
        "base_url": url,
        "business_service": "retail",
        "auth": FocusAuth(kind="focus", username="demo", password=SecretStr("demo")),
        "countries": ("DE",),
        "retry": {"attempts": 1},
        "timeouts": {"connect": PATIENCE, "read": PATIENCE},
        "overlap_seconds": 0,
    }
    return Config(sources={"shop": ExchangeSource(**given)}, destination=Destination(), home=home)


def problems(place: Place, before: int, runs: list[Run]) -> Iterator[str]:
    """Where an update was lost, or somebody lost by another name than he may."""
    won = sorted((run for run in runs if not run.error), key=lambda run: run.generation or 0)
    generations = [run.generation for run in won]
    if generations != list(range(before + 1, before + 1 + len(won))):
        yield f"from {before} on the generations {generations} were published"
    moments = [nanos(run.watermark) for run in won if run.watermark]
    if moments != sorted(moments):
        yield "an older state was published over a newer one"
    entry = forked(lambda: entries(place.database)[REF]).value
    if entry.generation != before + len(won) or (won and entry.watermark != won[-1].watermark):
        yield f"the ledger is at {entry.generation}, and {len(won)} were published after {before}"
    yield from (run.error for run in runs if run.error and run.error not in MAY_LOSE)


def _shown(place: Place) -> str:
    return "retail.things" if place.database.dialect.has_schemas else "retail__things"


def trials(place: Place, home: Path, count: int, *, seed: int = 0) -> Tally:
    """One after the other, on the same table."""
    tally, other = Tally(), home / "other"
    other.mkdir()
    with served() as url:
        place.empty()
        assert not forked(lambda: load(place, url, home)).value.error
        generation = 1
        for number in range(count):
            trial = Trial(place, url, home, seed=seed + number)
            runs = trial.run()
            tally.trials += 1
            tally.stops += trial.stops
            tally.runs.update(run.error if run.error in MAY_LOSE else "published" for run in runs)
            tally.problems += [f"trial {seed + number}: {text}" for text in problems(place, generation, runs)]
            last = forked(lambda: load(place, url, home)).value
            generation = last.generation or 0
            if not _same(place, SQLitePlace(other), url, home):
                tally.problems.append(f"trial {seed + number}: the next run did not make it equal to the server")
    place.remove()
    return tally


def _same(place: Place, fresh: SQLitePlace, url: str, home: Path) -> bool:
    """Whether the mirror holds what a new one does."""
    fresh.empty()
    assert not forked(lambda: load(fresh, url, home)).value.error
    ours, theirs = (held(one.database, _shown(one)) for one in (place, fresh))
    return _plain(ours) == _plain(theirs)


def _plain(found: Held) -> list[tuple[Any, ...]]:
    return [(row["id"], row["name"], row["amount"]) for row in found.rows]


def table(tally: Tally) -> str:
    """What is published of it."""
    figures = {"trials": tally.trials, "stops": tally.stops, "runs": tally.runs.total()}
    figures |= {name: tally.runs[name] for name in ("published", *MAY_LOSE)}
    return "\n".join(f"{name:18}{count:>7,}" for name, count in figures.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--postgres", default="", metavar="URL", help="or the word `embedded`; without it SQLite")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="focus-writers-") as folder,
        opened(given.postgres, Path(folder), lock_seconds=LOCK_SECONDS) as place,
    ):
        tally = trials(place, Path(folder), given.trials, seed=given.seed)
    sys.stderr.write("".join(f"{problem}\n" for problem in tally.problems))
    done = f"{tally.trials:,} trials on {place.database.dialect.name}, {len(tally.problems)} wrong"
    sys.stdout.write(f"{table(tally)}\n{done}\n")
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())

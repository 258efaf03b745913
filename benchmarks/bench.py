"""Run every contender in turn, round after round, and check after each that the table holds what it has to."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks import duckdb, postgres, sqlite
from benchmarks.corpus import SMALL, Corpus, render
from benchmarks.meter import Cost, measure
from benchmarks.server import NOW
from focus_assets.sandbox import Change
from focus_assets.sources.packed import packer_type

FLOOR, BINARY, FULL, UNCHANGED, DELTA = "floor", "binary floor", "full", "unchanged", "delta"
INTERPRETED = "interpreted"  # full, and without the compiled piece where it is installed
GROWN_FEW, GROWN_MANY = "delta on few", "delta on many"
DATABASES = ("postgres", "sqlite", "duckdb")
TABLES = {"postgres": "retail.promotions", "sqlite": "retail__promotions", "duckdb": "retail.promotions"}
MEMORY, GROWTH, QUICK = "memory", "growth", "quick"
UPDATES = 8_572  # of the 15,001 lines of a delta that is held against the size of the table
FEW = 10_000  # rows, beside which the memory of many is judged

Told = Callable[[str], None]


class WrongContent(Exception):
    """A contender was quick and wrong."""


@dataclass(frozen=True, slots=True)
class Run:
    """One contender's one go: `database` and `work` name it; `rows` is what it had to read."""

    database: str
    work: str
    rows: int
    body_bytes: int
    cost: Cost


class Scratch(Protocol):
    """A database that is lent to the bench."""

    @property
    def url(self) -> str: ...
    @property
    def settings(self) -> dict[str, str]: ...
    def renew(self) -> None: ...
    def settle(self) -> None: ...
    @property
    def floor_is_exact(self) -> bool: ...
    def pids(self) -> Iterable[int]: ...
    def floor(self, folder: Path) -> Cost: ...
    def digest(self, table: str) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: how many rows, how often, which databases.

    `memory`: the same with few rows; `growth`: one delta on a tenth of the rows, and on four times as many; `quick`:
    no more than the first load into PostgreSQL and its floor.
    """

    rows: int = 1_000_000
    rounds: int = 3
    only: tuple[str, ...] = (*DATABASES, MEMORY, GROWTH)


@dataclass(slots=True)
class Results:
    """Everything that was measured, and on what."""

    corpus: Corpus
    runs: list[Run] = field(default_factory=list)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stand:
    """A corpus in its folder, and the server that serves it."""

    folder: Path
    corpus: Corpus
    base_url: str

    def turn(self, moment: str) -> None:
        """What the server says from now on."""
        fresh = self.folder / f"{NOW}.next"
        fresh.symlink_to(moment)
        fresh.replace(self.folder / NOW)

    def check(self, scratch: Scratch, table: str, moment: str) -> None:
        """Raises WrongContent."""
        expected = self.corpus.totals[moment], self.corpus.digests[moment]
        if (found := scratch.digest(table)) != expected:
            raise WrongContent(f"{table} holds {found}, expected {expected} (rows, digest)")


def bench(wanted: Wanted, folder: Path, told: Told) -> Results:
    """All rounds; raises WrongContent and CommandFailed."""
    databases = [name for name in DATABASES if name in wanted.only]
    with ExitStack() as stack:
        told(f"rendering {wanted.rows:,} rows")
        stand = stack.enter_context(standing(folder / "many", wanted.rows))
        results = Results(stand.corpus)
        needed = _needed(wanted, databases)
        lent = {name: stack.enter_context(_lent(name, folder)) for name in needed}
        results.settings = {name: scratch.settings for name, scratch in lent.items()}
        for number in range(wanted.rounds):
            for name in databases:
                told(f"round {number + 1} of {wanted.rounds}: {name}")
                results.runs += _round(name, lent[name], stand)
            if QUICK in wanted.only:
                told(f"round {number + 1} of {wanted.rounds}")
                results.runs += [load("postgres", lent["postgres"], stand) for load in (load_floor, load_fully)]
        if MEMORY in wanted.only and wanted.rows > FEW:
            few = stack.enter_context(standing(folder / "few", FEW))
            for name, scratch in lent.items():
                told(f"memory: {name}")
                unmeasured = [] if name in databases else [stand]
                results.runs += [load_fully(name, scratch, rows) for rows in (*unmeasured, few)]
        if GROWTH in wanted.only:
            results.runs += _growth(lent["postgres"], wanted, folder, told)
    return results


def _needed(wanted: Wanted, databases: list[str]) -> Sequence[str]:
    """Memory alone is measured in each of them, growth and what is quick in PostgreSQL."""
    if not databases and MEMORY in wanted.only:
        return DATABASES
    return list(dict.fromkeys([*databases, *(["postgres"] if {GROWTH, QUICK} & {*wanted.only} else [])]))


def _growth(scratch: Scratch, wanted: Wanted, folder: Path, told: Told) -> Iterator[Run]:
    """The same delta on a small table and on a large one, in turns."""
    changes = SMALL.of(min(UPDATES, wanted.rows // 20) * SMALL.updated)
    with ExitStack() as stack:
        stands: dict[str, Stand] = {}
        for work, rows in ((GROWN_FEW, wanted.rows // 10), (GROWN_MANY, wanted.rows * 4)):
            told(f"growth: rendering {rows:,} rows")
            stands[work] = stack.enter_context(standing(folder / f"grown-{rows}", rows, changes))
        for number in range(wanted.rounds):
            for work, stand in stands.items():
                told(f"growth: round {number + 1} of {wanted.rounds}, {stand.corpus.rows:,} rows")
                load_fully("postgres", scratch, stand)
                scratch.settle()
                yield dataclasses.replace(load_delta("postgres", scratch, stand), work=work)


def _round(name: str, scratch: Scratch, stand: Stand) -> Iterator[Run]:
    yield load_floor(name, scratch, stand)
    if isinstance(scratch, postgres.Scratch):
        yield Run(name, BINARY, stand.corpus.rows, stand.corpus.csv_bytes, scratch.floor_binary(stand.folder))
        if packer_type() is not None:
            yield load_fully(name, scratch, stand, INTERPRETED)
    yield load_fully(name, scratch, stand)
    scratch.settle()
    yield _ours(name, scratch, stand, UNCHANGED)
    scratch.settle()
    yield load_delta(name, scratch, stand)


def load_floor(name: str, scratch: Scratch, stand: Stand) -> Run:
    """What the database's own manual would do; raises WrongContent."""
    scratch.renew()
    cost = scratch.floor(stand.folder)
    if scratch.floor_is_exact:
        stand.check(scratch, "promotions", "start")
    return Run(name, FLOOR, stand.corpus.rows, stand.corpus.csv_bytes, cost)


def load_fully(name: str, scratch: Scratch, stand: Stand, work: str = FULL) -> Run:
    """The mirror's first load; raises WrongContent."""
    scratch.renew()
    return _ours(name, scratch, stand, work)


def load_delta(name: str, scratch: Scratch, stand: Stand) -> Run:
    """The mirror's delta after a load that is there already; raises WrongContent."""
    return _ours(name, scratch, stand, DELTA)


def _ours(name: str, scratch: Scratch, stand: Stand, work: str) -> Run:
    moment = "later" if work == DELTA else "start"
    stand.turn(moment)
    wish = [] if work == DELTA else ["full"] if work != INTERPRETED else ["full", "interpreted"]
    cost = measure([sys.executable, "-m", "benchmarks.ours", stand.base_url, scratch.url, *wish], pids=scratch.pids)
    said = json.loads(cost.said)
    load = "delta" if work == DELTA else "full"
    if said["verdict"] not in ("proven", "counted") or said["load"] != load:
        raise WrongContent(f"expected a {load} load that was counted: {cost.said}")
    stand.check(scratch, TABLES[name], moment)
    return Run(name, work, said["fetched"], said["body_bytes"], cost)


@contextmanager
def _lent(name: str, folder: Path) -> Iterator[Scratch]:
    if name != "postgres":
        yield sqlite.Scratch(folder) if name == "sqlite" else duckdb.Scratch(folder)
        return
    with postgres.scratch() as scratch:
        yield scratch


@contextmanager
def standing(folder: Path, rows: int, change: Change | None = None) -> Iterator[Stand]:
    """Rows in every form, and a server of them."""
    folder.mkdir()
    corpus = render(folder, rows, change)
    command: Sequence[str] = [sys.executable, "-m", "benchmarks.server", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield Stand(folder, corpus, f"http://127.0.0.1:{int(server.stdout.readline())}")
        finally:
            server.stdin.close()

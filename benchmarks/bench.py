"""Run every contender in turn, round after round, and check after each that the table holds what it has to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks import postgres, sqlite
from benchmarks.corpus import Corpus, render
from benchmarks.meter import Cost, measure
from benchmarks.server import NOW

FLOOR, FULL, UNCHANGED, DELTA = "floor", "full", "unchanged", "delta"
DATABASES = ("postgres", "sqlite")
TABLES = {"postgres": "retail.promotions", "sqlite": "retail__promotions"}
MEMORY = "memory"
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
    def digest(self, table: str) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to measure: how many rows, how often, which databases (and `memory`: the same with few rows)."""

    rows: int = 1_000_000
    rounds: int = 3
    only: tuple[str, ...] = (*DATABASES, MEMORY)


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
        lent = {name: stack.enter_context(_lent(name, folder)) for name in databases or DATABASES}
        results.settings = {name: scratch.settings for name, scratch in lent.items()}
        for number in range(wanted.rounds):
            for name in databases:
                told(f"round {number + 1} of {wanted.rounds}: {name}")
                results.runs += _round(name, lent[name], stand)
        if MEMORY in wanted.only and wanted.rows > FEW:
            few = stack.enter_context(standing(folder / "few", FEW))
            results.runs += [load_fully(name, scratch, few) for name, scratch in lent.items()]
    return results


def _round(name: str, scratch: Scratch, stand: Stand) -> Iterator[Run]:
    yield load_floor(name, scratch, stand)
    yield load_fully(name, scratch, stand)
    scratch.settle()
    yield _ours(name, scratch, stand, UNCHANGED)
    scratch.settle()
    yield _ours(name, scratch, stand, DELTA)


def load_floor(name: str, scratch: Scratch, stand: Stand) -> Run:
    """What the database's own manual would do; raises WrongContent."""
    scratch.renew()
    assert isinstance(scratch, postgres.Scratch | sqlite.Scratch)
    load = scratch.copy if isinstance(scratch, postgres.Scratch) else scratch.executemany
    cost = load(stand.folder / "rows.csv")
    stand.check(scratch, "promotions", "start")
    return Run(name, FLOOR, stand.corpus.rows, stand.corpus.csv_bytes, cost)


def load_fully(name: str, scratch: Scratch, stand: Stand) -> Run:
    """The mirror's first load; raises WrongContent."""
    scratch.renew()
    return _ours(name, scratch, stand, FULL)


def _ours(name: str, scratch: Scratch, stand: Stand, work: str) -> Run:
    moment = "later" if work == DELTA else "start"
    stand.turn(moment)
    pids = scratch.pids if isinstance(scratch, postgres.Scratch) else (lambda: ())
    wish = ["full"] if work != DELTA else []
    cost = measure([sys.executable, "-m", "benchmarks.ours", stand.base_url, scratch.url, *wish], pids=pids)
    said = json.loads(cost.said)
    load = "delta" if work == DELTA else "full"
    if said["verdict"] not in ("proven", "counted") or said["load"] != load:
        raise WrongContent(f"expected a {load} load that was counted: {cost.said}")
    stand.check(scratch, TABLES[name], moment)
    return Run(name, work, said["fetched"], said["body_bytes"], cost)


@contextmanager
def _lent(name: str, folder: Path) -> Iterator[Scratch]:
    if name == "sqlite":
        yield sqlite.Scratch(folder)
        return
    with postgres.scratch() as scratch:
        yield scratch


@contextmanager
def standing(folder: Path, rows: int) -> Iterator[Stand]:
    """Rows in every form, and a server of them."""
    folder.mkdir()
    corpus = render(folder, rows)
    command: Sequence[str] = [sys.executable, "-m", "benchmarks.server", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield Stand(folder, corpus, f"http://127.0.0.1:{int(server.stdout.readline())}")
        finally:
            server.stdin.close()

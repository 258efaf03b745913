"""`make bench-peers`: the floor, the mirror and its peers in turn, round after round; a table, and the JSON.

dlt wants host and password: FOCUS_BENCH_POSTGRES_URL names a server that listens on TCP. The environments of the peers
are made in .artifacts/peers, from the locked requirements beside their scripts.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, chdir
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import postgres
from benchmarks.bench import Stand, Told, WrongContent, load_floor, load_fully, standing
from benchmarks.meter import CommandFailed, Cost, measure
from benchmarks.peers.content import Content, content_of
from benchmarks.peers.pages import write_pages
from benchmarks.peers.peer import PEERS, Peer

FLOOR, OURS = "floor", "ours"
TITLES = {FLOOR: f"{postgres.copies_by()} csv + key", OURS: "focus"} | {peer.name: peer.title for peer in PEERS}
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Go:
    """One contender's one load; `content` is that of a peer, ours and the floor's are right or the bench ends."""

    name: str
    cost: Cost
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Yard:
    """Where they run."""

    stand: Stand
    scratch: postgres.Scratch
    folder: Path
    environments: Path

    def go(self, name: str) -> Go:
        """Into an empty database."""
        if name == FLOOR:
            return Go(name, load_floor("postgres", self.scratch, self.stand).cost)
        if name == OURS:
            return Go(name, load_fully("postgres", self.scratch, self.stand).cost)
        return self._peer(next(peer for peer in PEERS if peer.name == name))

    def _peer(self, peer: Peer) -> Go:
        self.scratch.renew()
        self.stand.turn("start")
        command = peer.command(self.environments, self.stand.base_url, self.scratch.url)
        with tempfile.TemporaryDirectory(dir=self.folder) as state, chdir(state):
            cost = measure(command, pids=self.scratch.pids)
        return Go(peer.name, cost, content_of(self.scratch.url, self.stand.folder / "rows.csv"))


def main() -> int:
    """Exit code 1 where a contender failed, or ours was wrong."""
    asked = _arguments()
    console = Console(stderr=True)
    try:
        found, settings = compare(asked, console.log)
    except (CommandFailed, WrongContent) as error:
        console.print(f"[red]{type(error).__name__}[/]: {error}")
        return 1
    Console(width=None if sys.stdout.isatty() else 160).print(table_of(found, asked.rows))
    file = asked.out / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-peers-{asked.rows}.json"
    asked.out.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(_document(found, asked.rows, settings), indent=1), encoding="utf-8")
    console.print(f"saved in {file}")
    return 0


def compare(asked: argparse.Namespace, told: Told) -> tuple[list[Go], dict[str, str]]:
    """Every contender in every round, and the database's settings; raises CommandFailed and WrongContent."""
    with tempfile.TemporaryDirectory(prefix="focus-peers-") as folder, ExitStack() as stack:
        told(f"rendering {asked.rows:,} rows")
        stand = stack.enter_context(standing(Path(folder) / "many", asked.rows))
        write_pages(stand.folder / "start", asked.rows)
        yard = Yard(stand, stack.enter_context(postgres.scratch()), Path(folder), asked.environments.absolute())
        found = []
        for number, name in product(range(asked.rounds), asked.only.split(",")):
            told(f"round {number + 1} of {asked.rounds}: {TITLES[name]}")
            found.append(yard.go(name))
        return found, yard.scratch.settings


def table_of(found: Sequence[Go], rows: int) -> Table:
    """Medians, and by how much each takes longer than we do."""
    loads = [go.cost.load for go in found]
    table = Table(
        title=f"{rows:,} rows into PostgreSQL, {os.cpu_count()} cores",
        caption=f"load average {min(loads):.1f} to {max(loads):.1f}",
        caption_justify="left",
    )
    table.add_column("", min_width=30)
    for name in ("wall s", "ours ÷ this", "CPU s", "ours ÷ this", "peak MiB", "ours ÷ this"):
        table.add_column(name, justify="right")
    table.add_column("remarks")
    by_name = {name: [go for go in found if go.name == name] for name in dict.fromkeys(go.name for go in found)}
    ours = figures(by_name[OURS]) if OURS in by_name else None
    for name, goes in by_name.items():
        cells = []
        for number, figure in enumerate(figures(goes)):
            cells += [f"{figure:.2f}", f"{ours[number] / figure:.3f}" if ours else ""]
        table.add_row(TITLES[name], *cells, goes[-1].content.remarks if goes[-1].content else "")
    return table


def figures(goes: Sequence[Go]) -> tuple[float, float, float]:
    """Medians: seconds, seconds of all processors with the database's, and the most MiB that any needed."""
    wall = statistics.median(go.cost.wall for go in goes)
    cpu = statistics.median(go.cost.cpu + (go.cost.database_cpu or 0.0) for go in goes)
    return wall, cpu, max(go.cost.peak for go in goes) / MIB


def _document(found: Sequence[Go], rows: int, settings: dict[str, str]) -> dict[str, object]:
    return {"rows": rows, "database": settings, "runs": [dataclasses.asdict(go) for go in found]}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(TITLES), help="names with commas between: %(default)s")
    parser.add_argument("--out", type=Path, default=Path(".artifacts/bench"))
    parser.add_argument("--environments", type=Path, default=Path(".artifacts/peers"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

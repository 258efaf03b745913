"""`make bench-peers`: the floor, the mirror and its peers in turn, round after round; a table, and the JSON.

With --delta what follows a first load is measured: a tenth of the rows updated, a twentieth made, a twentieth deleted.

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
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import postgres
from benchmarks.bench import Told, WrongContent, standing
from benchmarks.corpus import LARGE
from benchmarks.meter import CommandFailed
from benchmarks.peers.changes import write_changes
from benchmarks.peers.pages import write_pages
from benchmarks.peers.yard import MERGING, OURS, TITLES, Go, Yard
from focus_assets.sandbox import Change

MIB = 1024 * 1024


def main() -> int:
    """Exit code 1 where a contender failed, or ours was wrong."""
    asked = _arguments()
    console = Console(stderr=True)
    try:
        found, settings = compare(asked, console.log)
    except (CommandFailed, WrongContent) as error:
        console.print(f"[red]{type(error).__name__}[/]: {error}")
        return 1
    Console(width=None if sys.stdout.isatty() else 160).print(table_of(found, _title(asked)))
    work = "peers-delta" if asked.delta else "peers"
    file = asked.out / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{work}-{asked.rows}.json"
    asked.out.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(_document(found, asked, settings), indent=1), encoding="utf-8")
    console.print(f"saved in {file}")
    return 0


def compare(asked: argparse.Namespace, told: Told) -> tuple[list[Go], dict[str, str]]:
    """Every contender in every round, and the database's settings; raises CommandFailed and WrongContent."""
    with tempfile.TemporaryDirectory(prefix="focus-peers-") as folder, ExitStack() as stack:
        told(f"rendering {asked.rows:,} rows")
        stand = stack.enter_context(standing(Path(folder) / "many", asked.rows, _change(asked)))
        write_pages(stand.folder / "start", asked.rows)
        yard = Yard(stand, stack.enter_context(postgres.scratch()), Path(folder), asked.environments.absolute())
        if asked.delta:
            _begin(yard, asked.only, told)
        go, found = yard.delta if asked.delta else yard.load, []
        for number, name in product(range(asked.rounds), asked.only):
            told(f"round {number + 1} of {asked.rounds}: {TITLES[name]}")
            found.append(go(name))
        return found, yard.scratch.settings


def _begin(yard: Yard, names: Sequence[str], told: Told) -> None:
    write_changes(yard.stand.folder)
    for name in names:
        told(f"first load, not measured: {TITLES[name]}")
        yard.begin(name)


def _change(asked: argparse.Namespace) -> Change | None:
    return LARGE.of(asked.rows) if asked.delta else None


def table_of(found: Sequence[Go], title: str) -> Table:
    """Medians, and by how much each takes longer than we do."""
    loads = [go.cost.load for go in found]
    table = Table(
        title=title,
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


def _title(asked: argparse.Namespace) -> str:
    change, what = _change(asked), f"{asked.rows:,} rows into PostgreSQL"
    if change is not None:
        what = f"{change.updates:,} updates, {change.creates:,} creates, {change.deletes:,} deletes after {what}"
    return f"{what}, {os.cpu_count()} cores"


def _document(found: Sequence[Go], asked: argparse.Namespace, settings: dict[str, str]) -> dict[str, object]:
    change = _change(asked)
    return {
        "rows": asked.rows,
        "change": None if change is None else dataclasses.asdict(change),
        "database": settings,
        "runs": [dataclasses.asdict(go) for go in found],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delta", action="store_true", help=f"by those who can: {','.join(MERGING)}")
    parser.add_argument("--only", help=f"names with commas between: {','.join(TITLES)}")
    parser.add_argument("--out", type=Path, default=Path(".artifacts/bench"))
    parser.add_argument("--environments", type=Path, default=Path(".artifacts/peers"))
    asked = parser.parse_args()
    able = MERGING if asked.delta else tuple(TITLES)
    asked.only = asked.only.split(",") if asked.only else able
    if unable := {*asked.only} - {*able}:
        parser.error(f"not among {','.join(able)}: {','.join(sorted(unable))}")
    return asked


if __name__ == "__main__":
    sys.exit(main())

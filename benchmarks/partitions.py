"""Measure many small partitions beside one large one: `python -m benchmarks.partitions [--partitions N] [--rows N]`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import anyio
from rich.console import Console
from rich.table import Table

from benchmarks import postgres, sqlite
from benchmarks.bench import Stand, standing
from benchmarks.meter import Cost, measure
from benchmarks.ours import configured
from focus_assets.config import Config
from focus_assets.fleet import open_fleet

MANY, ONE = "many", "one"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many partitions of how many rows each; the one partition beside them has the rows of all."""

    partitions: int
    rows: int
    rounds: int

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Partitions and the rows of each, by contender."""
        return {MANY: (self.partitions, self.rows), ONE: (1, self.partitions * self.rows)}


def main() -> int:
    """Exit code 1 where a load was wrong; how many times longer many take is told, and no failure."""
    asked = _arguments()
    wanted = Wanted(asked.partitions, asked.rows, asked.rounds)
    with tempfile.TemporaryDirectory(prefix="focus-bench-") as home, _scratch(asked.database, Path(home)) as scratch:
        costs = _measured(wanted, Path(home), scratch)
    medians = {name: _medians(found) for name, found in costs.items()}
    times = {figure: medians[MANY][figure] / medians[ONE][figure] for figure in ("wall", "cpu")}
    _show(wanted, asked.database, medians, times)
    asked.out.mkdir(parents=True, exist_ok=True)
    file = asked.out / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-partitions.json"
    runs = {name: [asdict(cost) for cost in found] for name, found in costs.items()}
    said = {"wanted": asdict(wanted), "database": asked.database, "medians": medians, "times": times, "runs": runs}
    file.write_text(json.dumps(said, indent=1), encoding="utf-8")
    return 0


def _measured(wanted: Wanted, home: Path, scratch: postgres.Scratch | sqlite.Scratch) -> dict[str, list[Cost]]:
    """Every contender in turn, round after round."""
    few, many = wanted.rows, wanted.partitions * wanted.rows
    costs: dict[str, list[Cost]] = {name: [] for name in wanted.counts}
    with standing(home / "few", few) as small, standing(home / "all", many) as large:
        stands: dict[str, Stand] = {MANY: small, ONE: large}
        for stand in stands.values():
            stand.turn("start")
        for _ in range(wanted.rounds):
            for name, (partitions, rows) in wanted.counts.items():
                scratch.renew()
                command = ["-m", "benchmarks.partitions", "load", stands[name].base_url, scratch.url, str(partitions)]
                cost = measure([sys.executable, *command], pids=scratch.pids)
                assert json.loads(cost.said) == {"proven": [partitions, partitions * rows]}, cost.said
                costs[name].append(cost)
    return costs


def _medians(costs: list[Cost]) -> dict[str, float]:
    return {
        "wall": median(cost.wall for cost in costs),
        "cpu": median(cost.cpu + (cost.database_cpu or 0.0) for cost in costs),
        "peak": max(cost.peak for cost in costs),
    }


def _show(wanted: Wanted, database: str, medians: dict[str, dict[str, float]], times: dict[str, float]) -> None:
    columns = ("", "seconds", "times", "of all processors", "times", "peak MiB")
    table = Table(*columns, title=f"first full loads into {database}, medians of {wanted.rounds}")
    for name, (partitions, rows) in wanted.counts.items():
        found, many = medians[name], name == MANY
        table.add_row(
            f"{partitions:,} × {rows:,} rows",
            f"{found['wall']:.2f}",
            f"{times['wall']:.2f}" if many else "",
            f"{found['cpu']:.2f}",
            f"{times['cpu']:.2f}" if many else "",
            f"{found['peak'] / 1024**2:.0f}",
        )
    Console(width=110).print(table)


@contextmanager
def _scratch(database: str, home: Path) -> Iterator[postgres.Scratch | sqlite.Scratch]:
    if database == "sqlite":
        yield sqlite.Scratch(home)
        return
    with postgres.scratch() as scratch:
        yield scratch


async def _load(config: Config) -> dict[str, tuple[int, int]]:
    """Partitions and rows by verdict."""
    async with open_fleet(config) as fleet:
        outcomes = await fleet.mirror(await fleet.refs())
    found: dict[str, tuple[int, int]] = {}
    for outcome in outcomes:
        said = outcome.verdict.value if outcome.verdict else repr(outcome.error)
        partitions, rows = found.get(said, (0, 0))
        found[said] = partitions + 1, rows + (outcome.rows or 0)
    return found


def _configured(base_url: str, database_url: str, partitions: int) -> Config:
    config = configured(base_url, database_url)
    countries = tuple(f"C{number:03}" for number in range(partitions))
    source = config.source("bench").model_copy(update={"countries": countries})
    return config.model_copy(update={"sources": {"bench": source}})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.partitions", description=__doc__)
    parser.add_argument("--partitions", type=int, default=250)
    parser.add_argument("--rows", type=int, default=400, help="of each partition")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--out", type=Path, default=Path(".artifacts/bench"))
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] == ["load"]:
        loaded = anyio.run(_load, _configured(sys.argv[2], sys.argv[3], int(sys.argv[4])))
        sys.stdout.write(json.dumps(loaded) + "\n")
        sys.exit(0)
    sys.exit(main())

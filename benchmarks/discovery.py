"""Measure a discovery listing beside raw httpx and json: `python -m benchmarks.discovery [--items N] [--rounds N]`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.listing import AT_ONCE
from benchmarks.meter import measure

MIB = 1024 * 1024
MOST = 1.5  # times the wall of the floor
WAYS = {"floor": "httpx and json", "ours": "ours", "texts": "ours, moments left as texts"}
FEW = 10  # times fewer items, beside which the memory of many is judged


def main() -> int:
    """Exit code 1 where the listing takes more than 1.5 times as long, or its memory grows with its items.

    Of a busy machine the processor's seconds say more than those of the clock.
    """
    asked = _arguments()
    with serving(asked.items) as url, serving(max(asked.items // FEW, 1)) as short, serving(2000) as small:
        taken = _taken(url, asked.items, asked.rounds)
        peaks = {name: _listed("ours", where, None).peak for name, where in (("few", short), ("all", url))}
        many = _listed("many", small, AT_ONCE * 2000)
    grown, floor = (peaks["all"] - peaks["few"]) / MIB, taken["floor"]
    columns = ("", "seconds", "times", "of the processor", "times", "peak MiB")
    table = Table(*columns, title=f"{asked.items:,} items in pages of 100, medians of {asked.rounds}")
    for way, name in WAYS.items():
        table.add_row(name, *taken[way].beside(floor))
    table.add_row(f"ours, {FEW} times fewer items", *[""] * 4, f"{peaks['few'] / MIB:.0f}")
    table.add_row(f"{AT_ONCE} listings of 2,000 at once", *many.cells)
    Console(width=110).print(table)
    return 0 if taken["ours"].seconds <= MOST * floor.seconds and grown <= asked.growth else 1


@dataclass(frozen=True, slots=True)
class Listed:
    """What one listing took: seconds, those of its own processor time, bytes of memory at most."""

    seconds: float
    cpu: float
    peak: int

    @property
    def cells(self) -> tuple[str, ...]:
        return f"{self.seconds:.2f}", "", f"{self.cpu:.2f}", "", f"{self.peak / MIB:.0f}"

    def beside(self, other: Listed) -> tuple[str, ...]:
        """The cells, with how many times more than the other it took."""
        times = f"{self.seconds / other.seconds:.2f}", f"{self.cpu / other.cpu:.2f}"
        return f"{self.seconds:.2f}", times[0], f"{self.cpu:.2f}", times[1], f"{self.peak / MIB:.0f}"


def _taken(url: str, items: int, rounds: int) -> dict[str, Listed]:
    """The medians of each way, in turns, so that what else the machine does is shared."""
    runs = [{way: _listed(way, url, items) for way in WAYS} for _ in range(rounds)]
    return {
        way: Listed(
            median(run[way].seconds for run in runs),
            median(run[way].cpu for run in runs),
            max(run[way].peak for run in runs),
        )
        for way in WAYS
    }


def _listed(way: str, url: str, items: int | None) -> Listed:
    cost = measure([sys.executable, "-m", "benchmarks.listing", way, url])
    said = json.loads(cost.said.splitlines()[-1])
    assert items is None or said["items"] == items, f"{way} brought {said['items']:,} items of {items:,}"
    return Listed(said["seconds"], said["cpu"], cost.peak)


@contextmanager
def serving(items: int) -> Iterator[str]:
    """The URL of a registry, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.listing", "serve", str(items)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.discovery", description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--growth", type=float, default=10.0, help="MiB by which ten times the items may grow it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

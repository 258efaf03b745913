"""Measure a discovery listing beside raw httpx and json: `python -m benchmarks.discovery [--items N] [--rounds N]`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.listing import AT_ONCE
from benchmarks.meter import measure

MIB = 1024 * 1024
MOST = 1.5  # times the wall of the floor
FEW = 10  # times fewer items, beside which the memory of many is judged


def main() -> int:
    """Exit code 1 where the listing takes more than 1.5 times as long, or its memory grows with its items."""
    asked = _arguments()
    with serving(asked.items) as url, serving(max(asked.items // FEW, 1)) as short, serving(2000) as small:
        taken = {way: [_listed(way, url, asked.items) for _ in range(asked.rounds)] for way in ("floor", "ours")}
        peaks = {name: _listed("ours", where, None).peak for name, where in (("few", short), ("all", url))}
        many = _listed("many", small, AT_ONCE * 2000)
    # the quickest of each: other work on the machine only ever adds to it
    best = {way: min(runs, key=lambda run: run.seconds) for way, runs in taken.items()}
    ratio, grown = best["ours"].seconds / best["floor"].seconds, (peaks["all"] - peaks["few"]) / MIB
    table = Table("", "seconds", "of the processor", "peak MiB", title=f"{asked.items:,} items in pages of 100")
    table.add_row("httpx and json", *best["floor"].cells)
    table.add_row(f"ours: {ratio:.2f} times", *best["ours"].cells)
    table.add_row(f"ours, {FEW} times fewer items", "", "", f"{peaks['few'] / MIB:.0f}")
    table.add_row(f"{AT_ONCE} listings of 2,000 at once", *many.cells)
    Console(width=100).print(table)
    return 0 if ratio <= MOST and grown <= asked.growth else 1


@dataclass(frozen=True, slots=True)
class Listed:
    """What one listing took: seconds, those of its own processor time, bytes of memory at most."""

    seconds: float
    cpu: float
    peak: int

    @property
    def cells(self) -> tuple[str, str, str]:
        return f"{self.seconds:.2f}", f"{self.cpu:.2f}", f"{self.peak / MIB:.0f}"


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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=float, default=10.0, help="MiB by which ten times the items may grow it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

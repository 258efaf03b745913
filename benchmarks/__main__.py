"""`make bench`: measure, print the table, save the JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.bench import DATABASES, GROWTH, MEMORY, QUICK, Wanted, WrongContent, bench
from benchmarks.meter import CommandFailed
from benchmarks.report import LIMIT, MIB, TOO_SLOW, is_too_slow, json_of, over_the_limit, quick_ratio, table_of


def main() -> int:
    """Exit code 1 where a contender failed, was wrong, or needed too much memory or far too much of the processor."""
    asked = _arguments()
    console = Console(stderr=True)
    wanted = Wanted(asked.rows, asked.rounds, tuple(asked.only.split(",")) if asked.only else Wanted().only)
    try:
        with tempfile.TemporaryDirectory(prefix="focus-bench-") as folder:
            results = bench(wanted, Path(folder), console.log)
    except (CommandFailed, WrongContent) as error:
        console.print(f"[red]{type(error).__name__}[/]: {error}")
        return 1
    Console(width=None if sys.stdout.isatty() else 160).print(table_of(results))
    asked.out.mkdir(parents=True, exist_ok=True)
    file = asked.out / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{asked.rows}.json"
    file.write_text(json.dumps(json_of(results), indent=1), encoding="utf-8")
    console.print(f"saved in {file}")
    for name in (greedy := over_the_limit(results)):
        console.print(f"[red]more than {LIMIT // MIB} MiB[/]: {name}")
    if slow := is_too_slow(results):
        console.print(f"[red]more than {TOO_SLOW:g} times the processor's time of the floor[/], in every round")
    if (ratio := quick_ratio(results)) is not None:
        sys.stdout.write(f"ratio to psql \\copy csv + key: {ratio:.2f}\n")
    return 1 if greedy or slow else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=Wanted().rows)
    parser.add_argument("--rounds", type=int, default=Wanted().rounds)
    parser.add_argument("--only", help=f"some of {', '.join((*DATABASES, MEMORY, GROWTH, QUICK))}, with commas between")
    parser.add_argument("--out", type=Path, default=Path(".artifacts/bench"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

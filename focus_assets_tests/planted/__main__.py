"""Plant each bug in a copy of the package, and see that a test catches it.

python -m focus_assets_tests.planted                       all of them
python -m focus_assets_tests.planted --only watermark      those whose name holds this
python -m focus_assets_tests.planted --sample 6 --seed 1   some
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

from focus_assets.database.embedded import embedded_postgres
from focus_assets.model.errors import DatabaseFailed, MissingExtra
from focus_assets_tests.planted.bench import Bench, Caught
from focus_assets_tests.planted.bugs import Bug, read_bugs

ROOT = Path(__file__).parent.parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a bug survived."""
    asked = _asked(arguments)
    chosen = choose(read_bugs(), only=asked.only, sample=asked.sample, seed=asked.seed)
    found = []
    for caught in hunt(chosen, jobs=asked.jobs, quickly=asked.first):
        say(line_of(caught))
        found.append(caught)
    caught_ones = [one.seconds for one in found if one.by]
    if caught_ones:
        say(f"caught after {statistics.median(caught_ones):.0f} s in the median, {max(caught_ones):.0f} s at most")
    survived = len(found) - len(caught_ones)
    say(f"{len(found)} planted, {len(caught_ones)} caught, {survived} survived")
    return 1 if survived else 0


def choose(bugs: Sequence[Bug], *, only: str = "", sample: int = 0, seed: int = 0) -> list[Bug]:
    """Those whose name holds `only`; of these `sample` at random, the same for the same seed (0: all)."""
    named = [bug for bug in bugs if only in bug.name]
    return random.Random(seed).sample(named, min(sample, len(named))) if sample else named


def hunt(bugs: Sequence[Bug], *, jobs: int, quickly: bool = False) -> Iterator[Caught]:
    """What became of each, as it is known; so many at a time, each in a copy of its own."""
    with tempfile.TemporaryDirectory(prefix="focus-planted-") as folder, _postgres() as url:
        benches: SimpleQueue[Bench] = SimpleQueue()
        for number in range(jobs):
            home = Path(folder) / str(number)
            home.mkdir()
            benches.put(Bench(ROOT, home, postgres=url))

        def one(bug: Bug) -> Caught:
            bench = benches.get()
            try:
                return bench.hunt(bug, quickly=quickly)
            finally:
                benches.put(bench)

        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(one, bugs)


def line_of(caught: Caught) -> str:
    """One line for people."""
    bug, by = caught.bug, caught.by
    test = by.removeprefix("focus_assets_tests/") if by else f"SURVIVED: {bug.rule}"
    return f"{caught.seconds:6.1f} s  {bug.name:44}{test}"


def say(line: str) -> None:
    """To standard output, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def _postgres() -> Iterator[str]:
    """One server for all; without it the tests that need it are skipped."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(embedded_postgres())
        except (MissingExtra, DatabaseFailed):
            url = ""
        yield url


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="NAME", help="those whose name holds this")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="so many of them, by chance")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--first", action="store_true", help="run only the tests that are tried first")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""Run schedules by seed, print what they found, and fail if anything was wrong or never happened.

python -m focus_assets_tests.simulation --seeds 0-999 --jobs 2
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from focus_assets_tests.simulation.coverage import Coverage
from focus_assets_tests.simulation.crew import Place, play, play_naively
from focus_assets_tests.simulation.destination import DATABASES, Empty, server
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.schedule import Report, Schedule

DEFAULT = "0-999"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where anything was wrong."""
    asked = _asked(arguments)
    seeds = seeds_of(asked.seeds)
    with server(asked.database) as url:
        if asked.trace:
            return _trace(seeds, Place(asked.database, url))
        tally = Tally(asked.database)
        began = time.monotonic()
        tally.add(play(seeds, Place(asked.database, url), jobs=asked.jobs))
        seconds = time.monotonic() - began
    say(f"{tally.schedules / seconds:.1f} schedules a second; runs: {_counted(tally.verdicts)}")
    say(f"errors: {_counted(tally.errors)}\n\n{tally.coverage.table()}\n")
    if asked.naive:
        _compare(seeds, asked.jobs)
    rare = tally.coverage.too_rare() if asked.seeds == DEFAULT else []
    for line in rare:
        say(f"too rare: {line}")
    say(f"{tally.schedules:,} schedules, {tally.diverged:,} diverged, {tally.false_verdicts:,} false verdicts")
    return 1 if tally.wrong or rare else 0


class Tally:
    """What all schedules together came to."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.schedules = self.diverged = self.false_verdicts = self.wrong = 0
        self.verdicts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.coverage = Coverage()

    def add(self, reports: Iterable[Report]) -> None:
        """Some more; failures are told at once."""
        for report in reports:
            self.schedules += 1
            self.diverged += report.diverged
            self.false_verdicts += report.false_verdicts
            self.wrong += bool(report.wrong)
            self.verdicts += report.verdicts
            self.errors += report.errors
            self.coverage.add(report.windows)
            self._tell(report)

    def _tell(self, report: Report) -> None:
        for said in report.wrong:
            say(f"seed {report.seed}: {said}")
        if report.wrong:
            replay = f"--seeds {report.seed} --database {self.database} --trace"
            say(f"  to replay it: python -m focus_assets_tests.simulation {replay}")
        if self.schedules % 100 == 0:
            say(f"{self.schedules:,} schedules, {self.wrong:,} wrong")


def say(text: str) -> None:
    """To whoever called this from a shell."""
    print(text, flush=True)  # noqa: T201


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m focus_assets_tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default=DEFAULT, help="one seed, or the first and the last: 0-999")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--naive", action="store_true", help="run the naive client through the same seeds, too")
    parser.add_argument("--trace", action="store_true", help="print everything that happens")
    return parser.parse_args(arguments)


def seeds_of(text: str) -> range:
    """`7` or `0-999`."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in found.most_common())


def _trace(seeds: Sequence[int], place: Place) -> int:
    with DATABASES[place.database](place.url) as empty:
        return 1 if sum(run(_traced(seed, empty)) for seed in seeds) else 0


async def _traced(seed: int, empty: Empty) -> int:
    trace: list[str] = []
    with empty() as destination:
        report = await Schedule(seed, destination, trace=trace).play()
    say("\n".join(trace))
    return len(report.wrong)


def _compare(seeds: Sequence[int], jobs: int) -> None:
    found = list(play_naively(seeds, jobs=jobs))
    wrong, hidden = sum(one for one, _ in found), sum(other for _, other in found)
    share = f"{100 * wrong / len(found):.1f} %"
    said = f"{wrong:,} of {len(found):,} schedules end wrong ({share}); COUNT(*) misses {hidden:,} of them"
    say(f"the naive client: {said}")


if __name__ == "__main__":
    sys.exit(main())

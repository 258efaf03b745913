"""Run schedules of sendings by seed, print what they found, and fail if anything was wrong.

python -m focus_assets_tests.simulation.sends --seeds 0-999 --jobs 2
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

from focus_assets_tests.simulation.__main__ import say, seeds_of
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.sends.crew import one_database, play
from focus_assets_tests.simulation.sends.schedule import Schedule

DEFAULT = "0-999"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m focus_assets_tests.simulation.sends", description=__doc__)
    parser.add_argument("--seeds", default=DEFAULT, help="one seed, or the first and the last: 0-999")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--trace", action="store_true", help="print everything that happens")
    asked = parser.parse_args(arguments)
    seeds = seeds_of(asked.seeds)
    return _trace(seeds) if asked.trace else _told(seeds, asked.jobs)


def _told(seeds: Sequence[int], jobs: int) -> int:
    began = time.monotonic()
    found = list(play(seeds, jobs=jobs))
    say(f"{len(found) / (time.monotonic() - began):.1f} schedules a second")
    states, happened = Counter[str](), Counter[str]()
    for report in found:
        states += report.states
        happened.update(report.happened)
        for said in report.wrong:
            say(f"seed {report.seed}: {said}")
    say(f"writes: {', '.join(f'{count:,} {state}' for state, count in states.most_common())}")
    say("schedules that saw: " + ", ".join(f"{what} {count:,}" for what, count in sorted(happened.items())))
    differing, touched = sum(one.differing for one in found), sum(one.touched for one in found)
    say(f"{len(found):,} schedules of sendings, {differing:,} items that differ, {touched:,} of others touched")
    return 1 if any(one.wrong for one in found) else 0


def _trace(seeds: Sequence[int]) -> int:
    wrong = 0
    with one_database() as seam:
        for seed in seeds:
            schedule = Schedule(seed, seam)
            report = run(schedule.play())
            say("\n".join([str(schedule.plan), *schedule.world.events, *report.wrong]))
            wrong += len(report.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

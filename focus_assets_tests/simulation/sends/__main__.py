"""Run schedules of sendings by seed, print what they found, and fail if anything was wrong.

python -m focus_assets_tests.simulation.sends --seeds 0-999 --jobs 2
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from focus_assets_tests.simulation.__main__ import say, seeds_of
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.sends.crew import one_database, play
from focus_assets_tests.simulation.sends.schedule import Schedule
from focus_assets_tests.simulation.writes.command import parsed, tell

DEFAULT = "0-999"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where anything was wrong."""
    asked = parsed(arguments, module="focus_assets_tests.simulation.sends", about=__doc__, default=DEFAULT)
    seeds = seeds_of(asked.seeds)
    return _trace(seeds) if asked.trace else _told(seeds, asked.jobs)


def _told(seeds: Sequence[int], jobs: int) -> int:
    found = tell(lambda: play(seeds, jobs=jobs))
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

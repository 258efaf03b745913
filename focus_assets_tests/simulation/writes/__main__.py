"""Run schedules of writes by seed, print what they found, and fail if anything was wrong.

python -m focus_assets_tests.simulation.writes --seeds 0-1999 --jobs 2
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from focus_assets_tests.simulation.__main__ import say, seeds_of
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.writes.command import parsed, tell
from focus_assets_tests.simulation.writes.crew import one_database, play, play_usually
from focus_assets_tests.simulation.writes.schedule import Schedule

DEFAULT = "0-1999"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where anything was wrong."""
    asked = parsed(arguments, module="focus_assets_tests.simulation.writes", about=__doc__, default=DEFAULT)
    seeds = seeds_of(asked.seeds)
    if asked.trace:
        return _trace(seeds)
    return _told(seeds, asked.jobs)


def _told(seeds: Sequence[int], jobs: int) -> int:
    found = tell(lambda: play(seeds, jobs=jobs))
    for by_name in (True, False):
        _tell_usual(list(play_usually(seeds, by_name=by_name, jobs=jobs)), by_name=by_name)
    orphans, deleted = sum(one.orphans for one in found), sum(one.wrongly_deleted for one in found)
    say(f"{len(found):,} schedules, {orphans:,} orphans, {deleted:,} wrongly deleted")
    return 1 if any(one.wrong for one in found) else 0


def _tell_usual(found: list[tuple[bool, bool]], *, by_name: bool) -> None:
    how = "name" if by_name else "transaction id"
    orphans, deleted = (100 * sum(one[place] for one in found) / len(found) for place in (0, 1))
    say(f"the usual way, deleting by {how}: {orphans:.1f} % leave an orphan, {deleted:.1f} % delete what should live")


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

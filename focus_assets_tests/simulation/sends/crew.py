"""Share the seeds of sendings among processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from focus_assets.writeback.rows import sent
from focus_assets_tests.simulation.crew import shared
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.sends.schedule import Report, Schedule
from focus_assets_tests.simulation.writes import crew
from focus_assets_tests.simulation.writes.world import Seam


def play(seeds: Sequence[int], *, jobs: int = 1) -> Iterator[Report]:
    """The reports of these schedules, in the order of the seeds."""
    yield from shared(_play, seeds, jobs)


@contextmanager
def one_database() -> Iterator[Seam]:
    """The one of the writes, with a table of rows."""
    with crew.one_database() as seam:
        sent.ensure(seam)
        with seam.writing("make the table") as connection:
            connection.execute(sa.text("CREATE TABLE wares (id TEXT PRIMARY KEY, v INTEGER)"))
        yield seam


def _play(seeds: Sequence[int]) -> list[Report]:
    with crew.quietly(), one_database() as seam:
        return run(_played(seam, seeds))


async def _played(seam: Seam, seeds: Sequence[int]) -> list[Report]:
    return [await Schedule(seed, seam).play() for seed in seeds]

"""Share the seeds of writes among processes."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from random import Random

from focus_assets.writeback import intents
from focus_assets_tests.simulation.crew import shared
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.writes.schedule import Report, Schedule
from focus_assets_tests.simulation.writes.usual import Usual
from focus_assets_tests.simulation.writes.world import Seam, World, database

_MEMORY = Path("/dev/shm")


def play(seeds: Sequence[int], *, jobs: int = 1, brokers: bool | None = None) -> Iterator[Report]:
    """The reports of these schedules, in the order of the seeds."""
    yield from shared(partial(_play, brokers), seeds, jobs)


def play_usually(seeds: Sequence[int], *, by_name: bool, jobs: int = 1) -> Iterator[tuple[bool, bool]]:
    """How the usual way ends in the same schedules."""
    yield from shared(partial(_play_usual, by_name), seeds, jobs)


@contextmanager
def one_database() -> Iterator[Seam]:
    """A file in memory where the system has such a place."""
    where = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="focus-writes-", dir=where) as folder:
        seam = database(Path(folder))
        seam.world = World(Random(0), (), unique_names=True)
        intents.ensure(seam)
        with closing(seam):
            yield seam


@contextmanager
def quietly() -> Iterator[None]:
    """Without a word of what goes wrong on purpose."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def _play(brokers: bool | None, seeds: Sequence[int]) -> list[Report]:
    with quietly(), one_database() as seam:
        return run(_played(seam, seeds, brokers))


async def _played(seam: Seam, seeds: Sequence[int], brokers: bool | None) -> list[Report]:
    return [await Schedule(seed, seam, brokers=brokers).play() for seed in seeds]


def _play_usual(by_name: bool, seeds: Sequence[int]) -> list[tuple[bool, bool]]:
    return run(_usually(by_name, seeds))


async def _usually(by_name: bool, seeds: Sequence[int]) -> list[tuple[bool, bool]]:
    return [await Usual(seed, by_name=by_name).play() for seed in seeds]

"""Share the seeds among processes, and bring their reports back in order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from focus_assets_tests.simulation.destination import DATABASES, Empty
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.naive import naive_schedule
from focus_assets_tests.simulation.schedule import Report, Schedule

T = TypeVar("T")
CHUNK = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where the mirrors of a crew live: the kind of database, and the URL of its server ('' for files)."""

    database: str = "sqlite"
    url: str = ""


def play(seeds: Sequence[int], place: Place, *, jobs: int = 1) -> Iterator[Report]:
    """The reports of these schedules, in the order of the seeds."""
    yield from shared(partial(_play, place), seeds, jobs)


def play_naively(seeds: Sequence[int], *, jobs: int = 1) -> Iterator[tuple[bool, bool]]:
    """How the naive client ends in the same schedules."""
    yield from shared(_play_naively, seeds, jobs)


def shared(work: Callable[[Sequence[int]], list[T]], seeds: Sequence[int], jobs: int) -> Iterator[T]:
    """What the work brings of these seeds, in their order."""
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    if jobs < 2 or len(chunks) < 2:
        for chunk in chunks:
            yield from work(chunk)
        return
    # made anew, not forked: nothing of this process is in them
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_settle_down) as pool:
        for found in pool.map(work, chunks):
            yield from found


def _settle_down() -> None:
    """Garbage is collected between the schedules, not in them."""
    gc.freeze()
    gc.disable()


_OPEN: dict[Place, tuple[AbstractContextManager[Empty], Empty]] = {}  # for the life of a process of the crew


def _empty(place: Place) -> Empty:
    if place not in _OPEN:
        opened = DATABASES[place.database](place.url)
        _OPEN[place] = (opened, opened.__enter__())
    return _OPEN[place][1]


def _play(place: Place, seeds: Sequence[int]) -> list[Report]:
    gc.collect()
    return run(_played(_empty(place), seeds))


async def _played(empty: Empty, seeds: Sequence[int]) -> list[Report]:
    reports = []
    for seed in seeds:
        with empty() as destination:
            reports.append(await Schedule(seed, destination).play())
    return reports


def _play_naively(seeds: Sequence[int]) -> list[tuple[bool, bool]]:
    return run(_played_naively(seeds))


async def _played_naively(seeds: Sequence[int]) -> list[tuple[bool, bool]]:
    return [await naive_schedule(seed) for seed in seeds]

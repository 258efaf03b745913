"""Requests leave as fast as the server allows, and never faster."""

from __future__ import annotations

import random
import threading
from itertools import pairwise

import anyio
import pytest

from focus_assets.client.clock import SystemClock
from focus_assets.client.pace import NoPace, SlidingPace
from focus_assets_tests.unit.client.fakes import JumpingClock, SleeplessClock


async def departures(clock: JumpingClock, pace: SlidingPace, arrivals: list[float]) -> list[tuple[float, int]]:
    left: list[tuple[float, int]] = []

    async def one(number: int, arrival: float) -> None:
        if arrival:
            await clock.sleep(arrival)
        await pace.wait()
        left.append((clock.monotonic(), number))

    async with clock.running(), anyio.create_task_group() as tasks:
        for number, arrival in enumerate(arrivals):
            tasks.start_soon(one, number, arrival)
    return left


def most_in_a_minute(moments: list[float]) -> int:
    return max(sum(start <= moment < start + 60.0 for moment in moments) for start in moments)


async def test_fifty_at_once_leave_one_by_one_in_their_order() -> None:
    clock = JumpingClock(0.0)
    left = await departures(clock, SlidingPace(clock, per_second=8), [0.0] * 50)
    assert left == [(number / 8, number) for number in range(50)]


async def test_a_minute_sees_exactly_as_many_as_it_may() -> None:
    clock = JumpingClock(0.0)
    left = await departures(clock, SlidingPace(clock, per_minute=7), [0.0] * 50)
    assert left == [(number // 7 * 60.0, number) for number in range(50)]


@pytest.mark.parametrize("seed", range(5))
async def test_both_limits_hold_for_whoever_comes_whenever(seed: int) -> None:
    chance = random.Random(seed)
    clock = JumpingClock(0.0)
    pace = SlidingPace(clock, per_second=4, per_minute=20)
    left = await departures(clock, pace, [chance.uniform(0, 100) for _ in range(80)])
    moments = [moment for moment, _ in left]
    assert len(moments) == 80
    assert min(after - before for before, after in pairwise(moments)) >= 0.25 - 1e-9
    assert most_in_a_minute(moments) == 20


async def test_who_comes_late_finds_the_way_free() -> None:
    clock = JumpingClock(0.0)
    left = await departures(clock, SlidingPace(clock, per_second=1, per_minute=2), [0.0, 5.0, 61.0])
    assert [moment for moment, _ in left] == [0.0, 5.0, 61.0]


async def test_who_is_cancelled_gives_the_place_back() -> None:
    clock = JumpingClock(0.0)
    pace = SlidingPace(clock, per_minute=1)
    await pace.wait()
    async with anyio.create_task_group() as tasks:
        for _ in range(30):
            tasks.start_soon(pace.wait)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    async with clock.running():
        await pace.wait()
    assert clock.now == 60.0


async def test_one_that_oversleeps_pushes_the_next_back() -> None:
    class Drowsy(SleeplessClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds + 0.4)

    clock = Drowsy()
    pace = SlidingPace(clock, per_second=1)
    moments = []
    for _ in range(4):
        await pace.wait()
        moments.append(clock.now)
    assert min(after - before for before, after in pairwise(moments)) >= 1.0


async def test_threads_share_one_pace() -> None:
    pace = SlidingPace(SystemClock(), per_second=1000)
    moments: list[float] = []

    async def some() -> None:
        for _ in range(20):
            await pace.wait()
            moments.append(0.0)

    threads = [threading.Thread(target=anyio.run, args=(some,)) for _ in range(3)]
    began = SystemClock().monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        await anyio.to_thread.run_sync(thread.join)
    assert len(moments) == 60
    assert SystemClock().monotonic() - began >= 0.059


async def test_no_pace_holds_nobody_back() -> None:
    await NoPace().wait()

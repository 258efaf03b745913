"""Requests leave as fast as the server allows, and never faster."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from focus_assets.client.clock import SystemClock
from focus_assets.client.pace import NoPace, SlidingPace
from focus_assets.client.rate import HALF_LIFE, MOST_SLOW_SPACING, spacing
from focus_assets.client.shared import SharedFile
from focus_assets.model.errors import SharedLimitUnavailable
from focus_assets_tests.unit.client.fakes import JumpingClock, SleeplessClock

LEAVING = """
import json, sys
from pathlib import Path
import anyio
from focus_assets.client.clock import SystemClock
from focus_assets.client.pace import SlidingPace
from focus_assets.client.shared import SharedFile

async def leave_often():
    pace = SlidingPace(SystemClock(), per_second=100, book=SharedFile(Path(sys.argv[1])))
    print(json.dumps([await pace.wait() for _ in range(15)]))

print("ready", flush=True)
sys.stdin.read()  # until all are
anyio.run(leave_often)
"""


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


async def test_after_a_429_nobody_leaves_before_the_server_wants_it() -> None:
    clock = JumpingClock(0.0)
    pace = SlidingPace(clock)
    left = await pace.wait()
    await pace.slow_down(left, 20.0)
    assert [moment for moment, _ in await departures(clock, pace, [0.0] * 3)] == pytest.approx([20.0, 20.05, 20.1])


async def test_a_429_without_a_time_slows_down_and_that_wears_off() -> None:
    clock = JumpingClock(0.0)
    pace = SlidingPace(clock, per_second=10)
    await pace.slow_down(await pace.wait(), None)
    assert spacing(pace._rate, pace._known, 0.0) == 0.2
    assert spacing(pace._rate, pace._known, HALF_LIFE) == 0.1
    await pace.slow_down(await pace_at(clock, pace, 1.0), None)
    assert spacing(pace._rate, pace._known, clock.now) == pytest.approx(0.4, abs=0.02)


async def pace_at(clock: JumpingClock, pace: SlidingPace, now: float) -> float:
    clock.now = now
    return await pace.wait()


async def test_requests_that_were_under_way_together_slow_down_once() -> None:
    clock = SleeplessClock(0.0)
    pace = SlidingPace(clock, per_second=10)
    moments = [await pace.wait() for _ in range(5)]
    for left in moments:
        await pace.slow_down(left, 1.0)
    assert spacing(pace._rate, pace._known, clock.now) == 0.2


async def test_a_server_that_wants_an_hour_is_not_waited_for_by_those_who_do_not_know_it() -> None:
    clock = SleeplessClock(0.0)
    pace = SlidingPace(clock)
    await pace.slow_down(await pace.wait(), 3600.0)
    assert await pace.wait() < 1.0


async def test_who_is_told_to_hold_longer_holds_longer() -> None:
    clock = SleeplessClock(0.0)
    pace = SlidingPace(clock)
    left = await pace.wait()
    for seconds in (30.0, 5.0):
        await pace.slow_down(left, seconds)
    assert await pace.wait() == 30.0


async def test_however_often_a_server_refuses_the_way_stays_open() -> None:
    clock = SleeplessClock(0.0)
    pace = SlidingPace(clock)
    for _ in range(40):
        await pace.slow_down(await pace.wait(), None)
    before = await pace.wait()
    assert await pace.wait() - before <= MOST_SLOW_SPACING


async def test_paces_that_share_a_file_keep_one_limit(tmp_path: Path) -> None:
    clock = JumpingClock(0.0)
    paces = [
        SlidingPace(clock, per_second=4, per_minute=20, book=SharedFile(tmp_path / "p" / "a.db")) for _ in range(3)
    ]
    moments: list[float] = []

    async def some(pace: SlidingPace) -> None:
        for _ in range(15):
            moments.append(await pace.wait())  # noqa: PERF401 (others look at it meanwhile)

    async with anyio.create_task_group() as tasks:
        for pace in paces:
            tasks.start_soon(some, pace)
        await advance(clock, lambda: len(moments) == 45)
    moments.sort()  # threads end in any order
    assert min(after - before for before, after in pairwise(moments)) >= 0.25 - 1e-9
    assert most_in_a_minute(moments) == 20


async def advance(clock: JumpingClock, done: Callable[[], bool]) -> None:
    """Let time go on while threads work, which no loop can see the end of."""
    while not done():
        await anyio.sleep(0.001)
        clock.wake_next()


async def test_a_429_told_to_one_holds_all_who_share_its_file(tmp_path: Path) -> None:
    clock = SleeplessClock(0.0)
    told, other = (SlidingPace(clock, book=SharedFile(tmp_path / "a.db")) for _ in range(2))
    await told.slow_down(await told.wait(), 20.0)
    assert await other.wait() == 20.0


async def test_what_a_file_says_from_before_the_machine_was_started_anew_holds_nobody(tmp_path: Path) -> None:
    for book in (SharedFile(tmp_path / "a.db"), SharedFile(tmp_path / "b.db")):
        late = SlidingPace(SleeplessClock(9000.0), per_minute=1, book=book)
        left = await late.wait()
        if book._path.name == "b.db":
            await late.slow_down(left, 100.0)
        assert await SlidingPace(SleeplessClock(5.0), per_minute=1, book=book).wait() == 5.0


@pytest.mark.parametrize("content", [b"no database", b""])
async def test_a_file_that_cannot_be_used_is_named_and_no_limit_is_passed_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.db" if content else tmp_path / "folder"
    file.write_bytes(content) if content else file.mkdir()
    with pytest.raises(SharedLimitUnavailable, match=re.escape(str(file))):
        await SlidingPace(SystemClock(), per_second=1, book=SharedFile(file)).wait()


def test_processes_share_one_limit(tmp_path: Path) -> None:
    command, pipe = [sys.executable, "-c", LEAVING, str(tmp_path / "a.db")], subprocess.PIPE
    with ExitStack() as stack:
        children = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)) for _ in range(3)
        ]
        assert [child.stdout.readline() for child in children if child.stdout] == ["ready\n"] * 3
        for child in children:
            assert child.stdin is not None
            child.stdin.close()
        moments = [moment for child in children if child.stdout for moment in json.load(child.stdout)]
    assert len(moments) == 45
    assert min(after - before for before, after in pairwise(sorted(moments))) >= 0.01 - 1e-9


async def test_a_clock_of_whole_microseconds_gets_there_too() -> None:
    class Coarse(SleeplessClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(int(seconds * 1e6) / 1e6)

    clock = Coarse(0.0)
    pace = SlidingPace(clock, per_second=3)
    with anyio.fail_after(90):
        for _ in range(4):
            await pace.wait()
    assert clock.now >= 1.0

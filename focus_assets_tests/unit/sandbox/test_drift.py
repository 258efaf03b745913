"""A world that changes by itself, by the clock alone."""

from __future__ import annotations

from focus_assets.sandbox import SandboxOptions
from focus_assets_tests.unit.sandbox.calling import SMALL, Caller

MOVING = SandboxOptions(sizes=SMALL, drift=(10.0, 4))


def _changes(caller: Caller) -> int:
    world = caller.sandbox.world
    return sum(len(world.at(where).view().records) for where in world.partitions())


def test_nothing_changes_before_its_time() -> None:
    caller = Caller(MOVING)
    caller.clock.pass_by(9.9)
    caller.login()
    assert _changes(caller) == 0
    caller.clock.pass_by(0.1)
    caller.login()
    assert 0 < _changes(caller) <= 4


def test_it_makes_no_difference_how_often_somebody_looks() -> None:
    often, once = Caller(MOVING), Caller(MOVING)
    for _ in range(40):
        often.clock.pass_by(10)
        often.login()
    once.clock.pass_by(400)
    once.login()
    for where in often.sandbox.world.partitions():
        assert often.sandbox.world.at(where).view().records == once.sandbox.world.at(where).view().records


def test_a_year_of_silence_is_caught_up_with_in_bounded_work() -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, drift=(1.0, 1)))
    caller.clock.pass_by(365 * 86_400)
    caller.login()
    assert 0 < _changes(caller) <= 2000

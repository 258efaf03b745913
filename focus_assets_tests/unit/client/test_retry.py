"""Whether and when a failed request is tried again."""

from __future__ import annotations

import random
import traceback
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.client.retry import GiveUp, Repeater, RetryBudget, RetryPolicy, Wait
from focus_assets.model.errors import ApiError, NotFound, PermissionDenied, RateLimited, ServerFailed
from focus_assets_tests.unit.client.fakes import SleeplessClock

DOWN = ServerFailed("down")


def failing(*errors: ApiError) -> tuple[Callable[[], Awaitable[str]], list[ApiError]]:
    left = list(errors)

    async def operation() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return operation, left


def repeater(
    policy: RetryPolicy | None = None, *, budget: RetryBudget | None = None
) -> tuple[Repeater, SleeplessClock]:
    clock = SleeplessClock()
    return Repeater(policy or RetryPolicy(), clock, random.Random(7), budget=budget), clock


@given(st.integers(1, 200), st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_the_cap_and_chance_spreads_them_fully(attempt: int, chance: float) -> None:
    policy = RetryPolicy(attempts=1000)
    most = min(30.0, 0.5 * 2.0 ** (attempt - 1))
    assert policy.decide(DOWN, attempt=attempt, waited=0, chance=chance) == Wait(chance * most)


def test_what_the_server_asks_for_is_waited_for_and_a_little_spread() -> None:
    error = RateLimited("slow", retry_after=20)
    assert RetryPolicy().decide(error, attempt=1, waited=0, chance=0.0) == Wait(20.0)
    assert RetryPolicy().decide(error, attempt=1, waited=0, chance=0.5) == Wait(20.25)


@pytest.mark.parametrize(
    ("error", "attempt", "waited", "said"),
    [
        (NotFound("no"), 1, 0.0, "would not change"),
        (DOWN, 5, 0.0, "as often as"),
        (PermissionDenied("no", status=403), 1, 0.0, "would not change"),
        (NotFound("nowhere", status=404), 1, 0.0, "would not change"),
        (RateLimited("slow", retry_after=300.5), 1, 0.0, "asks for"),
        (RateLimited("slow", retry_after=float("inf")), 1, 0.0, "asks for"),
        (RateLimited("slow", retry_after=200), 2, 401.0, "600 s in all"),
    ],
)
def test_there_is_an_end_to_trying(error: ApiError, attempt: int, waited: float, said: str) -> None:
    decision = RetryPolicy().decide(error, attempt=attempt, waited=waited, chance=0.5)
    assert isinstance(decision, GiveUp)
    assert said in decision.reason


async def test_an_operation_is_repeated_until_it_works() -> None:
    repeat, clock = repeater()
    operation, left = failing(DOWN, RateLimited("slow", retry_after=3), ServerFailed("down"))
    assert await repeat(operation) == "done"
    assert not left
    assert len(clock.slept) == 3
    assert 3.0 <= clock.slept[1] < 3.5


async def test_what_is_not_repeatable_is_not_repeated() -> None:
    repeat, clock = repeater()
    operation, left = failing(NotFound("no"), NotFound("no"))
    with pytest.raises(NotFound) as caught:
        await repeat(operation)
    assert len(left) == 1
    assert clock.slept == []
    assert not hasattr(caught.value, "__notes__")


async def test_the_last_error_is_raised_alone_with_the_number_of_attempts() -> None:
    repeat, _ = repeater()
    operation, _ = failing(*(ServerFailed(f"down {number}") for number in range(1, 9)))
    with pytest.raises(ServerFailed) as caught:
        await repeat(operation)
    shown = "".join(traceback.format_exception(caught.value))
    assert "down 5" in shown
    assert "attempts: 5" in shown
    assert "down 4" not in shown


async def test_who_listens_hears_of_each_wait() -> None:
    heard: list[tuple[str, int, float]] = []
    clock = SleeplessClock()
    repeat = Repeater(
        RetryPolicy(),
        clock,
        random.Random(7),
        on_retry=lambda error, attempt, seconds: heard.append((str(error), attempt, seconds)),
    )
    await repeat(failing(DOWN, DOWN)[0])
    assert heard == [("down", 1, clock.slept[0]), ("down", 2, clock.slept[1])]


async def test_a_server_that_is_down_gets_an_allowance_and_a_fifth_more_requests_not_five_times_as_many() -> None:
    repeat, _ = repeater(RetryPolicy(total=1e9))
    asked = 0

    async def operation() -> None:
        nonlocal asked
        asked += 1
        raise ServerFailed("down")

    for _ in range(200):
        with pytest.raises(ServerFailed):
            await repeat(operation)
    assert 200 + 40 <= asked <= 200 + 10 + 40


async def test_a_spent_budget_is_said() -> None:
    repeat, _ = repeater(budget=RetryBudget(allowance=0, share=0))
    with pytest.raises(ServerFailed) as caught:
        await repeat(failing(ServerFailed("down"))[0])
    assert "budget" in caught.value.__notes__[0]


def test_a_budget_does_not_grow_without_end() -> None:
    budget = RetryBudget(allowance=2, share=1, most=3)
    for _ in range(100):
        budget.earn()
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]

"""Decide whether a failed request is tried again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from focus_assets.client.clock import Clock
from focus_assets.model.errors import ApiError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again, and why not."""

    reason: str


def full_jitter(attempt: int, base: float, cap: float, *, chance: float) -> float:
    """Seconds to wait after the `attempt`-th failure (from 1): somewhere below a bound that doubles up to `cap`."""
    return chance * min(cap, base * 2.0 ** min(attempt - 1, 60))


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential waits with full jitter: between 0 and `base * 2 ** (attempt - 1)` seconds, at most `cap`.

    `Retry-After` is honoured up to `max_retry_after`; a server that asks for more is not asked again. `total` bounds
    the seconds spent waiting, all attempts together: the attempts themselves have their own deadlines.
    """

    attempts: int = 5
    base: float = 0.5
    cap: float = 30.0
    total: float = 600.0
    max_retry_after: float = 300.0

    def decide(self, error: ApiError, *, attempt: int, waited: float, chance: float) -> Wait | GiveUp:
        """What follows the failure of the `attempt`-th attempt (from 1); `chance` lies in [0, 1)."""
        if not error.repeatable:
            return GiveUp("trying again would not change it")
        if attempt >= self.attempts:
            return GiveUp("that is as often as it is tried")
        if (error.retry_after or 0.0) > self.max_retry_after:
            return GiveUp(f"the server asks for {error.retry_after:,.0f} s, more than {self.max_retry_after:,.0f} s")
        seconds = self._wait(error, attempt, chance)
        if waited + seconds > self.total:
            return GiveUp(f"waiting would take longer than {self.total:,.0f} s in all")
        return Wait(seconds)

    def _wait(self, error: ApiError, attempt: int, chance: float) -> float:
        if error.retry_after is not None:
            return error.retry_after + chance * self.base  # jitter here too: everybody was told the same time
        return full_jitter(attempt, self.base, self.cap, chance=chance)


class RetryBudget:
    """How many further attempts all requests together may make: an allowance, and a share of the first attempts.

    A server that is down is not asked `attempts` times as often as one that works.
    """

    def __init__(self, *, allowance: float = 10.0, share: float = 0.2, most: float = 100.0) -> None:
        self._left, self._share, self._most = allowance, share, max(most, allowance)

    def earn(self) -> None:
        """A first attempt was made."""
        self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Whether a further attempt may be made; it counts from now on."""
        allowed = self._left >= 1.0
        self._left -= allowed
        return allowed


def unheard(error: ApiError, attempt: int, seconds: float) -> None:
    """Nobody wants to know about retries."""


class Repeater:
    """Repeats an operation by a policy; one of them, with its budget, is shared by all partitions."""

    def __init__(
        self,
        policy: RetryPolicy,
        clock: Clock,
        chance: random.Random,
        *,
        budget: RetryBudget | None = None,
        on_retry: Callable[[ApiError, int, float], None] = unheard,
    ) -> None:
        """`on_retry(error, attempt, seconds)` hears of each wait before it begins."""
        self._policy, self._clock, self._chance = policy, clock, chance
        self._budget = budget or RetryBudget()
        self._on_retry = on_retry

    async def __call__(self, operation: Callable[[], Awaitable[T]]) -> T:
        """The operation's result, or its last error with a note of how often it was tried."""
        self._budget.earn()
        attempt, waited = 1, 0.0
        while True:
            try:
                return await operation()
            except ApiError as error:
                seconds = self._seconds(error, attempt, waited)
            # outside of the except block: what comes next must not carry this error as its context
            await self._clock.sleep(seconds)
            attempt, waited = attempt + 1, waited + seconds

    def _seconds(self, error: ApiError, attempt: int, waited: float) -> float:
        decision = self._policy.decide(error, attempt=attempt, waited=waited, chance=self._chance.random())
        if isinstance(decision, Wait) and not self._budget.spend():
            decision = GiveUp("too many requests have failed; the budget for further attempts is spent")
        if isinstance(decision, GiveUp):
            error.attempts = attempt
            if error.repeatable:
                error.add_note(f"attempts: {attempt} ({decision.reason})")
            raise error
        self._on_retry(error, attempt, decision.seconds)
        return decision.seconds

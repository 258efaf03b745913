"""Decide when the next request may leave, from when the last ones left and what the server said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

MINUTE = 60.0
FIRST_SLOW_SPACING = 0.05  # seconds between two requests, where none were configured
MOST_SLOW_SPACING = 60.0
MOST_HOLD = 300.0  # a server that asks for longer is not waited for: each request hears it, and fails
HALF_LIFE = 30.0  # seconds in which half of what a 429 slowed down is made up for
_UNFELT = 0.01


@dataclass(frozen=True, slots=True)
class Rate:
    """At least `spacing` seconds between two requests, at most `per_minute` in any 60 seconds."""

    spacing: float = 0.0
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """When the last requests left, the latest last, and how a server slowed us down: at `slowed_at` it asked us to
    hold for `hold` seconds, and from then on `slow` seconds lie between two requests, less and less.
    """

    left: tuple[float, ...] = ()
    slowed_at: float | None = None
    hold: float = 0.0
    slow: float = 0.0

    def until(self, now: float) -> Past:
        """Without what cannot have been yet: the machine was started anew since."""
        if self.slowed_at is not None and self.slowed_at > now:
            return Past()
        return self if not self.left or self.left[-1] <= now else replace(self, left=())


def earliest(rate: Rate, past: Past, planned: Sequence[float], now: float) -> float:
    """The first moment for one more request after those that left and those that are planned."""
    moments = sorted((*past.left, *planned))
    due = moments[-1] + spacing(rate, past, now) if moments else now
    if past.slowed_at is not None:
        due = max(due, past.slowed_at + past.hold)
    if rate.per_minute is not None and len(moments) >= rate.per_minute:
        due = max(due, moments[-rate.per_minute] + MINUTE)
    return due


def spacing(rate: Rate, past: Past, now: float) -> float:
    """Seconds between two requests now."""
    if past.slowed_at is None:
        return rate.spacing
    since = max(0.0, now - past.slowed_at - past.hold)
    slow = past.slow * 0.5 ** (since / HALF_LIFE)
    return max(rate.spacing, slow if slow >= _UNFELT else 0.0)


def leave(rate: Rate, past: Past, now: float) -> Past:
    """One more request has left."""
    return replace(past, left=(*past.left, now)[-(rate.per_minute or 1) :])


def slow_down(rate: Rate, past: Past, now: float, *, left: float, seconds: float | None) -> Past:
    """The server refused a request that had left at `left`, and asks us to hold for `seconds`.

    Requests that had left before we slowed down say nothing new of our speed.
    """
    asked = seconds if seconds is not None and seconds <= MOST_HOLD else 0.0
    already = past.slowed_at + past.hold - now if past.slowed_at is not None else 0.0
    slow = spacing(rate, past, now)
    if past.slowed_at is None or left > past.slowed_at:
        slow = min(MOST_SLOW_SPACING, max(2 * slow, FIRST_SLOW_SPACING))
    return replace(past, slowed_at=now, hold=max(asked, already, 0.0), slow=slow)

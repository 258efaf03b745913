"""Let the world change by itself while time goes by."""

from __future__ import annotations

import random
import threading
from collections import Counter

from focus_assets.sandbox.timeline import SECOND
from focus_assets.sandbox.world import Change, World

_KINDS = {"updates": 5, "creates": 3, "deletes": 2, "recreates": 1, "into_scope": 1}
_MOST_TICKS = 1000


class Drift:
    """Every so many seconds, so many rows of one partition, by seed.

    Nothing runs in the background: `advance` catches up, each change at the moment when it was due,
    which nobody can tell from a world that moved all the while.
    """

    def __init__(self, world: World, pace: tuple[float, int] | None, *, seed: int) -> None:
        self._world, self._seed = world, seed
        self._step, self._rows = (max(1, int(pace[0] * SECOND)), pace[1]) if pace else (0, 0)
        self._last = world.clock()
        self._ticks = 0
        self._lock = threading.Lock()

    def advance(self) -> None:
        """Do what has come due, after a long silence only the latest of it."""
        if not self._step:
            return
        with self._lock:
            now = self._world.clock()
            self._last = max(self._last, now - _MOST_TICKS * self._step)
            while self._last + self._step <= now:
                self._last += self._step
                self._tick(self._last)

    def _tick(self, at: int) -> None:
        self._ticks += 1
        dice = random.Random(f"{self._seed}/drift/{self._ticks}")
        counts = Counter(dice.choices(list(_KINDS), list(_KINDS.values()), k=self._rows))
        self._world.change(dice.choice(self._world.partitions()), Change(**counts, at=at))

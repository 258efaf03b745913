"""Let callers in: tokens that live for a while."""

from __future__ import annotations

import random
import threading

from focus_assets.sandbox.timeline import SECOND, Clock


class Tokens:
    """The tokens that were given out; deterministic by seed, as nothing here is secret."""

    def __init__(self, clock: Clock, *, life: float, seed: int) -> None:
        self._clock, self._life = clock, int(life * SECOND)
        self._random = random.Random(f"{seed}/tokens")
        self._until: dict[str, int] = {}
        self._lock = threading.Lock()

    def issue(self) -> str:
        """A new token; the others go on living."""
        now = self._clock()
        with self._lock:
            self._until = {token: until for token, until in self._until.items() if until > now}
            token = f"{self._random.getrandbits(256):064x}"
            self._until[token] = now + self._life
            return token

    def accepts(self, token: str) -> bool:
        """Whether the token is one of ours and still lives."""
        until = self._until.get(token)
        return until is not None and until > self._clock()

    def revoke(self) -> None:
        """Every token is refused from now on."""
        with self._lock:
            self._until = {}

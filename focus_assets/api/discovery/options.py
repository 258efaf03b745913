"""Say what a discovery client may cost, and what it makes of values."""

from __future__ import annotations

import random
from dataclasses import dataclass

from focus_assets.client import Clock, RetryPolicy, SystemClock, Timeouts
from focus_assets.client.discovery.engine import Tools


@dataclass(frozen=True, slots=True)
class DiscoveryOptions:
    """Seconds of one request, attempts and seconds of waiting between them, requests at once of one service.

    With `decode`, texts that are a moment or a span of time come as `datetime` and `timedelta`.
    """

    timeout_seconds: float = 120.0
    attempts: int = 8
    retry_seconds: float = 120.0
    connections: int = 16
    decode: bool = True
    clock: Clock | None = None

    def tools(self) -> Tools:
        """What the engine works with."""
        return Tools(
            clock=self.clock or SystemClock(),
            chance=random.Random(),
            policy=RetryPolicy(attempts=self.attempts, total=self.retry_seconds),
            timeouts=Timeouts(request=self.timeout_seconds),
            connections=self.connections,
        )

"""Let time pass for whoever writes, without waiting for it."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest


def pass_by(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """From now on, and until the end of the test, the clock of those who write is so many seconds ahead."""
    ahead = SimpleNamespace(time_ns=lambda: time.time_ns() + round(seconds * 1e9))
    monkeypatch.setattr("focus_assets.writeback.writes.time", ahead)

"""Keep Ctrl-C until a moment where nothing is cut in two; a second one does not wait."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_LOOP = logging.getLogger("asyncio")


class Interrupts:
    """Whether somebody has asked to end."""

    def __init__(self) -> None:
        self.asked = False

    def keep(self, _number: int, _frame: FrameType | None) -> None:
        """What the signal calls. Dagster and SQLAlchemy swallow an exception that comes at the wrong moment."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def heed(self) -> None:
        """Raise what was kept."""
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def kept() -> Iterator[Interrupts]:
    """For as long as the block."""
    interrupts = Interrupts()
    before, level = signal.signal(signal.SIGINT, interrupts.keep), _LOOP.level
    _LOOP.setLevel(logging.CRITICAL)  # what an interrupted loop leaves behind is no news
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)
        _LOOP.setLevel(level)

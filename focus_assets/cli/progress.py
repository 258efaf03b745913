"""Tell how far long loads are: one line that is rewritten on a terminal, a plain one now and then elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef

QUIET_SECONDS = 1.0
TERMINAL_SECONDS = 0.1
PLAIN_SECONDS = 10.0
ROOM = 4  # for the ^C that a terminal echoes: a line that wraps cannot be cleared


@dataclass(slots=True)
class Load:
    """How far one fetch is; a second fetch of the same partition begins anew."""

    began: float
    now: float
    lines: int = 0
    size: int = 0

    def moved(self, now: float, lines: int, size: int) -> None:
        """Take what was just heard."""
        if lines < self.lines:
            self.began = self.now
        self.now, self.lines, self.size = now, lines, size

    def __str__(self) -> str:
        seconds = self.now - self.began
        rate = f"{self.lines / seconds:,.0f} rows/s" if seconds > 0 else "– rows/s"
        return f"{self.lines:,} rows  {rate}  {self.size / 1e6:,.1f} MB"


@dataclass(slots=True)
class Meter:
    """What is known of all loads; pure: the time is passed in."""

    total: int
    done: int = 0
    loads: dict[PartitionRef, Load] = field(default_factory=dict)

    def heard(self, ref: PartitionRef, lines: int, size: int, *, now: float) -> None:
        """A fetch has come so far."""
        self.loads.setdefault(ref, Load(now, now)).moved(now, lines, size)

    def ended(self, ref: PartitionRef) -> None:
        """A partition is through."""
        self.done += 1
        self.loads.pop(ref, None)

    def line(self, now: float) -> str:
        """One line about the load that has run longest; empty while none is long."""
        long = [(load.began, ref) for ref, load in self.loads.items() if now - load.began >= QUIET_SECONDS]
        if not long:
            return ""
        ref = min(long)[1]
        others = f" (+{len(self.loads) - 1})" if len(self.loads) > 1 else ""
        return f"{self.done} of {self.total} done; {ref}  {self.loads[ref]}{others}"


class ProgressLine:
    """Writes a meter's line to a stream; called from the threads that load."""

    def __init__(self, stream: TextIO, total: int, *, width: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._width, self._clock = stream, width, clock
        self._meter = Meter(total)
        self._live = stream.isatty()
        self._every = TERMINAL_SECONDS if self._live else PLAIN_SECONDS
        self._told_at, self._shown = clock(), False
        self._lock = threading.Lock()

    def heard(self, ref: PartitionRef, lines: int, size: int) -> None:
        """A fetch has come so far."""
        with self._lock:
            now = self._clock()
            self._meter.heard(ref, lines, size, now=now)
            self._tell(now)

    def ended(self, outcome: Outcome) -> None:
        """A partition is through."""
        with self._lock:
            self._meter.ended(outcome.ref)
            self._tell(self._clock())

    def clear(self) -> None:
        """Leave no trace on a terminal."""
        with self._lock:
            self._write("")

    def _tell(self, now: float) -> None:
        if now - self._told_at < self._every:
            return
        self._told_at = now
        line = self._meter.line(now)
        if line or self._shown:
            self._write(line)

    def _write(self, line: str) -> None:
        if self._live and (line or self._shown):
            self._stream.write(f"\r\x1b[K{line[: self._width - ROOM]}")
        elif line:
            self._stream.write(line + "\n")
        self._shown = bool(line)
        self._stream.flush()

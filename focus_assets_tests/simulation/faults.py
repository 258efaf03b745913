"""Name what can go wrong between a server and its client, and draw it from one source of chance."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from random import Random


class Fault(enum.StrEnum):
    """One way in which an answer is not what the server meant."""

    UNREACHABLE = "no connection"
    SILENT = "connection reset before the answer"
    STALLED_HEAD = "stall before the answer"
    STALLED_BODY = "stall inside a body"
    RESET = "reset inside a body"
    CUT = "cut at byte n"
    CLEAN_CUT = "clean cut between lines"
    UNAUTHORISED = "401"
    FORBIDDEN = "403"
    TOO_MANY = "429"
    FAILED = "5xx"
    REDIRECT = "redirect"
    HTML = "HTML with 200"
    ERROR_OBJECT = "error object with 200"
    EMPTY = "empty 200"
    WRONG_TYPE = "wrong type in a line"
    DUPLICATE = "duplicate line"
    STALE = "stale cache"


ON_LINES = frozenset({Fault.CLEAN_CUT, Fault.WRONG_TYPE, Fault.DUPLICATE})
# what no transfer shows: drawn more often than the others
SILENT = (Fault.CLEAN_CUT, Fault.CLEAN_CUT, Fault.CUT, Fault.STALE, Fault.DUPLICATE)
INSTEAD = frozenset({Fault.UNREACHABLE, Fault.SILENT, Fault.STALLED_HEAD})  # no answer at all


@dataclass(frozen=True, slots=True)
class Weather:
    """How often an answer is hit, and by what."""

    rate: float = 0.0
    kinds: tuple[Fault, ...] = ()

    def draw(self, chance: Random, *, lines: bool) -> Fault | None:
        """What hits this answer, if anything."""
        if not self.kinds or chance.random() >= self.rate:
            return None
        fault = chance.choice(self.kinds)
        return None if fault in ON_LINES and not lines else fault


CALM = Weather()

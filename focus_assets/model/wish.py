"""Say what a caller may ask of a run beside its plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller asks for: a full load whatever the plan would be, a smaller table than the guard allows."""

    full: bool = False
    accept_shrink: bool = False


AS_PLANNED = Wish()

"""Say how much of a proof to do: enough for every change, or with FOCUS_PROOF=all everything, by hand."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def effort(usual: T, everything: T) -> T:
    """How many, or which."""
    return everything if os.environ.get("FOCUS_PROOF") == "all" else usual


def some(found: Sequence[T], usual: int) -> Sequence[T]:
    """So many of them, evenly spread; with FOCUS_PROOF=all every one."""
    wanted = min(effort(usual, len(found)), len(found))
    return [found[number * len(found) // wanted] for number in range(wanted)]

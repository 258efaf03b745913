"""What is done with a process that one command has to itself."""

from __future__ import annotations

import atexit
import gc
import sys

OBJECTS = 200_000  # more than any start makes
REPORTERS = frozenset({"duckdb"})  # at their end they print what nobody has freed


def spare_the_collector() -> None:
    """Let Python look for garbage seldom, and not at the end.

    What a start makes stays until the end. Looking it through again and again while modules are imported, and once more
    when the interpreter clears up, took a quarter of a small load.
    """
    gc.set_threshold(OBJECTS, 10, 10)
    atexit.register(_leave_all)


def _leave_all() -> None:
    if REPORTERS.isdisjoint(sys.modules):
        gc.freeze()

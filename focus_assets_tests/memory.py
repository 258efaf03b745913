"""Say where memory takes what the tests throw away, so that nothing of it waits for a disk."""

from __future__ import annotations

import os
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ENOUGH = 4 * 2**30  # bytes: a few servers and their journals


def roomy_memory() -> Path | None:
    """A folder in memory where much may lie and programs may run; None where the system has no such place."""
    if not os.access(_MEMORY, os.W_OK | os.X_OK):
        return None
    found = os.statvfs(_MEMORY)
    roomy = found.f_bavail * found.f_frsize >= _ENOUGH and not found.f_flag & os.ST_NOEXEC
    return _MEMORY if roomy else None

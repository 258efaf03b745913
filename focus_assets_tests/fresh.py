"""Ask an interpreter that has imported nothing yet."""

from __future__ import annotations

import subprocess
import sys


def printed_by(program: str) -> str:
    """What a fresh interpreter prints; raises CalledProcessError where it fails."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

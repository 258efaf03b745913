"""Whatever a server sends to fill our memory, or to hold the line, ends by name, soon, in at most 64 MiB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_51_bombs_end_by_name_and_in_bounds(root: Path) -> None:
    # a process of its own: it forks, and its memory is measured
    command = [sys.executable, "-m", "focus_assets_tests.hostile.bombs"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("51 bombs, 0 wrong\n")

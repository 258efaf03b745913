"""Wherever a server points, no connection leaves the configured origin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_60_lures_lead_nowhere_else(root: Path) -> None:
    # a process of its own: it forks, and a hook on sockets cannot be taken away again
    command = [sys.executable, "-m", "focus_assets_tests.hostile.origins"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("60 lures, 0 wrong, 0 connections to the other server\n")

"""Run a bench as `make` does, in the test's own Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def bench(root: Path, module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m MODULE` with its arguments; whatever it ends with."""
    env = {**os.environ, **environment}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)

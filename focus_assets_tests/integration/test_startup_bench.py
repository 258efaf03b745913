"""The benches of starts and of many partitions run from start to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def saved(root: Path, out: Path, *command: str) -> Any:
    """What a bench wrote."""
    done = subprocess.run(
        [sys.executable, "-m", *command, f"--out={out}"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (file,) = out.iterdir()
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_starts_are_measured_beside_dagsters_own(root: Path, tmp_path: Path) -> None:
    found = saved(root, tmp_path, "benchmarks.startup", "--rounds=1")
    assert {"materialize an empty asset", "materialize one partition"} < found["medians"].keys()
    assert all(len(runs) == 1 for runs in found["runs"].values())


@pytest.mark.slow
def test_many_partitions_are_measured_beside_one_of_as_many_rows(root: Path, tmp_path: Path) -> None:
    found = saved(root, tmp_path, "benchmarks.partitions", "--partitions=5", "--rows=20", "--rounds=1")
    assert {name: len(runs) for name, runs in found["runs"].items()} == {"many": 1, "one": 1}
    assert found["times"]["cpu"] > 0

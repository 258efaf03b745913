"""`focus dev` opens the UI beside a sandbox, and ends everything that it started."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from focus_assets_tests.ports import port_of_our_own

PROGRAM = "import sys; from focus_assets.cli import main; sys.exit(main())"
pytestmark = pytest.mark.slow


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("FOCUS_", "DAGSTER_"))}
    command = [sys.executable, "-c", PROGRAM, "dev", "--port", str(port_of_our_own())]
    with subprocess.Popen(
        command, cwd=tmp_path, env=ours, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=300)


def test_the_ui_and_the_sandbox_are_there_and_then_nothing_is(dev: subprocess.Popen[str]) -> None:
    sandbox = told(dev, r"The sandbox: (http://\S+)")
    ui = told(dev, r"Dagster's UI: (http://\S+)")
    assert "dagster_version" in json.loads(get(f"{ui}/server_info"))
    assert "partitions" in json.loads(get(f"{sandbox}/sandbox/world"))
    dev.send_signal(signal.SIGTERM)
    rest, _ = dev.communicate(timeout=300)
    assert dev.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in rest
    for gone in (f"{ui}/server_info", f"{sandbox}/sandbox/world"):
        with pytest.raises(urllib.error.URLError):
            get(gone)


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=90) as answer:
        content: bytes = answer.read()
        return content


def told(process: subprocess.Popen[str], pattern: str) -> str:
    """What it says there, as soon as it does."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(f"it never said {pattern!r}: {''.join(said)}")

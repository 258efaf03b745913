"""The demo ends in sync, and shows on its way what a count cannot see."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from focus_assets_tests.integration.cli.conftest import INTERRUPTIBLE

pytestmark = pytest.mark.slow


def demo(folder: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in an empty folder, with an instance of its own there."""
    with started(folder, *options, **environ) as process:
        out, err = process.communicate(timeout=1800)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def started(folder: Path, *options: str, **environ: str) -> subprocess.Popen[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("FOCUS_", "DAGSTER_"))}
    command = [sys.executable, "-u", "-c", INTERRUPTIBLE, "demo", *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=ours | environ, stdout=pipe, stderr=pipe, text=True)


def test_the_demo_ends_in_sync_and_leaves_a_mirror_to_look_at(tmp_path: Path) -> None:
    done = demo(tmp_path)
    lines = done.stdout.splitlines()
    assert lines[-1] == "IN SYNC 15/15 (proven 15)", done.stdout + done.stderr
    assert (done.returncode, done.stderr) == (0, "")
    assert len(re.findall(r"^re(?:tail|ference)/\w+/\w\w +delta ", done.stdout, re.MULTILINE)) == 15
    tampered = re.search(r"UPDATE retail__promotions .*\n.*id = '([0-9a-f-]+)'", done.stdout)
    assert tampered is not None
    assert f"wrong in retail/promotions/DE: id {tampered[1]}" in done.stdout
    assert "a count sees nothing" in done.stdout
    with closing(sqlite3.connect(tmp_path / ".focus" / "demo" / "focus.db")) as connection:
        query = re.search(r'^try +sqlite3 \S+ "(.*)"$', done.stdout, re.MULTILINE)
        assert query is not None
        assert [row[0] for row in connection.execute(query[1])] == ["DE", "FR", "NO"]
    assert (tmp_path / ".focus" / "dagster" / "history").is_dir()


def test_the_demo_does_the_same_on_postgresql(tmp_path: Path, postgres_server: str) -> None:
    done = demo(tmp_path, "--db", "postgres", FOCUS_DATABASE_URL=postgres_server)
    assert done.stdout.splitlines()[-1] == "IN SYNC 15/15 (proven 15)", done.stdout + done.stderr
    assert done.returncode == 0
    assert "psql postgresql://" in done.stdout


def test_ctrl_c_ends_the_demo_quietly(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("A sandbox serves")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (130, "")
    assert "IN SYNC" not in out

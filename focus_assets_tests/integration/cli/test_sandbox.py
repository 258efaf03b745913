"""`focus sandbox` serves until it is told to stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from focus_assets_tests.integration.cli.conftest import INTERRUPTIBLE, PATIENCE, plain_environ


@contextmanager
def sandbox(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", INTERRUPTIBLE, "sandbox", "--port", "0", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=plain_environ(), stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_says_where_it_is_and_who_may_log_in_and_ends_quietly(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--json", "--username", "me", "--countries", "DE", "--promotions", "7") as process:
        said = json.loads(process.stdout.readline())  # type: ignore[union-attr]
        assert (said["username"], said["password"]) == ("me", "sandbox")
        with urllib.request.urlopen(f"{said['url']}/sandbox/world") as answer:
            partitions = json.load(answer)["partitions"]
        assert {p["country"]: p["total_items"] for p in partitions if p["resource"] == "promotions"} == {"DE": 7}
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == ("", "")
        assert process.returncode == 130


def test_people_are_told_url_user_and_password(tmp_path: Path) -> None:
    with sandbox(tmp_path) as process:
        line = process.stdout.readline()  # type: ignore[union-attr]
        assert line.startswith("The sandbox listens at http://127.0.0.1:")
        assert "username sandbox  password sandbox" in line


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--json") as process:
        port = json.loads(process.stdout.readline())["url"].rpartition(":")[2]  # type: ignore[union-attr]
        with sandbox(tmp_path, "--port", port) as second:
            out, err = second.communicate(timeout=PATIENCE)
        assert (second.returncode, out) == (1, "")
        assert err.startswith("focus: ")
        assert port in err
        assert len(err.splitlines()) == 1


def test_the_nodes_of_a_cluster_each_hold_their_own_groups(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--cluster", "--nodes", "2", "--json") as process:
        first, second = json.loads(process.stdout.readline())["nodes"]  # type: ignore[union-attr]
        group = {"name": "alpha", "description": "the first", "transaction_id": "a-transaction-of-some-length"}
        asked = urllib.request.Request(f"{first}/api/v1/cluster", json.dumps(group).encode(), method="POST")
        with urllib.request.urlopen(asked) as answer:
            assert (answer.status, json.load(answer)) == (201, {"id": 1, **group})
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{second}/api/v1/cluster")


def test_a_cluster_fails_as_often_as_it_is_told(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--cluster", "--nodes", "1", "--fault-rate", "1", "--json") as process:
        (url,) = json.loads(process.stdout.readline())["nodes"]  # type: ignore[union-attr]
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(f"{url}/api/v1/cluster")

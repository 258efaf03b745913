"""`focus gateway` as a process: it says where it listens, and logs JSON lines."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from focus_assets.sandbox.cluster import Whim
from focus_assets_tests.integration.cli.conftest import PROGRAM, plain_environ
from focus_assets_tests.integration.writeback.scene import GROUP, TOKEN, Scene, cluster


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two nodes and a focus.yaml that names them; nobody serves the gateway yet."""
    with cluster(tmp_path, f"sqlite:///{tmp_path / 'writes.db'}") as made:
        write(tmp_path, made, token="${GATEWAY_TOKEN}")
        yield made


def write(folder: Path, scene: Scene, **knobs: object) -> None:
    """The focus.yaml; a knob of None is left out."""
    assert scene.config.writeback is not None
    writeback = {"nodes": scene.config.writeback.nodes, **{name: knob for name, knob in knobs.items() if knob}}
    rest = {"kind": "rest", "base_url": "http://127.0.0.1:9", "resources": {"x": {"path": "x", "primary_key": "id"}}}
    document = {
        "sources": {"other": rest},
        "destination": {"url": scene.config.destination.url.get_secret_value()},
        "writeback": {"request_seconds": 1, "lifetime_seconds": 6, **writeback},
    }
    (folder / "focus.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")


@contextmanager
def focus(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    environ, pipe = {**plain_environ(), "GATEWAY_TOKEN": TOKEN}, subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_says_where_it_listens_and_logs_each_step_of_a_write(scene: Scene, tmp_path: Path) -> None:
    with focus(tmp_path, "gateway", "--port", "0") as process:
        line = process.stdout.readline()  # type: ignore[union-attr]
        assert line.startswith("The gateway listens at http://127.0.0.1:")
        scene.url = line.split()[-1]
        made = scene.ask("POST", "/api/v1/groups", GROUP).body["id"]
        scene.whim(Whim.FAILS_AFTER, methods=("POST",))
        failed = scene.ask("POST", "/api/v1/groups", {**GROUP, "name": "beta"}).body["operation_id"]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    lines = [json.loads(line) for line in err.splitlines()]
    ours = [(one["transaction.id"], one["event.action"]) for one in lines if "transaction.id" in one]
    assert ours == [(made, "SENT"), (made, "DONE"), (failed, "SENT"), (failed, "UNKNOWN")]
    assert all({"@timestamp", "log.level", "message"} <= set(one) for one in lines)
    assert "the server failed (500)" in next(one["event.reason"] for one in lines if "event.reason" in one)
    assert TOKEN not in err


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({}, "writeback.token: expected a token, or anybody could write"),
        ({"token": "short"}, "writeback.token: expected 16 characters at least"),
        ({"nodes": {"a": "ftp://somewhere"}}, "a: expected a URL such as"),
        ({"lifetime_seconds": 1}, "expected lifetime_seconds greater than request_seconds"),
    ],
)
def test_a_configuration_that_will_not_do_is_one_sentence(
    scene: Scene, tmp_path: Path, knobs: dict[str, object], said: str
) -> None:
    write(tmp_path, scene, **knobs)
    with focus(tmp_path, "gateway", "--port", "0") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert said in err
    assert "Traceback" not in err

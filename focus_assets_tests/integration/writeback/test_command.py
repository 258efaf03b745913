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
import sqlalchemy as sa
import yaml

from focus_assets.sandbox.cluster import Whim
from focus_assets.writeback import intents
from focus_assets_tests.integration.cli.conftest import PROGRAM, plain_environ
from focus_assets_tests.integration.writeback.scene import GROUP, PATIENCE, TOKEN, Scene, cluster, served


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two nodes and a focus.yaml that names them; nobody serves the gateway yet."""
    with cluster(tmp_path, f"sqlite:///{tmp_path / 'writes.db'}") as made:
        write(tmp_path, made, token="${GATEWAY_TOKEN}")
        yield made


def write(folder: Path, scene: Scene, *, sources: object = None, **knobs: object) -> None:
    """The focus.yaml; a knob of None is left out."""
    assert scene.config.writeback is not None
    writeback = {"nodes": scene.config.writeback.nodes, **{name: knob for name, knob in knobs.items() if knob}}
    rest = {"kind": "rest", "base_url": "http://127.0.0.1:9", "resources": {"x": {"path": "x", "primary_key": "id"}}}
    document = {
        "sources": sources or {"other": rest},
        "destination": {"url": scene.config.destination.url.get_secret_value()},
        "writeback": {"request_seconds": 30, "lifetime_seconds": PATIENCE, **writeback},
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
        _, err = process.communicate(timeout=PATIENCE)
    lines = [json.loads(line) for line in err.splitlines()]
    ours = [(one["transaction.id"], one["event.action"]) for one in lines if "transaction.id" in one]
    assert ours == [(made, "SENT"), (made, "DONE"), (failed, "SENT"), (failed, "UNKNOWN")]
    assert all({"@timestamp", "log.level", "message", "ecs.version"} <= set(one) for one in lines)
    assert [one["labels"]["operation_id"] for one in lines if "labels" in one] == [made, made, failed, failed]
    outcomes = [one["event.outcome"] for one in lines if "event.outcome" in one]
    assert outcomes == ["unknown", "success", "unknown", "unknown"]
    assert "the server failed (500)" in next(one["event.reason"] for one in lines if "event.reason" in one)
    assert TOKEN not in err


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({}, "writeback.token: expected a token, or anybody could write"),
        ({"token": "short"}, "writeback.token: expected 16 characters at least"),
        ({"nodes": {"a": "ftp://somewhere"}}, "a: expected a URL such as"),
        ({"read_back": {"source": "nobody", "resource": "x"}}, "writeback.read_back.source: expected one of other"),
        ({"lifetime_seconds": 1}, "expected lifetime_seconds greater than request_seconds"),
    ],
)
def test_a_configuration_that_will_not_do_is_one_sentence(
    scene: Scene, tmp_path: Path, knobs: dict[str, object], said: str
) -> None:
    write(tmp_path, scene, **knobs)
    with focus(tmp_path, "gateway", "--port", "0") as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    with focus(folder, *arguments) as process:
        out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def test_writes_are_listed_drained_and_replayed(scene: Scene, tmp_path: Path) -> None:
    with served(scene):
        scene.whim(Whim.FAILS_AFTER, node=1, methods=("POST",))
        owed = scene.ask("POST", "/api/v1/groups", GROUP).body["operation_id"]
    (line,) = (json.loads(text) for text in run(tmp_path, "writes", "list", "--json")[1].splitlines())
    assert (line["operation_id"], line["key"], line["state"]) == (owed, "alpha", "UNKNOWN")
    assert line["age_seconds"] > 0
    code, out, _ = run(tmp_path, "writes")
    assert (code, owed in out, "1 UNKNOWN" in out) == (0, True, True)
    assert run(tmp_path, "writes", "replay", owed)[0] == 1

    nodes = scene.config.writeback.nodes if scene.config.writeback else {}
    write(tmp_path, scene, nodes={"node-9": nodes["node-1"]})
    code, out, _ = run(tmp_path, "writes", "drain", "--json")
    assert (code, json.loads(out)["states"]) == (1, {"DEAD": 1})
    assert owed in run(tmp_path, "writes", "list", "--state", "DEAD")[1]

    write(tmp_path, scene)
    assert run(tmp_path, "writes", "replay", "--all") == (0, f"{owed} is due again\n", "")
    code, out, _ = run(tmp_path, "writes", "drain", "--json")
    assert (code, json.loads(out)["taken"]) == (0, 1)
    assert scene.held == [[], []]


def test_each_line_of_a_drain_carries_its_transaction_also_where_it_breaks(scene: Scene, tmp_path: Path) -> None:
    with served(scene):
        group = scene.ask("POST", "/api/v1/groups", {**GROUP, "name": "beta"}).body["id"]
        scene.whim(Whim.FAILS_BEFORE, methods=("DELETE", "POST"))
        deletion = scene.ask("DELETE", f"/api/v1/groups/{group}").body["operation_id"]
        create = scene.ask("POST", "/api/v1/groups", GROUP).body["operation_id"]
    with scene.database.writing("spoil one") as connection:
        spoiled = sa.update(intents.INTENTS).where(intents.INTENTS.c.operation_id == deletion)
        connection.execute(spoiled.values(steps="[{}]"))
        due = sa.update(intents.INTENTS).where(intents.INTENTS.c.next_at.is_not(None))
        connection.execute(due.values(next_at="2025-07-01T00:00:00.000000Z"))
    code, _, err = run(tmp_path, "writes", "drain", "--json")
    lines = [json.loads(line) for line in err.splitlines()]
    told = {(one["log.level"], one["labels"]["operation_id"], one["transaction.id"]) for one in lines}
    assert code == 1
    assert told == {("error", deletion, group), ("info", create, create)}


def test_an_operation_that_was_never_recorded_cannot_be_replayed(scene: Scene, tmp_path: Path) -> None:
    code, _, err = run(tmp_path, "writes", "replay", "no-such-operation")
    assert (code, err) == (1, "no-such-operation: there is no operation 'no-such-operation'\n")


def test_a_write_is_confirmed_when_the_mirrors_next_load_shows_it(scene: Scene, tmp_path: Path) -> None:
    assert scene.config.writeback is not None
    groups = {"path": "api/v1/cluster", "primary_key": "id"}
    source = {"kind": "rest", "base_url": scene.config.writeback.nodes["node-1"], "resources": {"groups": groups}}
    write(tmp_path, scene, sources={"cluster": source}, read_back={"source": "cluster", "resource": "groups"})

    def confirmed() -> dict[str, bool]:
        lines = run(tmp_path, "writes", "list", "--state", "DONE", "--json")[1].splitlines()
        return {f"{one['kind']} {one['key']}": one["confirmed"] for one in map(json.loads, lines)}

    with served(scene):
        scene.ask("POST", "/api/v1/groups", GROUP)
        beta = scene.ask("POST", "/api/v1/groups", {**GROUP, "name": "beta"}).body["id"]
        assert confirmed() == {"create alpha": False, "create beta": False}
        assert run(tmp_path, "sync", "cluster/groups")[0] == 0
        assert confirmed() == {"create alpha": True, "create beta": True}
        scene.ask("DELETE", f"/api/v1/groups/{beta}")
        assert confirmed()["delete beta"] is False
        assert run(tmp_path, "sync", "cluster/groups")[0] == 0
        assert confirmed() == {"create alpha": True, "create beta": False, "delete beta": True}
    assert "DONE, confirmed" in run(tmp_path, "writes", "list", "--state", "DONE")[1]

"""The compose file's services are healthy by their own word, wait for each other, and hold no secret."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from focus_assets.cli.app import app
from focus_assets.config import load_config
from focus_assets_tests.integration.cli.conftest import PROGRAM, plain_environ

SERVICES = {"cluster", "dagster-daemon", "dagster-webserver", "gateway", "postgres", "rabbitmq"}
SECRET = re.compile(r"PASS|TOKEN|SECRET|KEY|URL")
FILLED = "a-secret-of-thirty-two-characters"
REFERENCE = re.compile(r"\$\{([A-Z_]+)[^}]*\}")


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "deploy" / "compose"


@pytest.fixture(scope="module")
def services(folder: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = document(folder)["services"]
    return found


def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))
    return found


def example(folder: Path) -> dict[str, str]:
    lines = (folder / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def environment(service: dict[str, Any]) -> dict[str, str]:
    """What its processes see once `.env` is filled."""
    return {name: REFERENCE.sub(FILLED, text) for name, text in service.get("environment", {}).items()}


def test_every_service_says_when_it_is_healthy(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == SERVICES
    for name, service in services.items():
        check = service["healthcheck"]
        assert check["test"][0] == "CMD", name
        assert {"interval", "timeout", "retries", "start_period"} <= set(check), name


def test_a_service_starts_when_what_it_needs_is_healthy(services: dict[str, dict[str, Any]]) -> None:
    needed = {name: service.get("depends_on", {}) for name, service in services.items()}
    conditions = [one["condition"] for each in needed.values() for one in each.values()]
    assert set(conditions) == {"service_healthy"}
    assert {other for each in needed.values() for other in each} <= SERVICES
    assert set(needed["gateway"]) == {"postgres", "cluster"}  # no write waits for a broker
    assert set(needed["cluster"]) == {"rabbitmq"}


def test_no_secret_stands_in_the_files(folder: Path, services: dict[str, dict[str, Any]]) -> None:
    text = (folder / "compose.yaml").read_text(encoding="utf-8")
    assert set(REFERENCE.findall(text)) == set(example(folder))
    assert set(example(folder).values()) == {""}
    unset_fails = re.findall(r"\$\{[A-Z_]+(:\?)?\}", text)
    assert set(unset_fails) == {":?"}
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name) and not REFERENCE.search(value):
                assert re.fullmatch(r"\w+://\w+@[\w:/]+", value), name  # a URL without a password
    assert ".env" in (folder.parent.parent / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_nothing_of_this_machine_is_needed(folder: Path, services: dict[str, dict[str, Any]]) -> None:
    kept = set(document(folder)["volumes"])
    for service in services.values():
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            assert source in kept or (folder / source).is_file(), mount
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_commands_are_ones_that_focus_knows(services: dict[str, dict[str, Any]]) -> None:
    ours = [service["command"] for service in services.values() if service.get("command", [""])[0] == "focus"]
    assert {command[1] for command in ours} == {"gateway", "sandbox"}
    known = typer.main.get_command(app)
    for _, name, *arguments in ours:
        command = known.commands[name]  # type: ignore[attr-defined]
        with command.make_context(name, list(arguments)) as context:
            assert not context.args


def test_the_configuration_is_one_and_finds_its_services(folder: Path, services: dict[str, dict[str, Any]]) -> None:
    config = load_config(folder / "focus.yaml", environment(services["gateway"]))
    assert config.writeback is not None
    assert config.writeback.broker is not None
    assert config.writeback.broker.whole_url == environment(services["cluster"])["FOCUS_BROKER_URL"]
    hosts = {url.split("//")[1].split(":")[0] for url in config.writeback.nodes.values()}
    assert hosts == {"cluster"}
    assert FILLED in config.destination.url.get_secret_value()


def test_the_image_is_built_from_what_is_there_and_runs_as_nobody_special(root: Path, folder: Path) -> None:
    lines = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [source for line in lines if line.startswith("COPY ") for source in line.split()[1:-1]]
    assert [source for source in copied if not (root / source).exists()] == []
    allowed = (folder / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert [source for source in copied if f"!{source}" not in allowed] == []
    assert next(line for line in lines if line.startswith("USER ")) == "USER focus"
    assert "--require-hashes" in "".join(line for line in lines if line.startswith("RUN pip"))


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("cluster", ("sandbox", "--cluster", "--nodes", "2", "--port", "0"), "listens at"),
        ("gateway", ("--config", "focus.yaml", "gateway", "--port", "0"), "listens at"),
    ],
)
def test_a_health_check_tells_a_service_from_none(
    services: dict[str, dict[str, Any]], tmp_path: Path, name: str, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "focus.yaml").write_text(
        "sources: {a: {kind: rest, base_url: 'http://127.0.0.1:9', resources: {x: {path: x, primary_key: id}}}}\n"
        f"writeback: {{nodes: {{one: 'http://127.0.0.1:9'}}, token: {FILLED}}}\n"
    )
    _, _, _, code = services[name]["healthcheck"]["test"]
    code = code.replace("timeout=3)", "timeout=90)")
    command = [sys.executable, "-c", PROGRAM, *arguments]
    with subprocess.Popen(command, cwd=tmp_path, env=plain_environ(), stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stdout.readline() for _ in range(2 if name == "cluster" else 1)]  # type: ignore[union-attr]
            assert all(said in line for line in lines)
            ports = [line.rstrip().rpartition(":")[2] for line in lines]
            for usual, port in zip(("8780", "8781") if name == "cluster" else ("8770",), ports, strict=True):
                assert usual in code
                code = code.replace(usual, port)
            assert healthy(code)
        finally:
            process.kill()
            process.wait()
        assert not healthy(code)


def healthy(code: str) -> bool:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_docker_compose_understands_it(folder: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")
    environ = {**plain_environ(), **dict.fromkeys(example(folder), FILLED)}
    command = [docker, "compose", "--file", str(folder / "compose.yaml"), "config", "--quiet"]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")

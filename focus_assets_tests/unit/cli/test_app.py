"""The command's own promises: help for everything, quickly, and a sentence for every wrong call."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from focus_assets.cli import main

COMMANDS = (
    ("sync",),
    ("plan",),
    ("verify",),
    ("history",),
    ("schema",),
    ("schema", "refresh"),
    ("schema", "diff"),
    ("doctor",),
    ("sandbox",),
    ("dev",),
    ("demo",),
)
HEAVY = ("anyio", "dagster", "httpx", "pydantic", "rich", "sqlalchemy", "yaml")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_ends_in_sentences(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--help"]) == 0
    shown = capsys.readouterr()
    assert f"Usage: focus {' '.join(command)}" in shown.out
    assert "-h, --help" in shown.out
    assert not shown.err


@pytest.mark.parametrize("call", [["--help"], ["-h"], []], ids=["--help", "-h", "nothing"])
def test_help_lists_every_command(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(call) == 0
    shown = capsys.readouterr().out
    assert {command[0] for command in COMMANDS} <= set(shown.split())
    assert max(map(len, shown.splitlines())) <= 80


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("focus-assets ")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["snyc"], "No such command 'snyc'. Did you mean 'sync'?"),
        (["sync", "--ful"], "No such option: --ful"),
        (["history", "runes"], "'runes'"),
        (["schema"], "Missing command"),
        (["sandbox", "--port", "x"], "'--port'"),
        (["sandbox", "--drift", "often"], "expected SECONDS:ROWS, such as 5:3"),
        (["demo", "--db", "oracle"], "'oracle'"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_code_2(
    call: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(call) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.err.startswith("focus: ")
    assert len(shown.err.splitlines()) == 1
    assert not shown.out


def test_nothing_heavy_is_imported_for_help() -> None:
    program = (
        f"import sys, focus_assets.cli as cli; cli.main(['--help']); print([m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("option", [[], ["--config", "focus.yaml"]], ids=["found", "named"])
def test_an_invalid_configuration_is_exit_code_2_with_file_and_key(option: list[str], tmp_path: Path) -> None:
    (tmp_path / "focus.yaml").write_text("sources: {retail: {kind: exchange, countries: [DE], resorces: all}}\n")
    done = run(tmp_path, *option, "sync")
    assert done.returncode == 2
    assert "focus.yaml" in done.stderr
    assert "sources.retail.base_url: it is missing" in done.stderr
    assert "sources.retail.resorces: there is no such key; did you mean 'resources'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "FOCUS_CONFIG" in run(tmp_path, "sync", FOCUS_CONFIG="nowhere.yaml").stderr
    done = run(tmp_path, "--config", "nowhere.yaml", "sync")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere.yaml: there is no such file" in done.stderr


def test_a_trace_is_shown_on_request_only(tmp_path: Path) -> None:
    done = run(tmp_path, "--config", "nowhere.yaml", "sync", FOCUS_DEBUG="1")
    assert done.returncode == 2
    assert "Traceback" in done.stderr


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with nothing of ours in its environment."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("FOCUS_")}
    command = [sys.executable, "-c", "import sys; from focus_assets.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(command, cwd=folder, env=ours | environ, capture_output=True, text=True, check=False)

"""A place to call the command from: a sandbox on a port, and a focus.yaml that names it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from focus_assets.sandbox import Sandbox, SandboxOptions, SandboxServer, Sizes
from focus_assets_tests.calling import Called, call

COUNTRIES = ("DE", "NO")
PATIENCE = 90.0  # seconds
PROGRAM = "import sys; from focus_assets.cli import main; sys.exit(main())"
# A shell's background job ignores Ctrl-C, and so does all that it starts.
INTERRUPTIBLE = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {PROGRAM}"


@dataclass
class Desk:
    """Where somebody calls the command."""

    folder: Path
    server: SandboxServer
    capsys: pytest.CaptureFixture[str]
    destination: str = "sqlite:///focus.db"
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    @property
    def file(self) -> Path:
        return self.folder / "focus.yaml"

    def source(self, name: str = "retail", **changes: Any) -> None:
        """Configure a source: the sandbox's, where nothing else is said."""
        usual = {
            "kind": "exchange",
            "base_url": self.server.url,
            "business_service": "retail",
            "auth": {"kind": "focus", "username": "demo", "password": "demo"},
            "countries": list(COUNTRIES),
            "retry": {"attempts": 2, "budget_seconds": 2},
            "timeouts": {"connect": PATIENCE, "read": PATIENCE, "total": PATIENCE},
        }
        self.sources[name] = usual | changes
        document = {"sources": self.sources, "destination": {"url": self.destination}}
        self.file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def focus(self, *arguments: str) -> Called:
        """Call the command in this process."""
        return call(self.file, self.capsys, *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command in a process of its own."""
        command = [sys.executable, "-c", INTERRUPTIBLE, "--config", str(self.file), *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, env=plain_environ(), stdout=pipe, stderr=pipe, text=True)


def plain_environ() -> dict[str, str]:
    """Ours, without what would configure the command."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FOCUS_")}


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """One source, `retail`, of two countries."""
    options = SandboxOptions(countries=COUNTRIES, sizes=Sizes(promotions=60, products=30, stores=10))
    with SandboxServer(Sandbox(options)) as server:
        desk = Desk(tmp_path, server, capsys)
        desk.source()
        yield desk

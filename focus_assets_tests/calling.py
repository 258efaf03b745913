"""Call the command in this process, and keep what it gave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from focus_assets.cli import main


@dataclass(frozen=True)
class Called:
    """What a call gave."""

    code: int
    out: str
    err: str

    @property
    def shown(self) -> str:
        """All that was printed."""
        return self.out + self.err

    @property
    def records(self) -> list[dict[str, Any]]:
        """What `--json` printed."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def first(self) -> dict[str, Any]:
        """Its only line."""
        [record] = self.records
        return record


def call(file: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Called:
    """`focus --config <file> <arguments>`."""
    code = main(["--config", str(file), *arguments])
    shown = capsys.readouterr()
    return Called(code, shown.out, shown.err)

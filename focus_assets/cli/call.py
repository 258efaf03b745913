"""What every command is given: the configuration's file, the environment, and where to write."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from focus_assets.config import Config

PIPE_WIDTH = 200
SANDBOX = "sandbox"  # user and password of the built-in configuration


@dataclass(frozen=True)
class Call:
    """One call of the command; nothing is read before it is asked for."""

    config_file: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @cached_property
    def config(self) -> Config:
        """The configuration; raises InvalidConfiguration."""
        from focus_assets.config import load_config

        return load_config(self.config_file, self.environ)

    @cached_property
    def out(self) -> Console:
        """For results: the table of a person who looks."""
        return console(self.environ, stderr=False)

    @cached_property
    def err(self) -> Console:
        """For everything else."""
        return console(self.environ, stderr=True)


def console(environ: Mapping[str, str], *, stderr: bool) -> Console:
    """A console that wraps nothing where nobody looks: a pipe has no width."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in environ else PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def print_json(record: Mapping[str, object]) -> None:
    """One object on a line of its own, at once."""
    sys.stdout.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()

"""Start a program for the length of a test, and wait for what it says."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STARTING_SECONDS = 600
ENDING_SECONDS = 300


class Said(threading.Thread):
    """Reads on, so that the pipe never fills, and knows what was said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self._process, self._text, self._more = process, "", threading.Condition()
        self._ended = False
        self.start()

    def run(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._more:
                self._text += line
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def wait_for(self, pattern: str) -> str:
        """The first group of what was said; fails where the program ends before, or takes too long."""
        with self._more:
            self._more.wait_for(lambda: self._ended or re.search(pattern, self._text), STARTING_SECONDS)
            found = re.search(pattern, self._text)
            assert found, self._text
        return found[1]


@contextmanager
def started(command: Sequence[str | Path], *, folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Said]:
    """What the program says on stdout and stderr; it is asked to end at the end."""
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = Said(process)
        try:
            yield said
        finally:
            process.terminate()
            process.wait(timeout=ENDING_SECONDS)
            said.join()

"""Append each error to a file that rotates: one JSON object a line, in the words of the Elastic Common Schema.

https://www.elastic.co/docs/reference/ecs: a shipper for Elasticsearch or Loki reads the lines as they are.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from focus_assets.model.failure import Failure
from focus_assets.model.partition import PartitionRef

ECS_VERSION = "8.17.0"
LOG_NAME = "errors.jsonl"


@dataclass(frozen=True, slots=True)
class ErrorLog:
    """`path`, and beside it `path.1` (the newest) to `path.<files>`; each at most `max_bytes`, but for one long line.

    Processes may share it: one of them writes at a time.
    """

    path: Path
    max_bytes: int = 10 * 1024 * 1024
    files: int = 5

    def write(self, failure: Failure, *, run_id: str = "", of: PartitionRef | None = None) -> None:
        """Append one error; raises OSError."""
        line = json.dumps(as_ecs(failure, run_id=run_id, of=of), ensure_ascii=True).encode() + b"\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._turn():
            if self.path.exists() and self.path.stat().st_size + len(line) > self.max_bytes:
                self._rotate()
            with self.path.open("ab") as file:
                file.write(line)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self.path.with_name(f"{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _rotate(self) -> None:
        for number in range(self.files, 0, -1):
            older = self._numbered(number - 1) if number > 1 else self.path
            if older.exists():
                older.replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def as_ecs(failure: Failure, *, run_id: str = "", of: PartitionRef | None = None) -> dict[str, object]:
    """An error's fields by their ECS names; what ECS has no name for is a label, and so a text."""
    labels = {
        "run_id": run_id,
        "source": of.source if of else "",
        "resource": of.resource if of else "",
        "partition": of.partition if of else "",
        "cause": failure.cause or "",
        "repeatable": str(failure.repeatable).lower(),
        "attempts": str(failure.attempts),
        **failure.context,
    }
    return {
        "@timestamp": failure.happened_at,
        "log.level": "error",
        "message": failure.message,
        "ecs.version": ECS_VERSION,
        "event.dataset": "focus_assets.errors",
        "service.name": "focus-assets",
        "error.type": failure.type,
        "error.message": failure.message,
        "error.stack_trace": failure.stack,
        "labels": {name: text for name, text in labels.items() if text},
    }

"""Give every schedule an empty database of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database

_MEMORY = Path("/dev/shm")


@contextmanager
def empty_sqlite() -> Iterator[Database]:
    """A file in memory where the system has such a place: all the same to SQLite, and no disk to wait for."""
    where = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="focus-simulation-", dir=where) as folder:
        database = Database(Destination(url=SecretStr(f"sqlite:///{folder}/mirror.db"), lock_timeout_seconds=1))
        with database.connection("keep the file open") as connection:  # else every close is a checkpoint
            yield database

"""Give every schedule an empty database of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.history import runs
from focus_assets.load import ledger

_MEMORY = Path("/dev/shm")


class Empty(Protocol):
    """Makes one database after the other, each empty but for our books."""

    def __call__(self) -> AbstractContextManager[Database]: ...


@contextmanager
def sqlite() -> Iterator[Empty]:
    """Files in memory where the system has such a place: all the same to SQLite, and no disk to wait for.

    One Database for all of them, so that each SQL is made once.
    """
    where = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="focus-simulation-", dir=where) as folder:
        file, blank = Path(folder, "mirror.db"), Path(folder, "blank.db")
        database = _database(f"sqlite:///{file}")
        file.rename(blank)

        @contextmanager
        def empty() -> Iterator[Database]:
            for left in Path(folder).glob("mirror.db*"):
                left.unlink()
            shutil.copyfile(blank, file)
            with database.connection("keep the file open"):  # else every close is a checkpoint
                yield database

        yield empty


def _database(url: str) -> Database:
    """With the books in it: what a first run would make."""
    database = Database(Destination(url=SecretStr(url), lock_timeout_seconds=1))
    for books in (ledger.BOOKS, runs.BOOKS):
        books.ensure(database)
    return database

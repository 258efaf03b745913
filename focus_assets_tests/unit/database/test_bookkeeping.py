"""Our own tables are made once, and looked for without a lock."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.load.ledger import BOOKS, entries


def test_where_the_tables_are_there_nothing_waits_for_a_writer(tmp_path: Path) -> None:
    destination = Destination(url=SecretStr(f"sqlite:///{tmp_path / 'mirror.db'}"), lock_timeout_seconds=0.1)
    writer, beside = Database(destination), Database(destination)
    BOOKS.ensure(writer)
    with writer.writing("hold the lock"):
        assert entries(beside) == {}

"""SQLite's file: one that we make has pages that suit us, one that was there stays as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database


def test_a_new_file_has_larger_pages(tmp_path: Path) -> None:
    write(tmp_path / "new.db")
    assert pragmas(tmp_path / "new.db") == (8192, "wal")


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_file_that_was_there_keeps_its_pages_and_rows(tmp_path: Path, mode: str) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection, connection:
        connection.execute("PRAGMA page_size = 1024")
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("CREATE TABLE theirs AS SELECT 1 AS id")
    write(tmp_path / "old.db")
    assert pragmas(tmp_path / "old.db") == (1024, "wal")
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        assert connection.execute("SELECT theirs.id, ours.id FROM theirs, ours").fetchall() == [(1, 2)]


def write(file: Path) -> None:
    """A table, by way of the dialect."""
    database = Database(Destination(url=SecretStr(f"sqlite:///{file}")))
    with database.writing("write") as connection:
        connection.exec_driver_sql("CREATE TABLE ours AS SELECT 2 AS id")


def pragmas(file: Path) -> tuple[int, str]:
    """The size of a page in bytes, and the journal's mode."""
    with closing(sqlite3.connect(file)) as connection:
        said = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "journal_mode")]
    return said[0], said[1]

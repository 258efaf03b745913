"""DuckDB's file is open in one process at a time: who comes second waits, and is then told so by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseBusy, DatabaseRefused

_HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "it's here" / "mirror.duckdb"


@pytest.fixture
def holder(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has it open until its stdin is closed."""
    file.parent.mkdir()
    command = [sys.executable, "-c", _HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        yield child
        child.communicate()


def _database(file: Path, patience: float) -> Database:
    url = sa.URL.create("duckdb", database=str(file)).render_as_string()
    return Database(Destination(url=SecretStr(url), lock_timeout_seconds=patience))


def test_a_second_process_is_told_that_it_is_busy(file: Path, holder: subprocess.Popen[bytes]) -> None:
    with pytest.raises(DatabaseBusy, match=f"another process.*{holder.pid}"), _database(file, 0.1).connection("look"):
        pass


def test_who_waits_long_enough_gets_in(file: Path, holder: subprocess.Popen[bytes]) -> None:
    assert holder.stdin is not None
    holder.stdin.close()
    with _database(file, 30).reading("look") as connection:
        assert connection.execute(sa.text("SELECT current_setting('TimeZone')")).scalar_one() == "UTC"
    holder.stdin = None


def test_a_file_that_is_no_duckdb_is_refused_with_a_sentence(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"not a database, and long enough to be looked at" * 100)
    with pytest.raises(DatabaseRefused, match="not a valid DuckDB"), _database(file, 0.1).connection("look"):
        pass


def test_what_spills_spills_beside_the_file(file: Path) -> None:
    with _database(file, 1).reading("look") as connection:
        where = connection.execute(sa.text("SELECT current_setting('temp_directory')")).scalar_one()
    assert where == f"{file}.tmp"

"""The PostgreSQL of our own comes and goes without a trace."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from focus_assets.database.embedded import embedded_postgres
from focus_assets.model.errors import DatabaseFailed

pytestmark = pytest.mark.postgres


def ask(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def folder_of(url: str) -> Path:
    return Path(str(make_url(url).query["host"]))


@pytest.fixture
def kept_dir():
    # Not tmp_path: as root the server runs as another user, who may not look into it.
    with tempfile.TemporaryDirectory(prefix="focus kept's, ") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


def test_a_server_answers_and_leaves_nothing_behind() -> None:
    with embedded_postgres() as url:
        assert ask(url, "SELECT 41 + 1") == 42
        assert ask(url, "SHOW listen_addresses") == ""
        folder = folder_of(url)
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_what_was_written_to_a_kept_folder_is_there_again(kept_dir: Path) -> None:
    with embedded_postgres(kept_dir) as url:
        ask(url, "CREATE TABLE kept AS SELECT 7 AS seven")
        assert ask(url, "SHOW fsync") == "on"
    with embedded_postgres(kept_dir) as url:
        assert ask(url, "SELECT seven FROM kept") == 7


def test_a_folder_that_another_server_holds_is_refused_and_that_server_lives_on(kept_dir: Path) -> None:
    with embedded_postgres(kept_dir) as url:
        with pytest.raises(DatabaseFailed, match="pg_ctl failed"), embedded_postgres(kept_dir):
            pass
        assert ask(url, "SELECT 1") == 1


def test_a_server_whose_starter_is_killed_stops_too() -> None:
    code = (
        "from focus_assets.database.embedded import embedded_postgres\n"
        "with embedded_postgres() as url:\n    print(url, flush=True)\n    input()"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with starter:
        assert starter.stdout is not None
        folder = folder_of(starter.stdout.readline().strip())
        assert folder.exists()
        starter.kill()
    deadline = time.monotonic() + 90
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)  # another process tidies up; there is nothing to wait on
    assert not folder.exists()

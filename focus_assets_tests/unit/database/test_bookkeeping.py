"""Our own tables are made once, and looked for without a lock."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.history.errors import errors
from focus_assets.history.runs import recent
from focus_assets.load.ledger import BOOKS, entries


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(url=SecretStr(f"sqlite:///{tmp_path / 'mirror.db'}"), lock_timeout_seconds=0.1)


def heard(database: Database) -> list[str]:
    """What the database will be told."""
    told: list[str] = []
    with database.connection() as connection:
        sa.event.listen(connection.engine, "before_cursor_execute", lambda *call: told.append(call[2]))
    return told


def test_where_the_tables_are_there_nothing_waits_for_a_writer(destination: Destination) -> None:
    writer, beside = Database(destination), Database(destination)
    BOOKS.ensure(writer)
    with writer.writing("hold the lock"):
        assert entries(beside) == {}


def test_what_was_just_made_is_not_looked_into(destination: Destination) -> None:
    database = Database(destination)
    told = heard(database)
    BOOKS.ensure(database)
    assert any(statement.strip().startswith("CREATE TABLE") for statement in told)
    assert not [statement for statement in told if "table_xinfo" in statement]


def test_runs_and_their_errors_are_looked_for_together(destination: Destination) -> None:
    database = Database(destination)
    told = heard(database)
    assert not recent(database)
    told.clear()
    assert not errors(database)
    assert told[0] == "BEGIN"
    assert "FROM _focus_errors" in told[1]
    assert len(told) == 2

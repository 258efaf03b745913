"""A connection that is kept serves whoever comes next, unless it was lost, or its last use ended badly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseFailed
from focus_assets_tests.contract.databases import DIALECTS
from focus_assets_tests.contract.databases import opened as opened_empty

ALONE = "duckdb"  # an open connection keeps other processes out
_MINE = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()", "mssql": "SELECT @@SPID"}
_END = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}", "mssql": "KILL {}"}


class Opened:
    """How many connections were opened, and how many of them are open."""

    def __init__(self, database: Database) -> None:
        self.ever = self.now = 0
        sa.event.listen(database._engine, "connect", lambda *_: self._count(1))
        sa.event.listen(database._engine, "close", lambda *_: self._count(-1))

    def _count(self, change: int) -> None:
        self.ever += change > 0
        self.now += change


@pytest.fixture(params=[kind for kind in DIALECTS if kind != ALONE])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Each kind whose connections are kept."""
    with opened_empty(request.param, request, tmp_path) as found:
        yield found


@pytest.fixture
def opened(database: Database) -> Opened:
    return Opened(database)


def _lose(database: Database) -> None:
    """The connection that was used last no longer stands."""
    if database.dialect.name == "sqlite":
        file = Path(str(database._engine.url.database))
        for path in file.parent.glob(f"{file.name}*"):
            path.replace(path.with_name(f"old-{path.name}"))
        return
    with database.reading("ask for its number") as connection:
        number = connection.execute(sa.text(_MINE[database.dialect.name])).scalar_one()
    with database._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        other.execute(sa.text(_END[database.dialect.name].format(number)))


def _one(database: Database) -> int:
    with database.reading("look") as connection:
        return int(connection.execute(sa.select(sa.literal(1))).scalar_one())


def test_one_connection_serves_one_block_after_the_other_and_is_closed_at_the_end(
    database: Database, opened: Opened
) -> None:
    with database.keeping():
        with database.keeping():
            assert _one(database) == 1
        with database.writing("write") as connection:
            connection.execute(sa.text("CREATE TABLE kept (id INTEGER)"))
        assert _one(database) == 1
        assert (opened.ever, opened.now) == (1, 1)
    assert opened.now == 0


def test_nothing_is_kept_where_nobody_wants_it(database: Database, opened: Opened) -> None:
    assert _one(database) == _one(database) == 1
    assert (opened.ever, opened.now) == (2, 0)


def test_two_at_a_time_have_two_and_both_are_kept(database: Database, opened: Opened) -> None:
    with database.keeping():
        for _ in range(2):
            with database.connection(), database.connection():
                assert opened.now == 2
        assert (opened.ever, opened.now) == (2, 2)
    assert opened.now == 0


def test_one_that_was_lost_is_replaced_before_anybody_notices(database: Database, opened: Opened) -> None:
    with database.keeping():
        assert _one(database) == 1
        _lose(database)
        before = opened.ever
        assert _one(database) == 1
        assert opened.ever == before + 1
    assert opened.now == 0


def test_one_whose_use_ended_badly_is_not_used_again(database: Database, opened: Opened) -> None:
    with database.keeping():
        with suppress(DatabaseFailed), database.reading("look"):
            raise DatabaseFailed("no")
        assert opened.now == 0
        assert _one(database) == 1
    assert opened.ever == 2


def test_one_that_is_still_in_a_transaction_is_not_handed_on(database: Database, opened: Opened) -> None:
    with database.keeping():
        with database.connection() as connection:
            connection.begin()
        assert opened.now == 0


def test_an_open_file_that_keeps_others_out_is_not_kept_open(tmp_path: Path) -> None:
    database = Database(Destination(url=SecretStr(f"duckdb:///{tmp_path / 'mirror.duckdb'}")))
    assert database.dialect.one_process
    counted = Opened(database)
    with database.keeping():
        assert _one(database) == 1
        assert counted.now == 0

"""DuckDB's file is open in one process at a time: who comes second waits, and is then told so by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.schema import CreateTable

from focus_assets.config import Destination
from focus_assets.database.dialects import Lane
from focus_assets.database.dialects.dialect import ARRIVAL
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseBusy, DatabaseFailed, DatabaseRefused, StaleAnswer
from focus_assets.model.feed import Row
from focus_assets.model.schema import Column, ColumnType, Kind

_HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"

_WIDEN = """
import sys
import sqlalchemy as sa
from pydantic import SecretStr
from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.database.widen import add_columns

database = Database(Destination(url=SecretStr(sys.argv[1])))
with database.writing("widen") as connection:
    assert "alembic" not in sys.modules
    connection.exec_driver_sql("CREATE TABLE things (id BIGINT)")
    added = sa.Column("note", sa.Text())
    sa.Table("things", sa.MetaData(), added)
    names = add_columns(database.dialect, connection, [added])
    print(*names, [column["name"] for column in sa.inspect(connection).get_columns("things")])
"""


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


def test_a_fresh_process_widens_a_table(file: Path) -> None:
    url = sa.URL.create("duckdb", database=str(file)).render_as_string()
    done = subprocess.run([sys.executable, "-c", _WIDEN, url], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "note ['id', 'note']\n"), done.stderr


def _database(file: Path, patience: float) -> Database:
    url = sa.URL.create("duckdb", database=str(file)).render_as_string()
    return Database(Destination(url=SecretStr(url), lock_timeout_seconds=patience))


def test_a_second_process_is_told_that_it_is_busy(file: Path, holder: subprocess.Popen[bytes]) -> None:
    with pytest.raises(DatabaseBusy, match=f"another process.*{holder.pid}"), _database(file, 0.1).connection("look"):
        pass


def test_who_waits_long_enough_gets_in(file: Path, holder: subprocess.Popen[bytes]) -> None:
    assert holder.stdin is not None
    holder.stdin.close()
    with _database(file, 90).reading("look") as connection:
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


COLUMNS = (Column("id", ColumnType(Kind.TEXT)), Column("n", ColumnType(Kind.INT16)))
MANY = [(f"k{number}" * 20, number % 100) for number in range(5000)]  # more than a pipe holds


def _written(file: Path, batches: Iterable[list[Row]]) -> tuple[int, int, list[int]]:
    """What `write_rows` says, how many rows came of it, and where the longest text has come in the order."""
    database = _database(file, 1)
    with database.connection("write") as connection, database.transaction(connection, "write", temporary=True):
        columns = [sa.Column("id", sa.Text(), nullable=False), sa.Column("n", sa.SmallInteger())]
        table = sa.Table("_t", sa.MetaData(), *columns, *database.dialect.numbering(), prefixes=["TEMPORARY"])
        connection.execute(CreateTable(table))
        said = database.dialect.write_rows(connection, Lane(table, COLUMNS), batches)
        count = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        longest = sa.select(table.c[ARRIVAL]).where(sa.func.length(table.c.id) > 1_000_000)
        return said, count, list(connection.execute(longest).scalars())


def test_a_line_that_is_too_long_for_its_reader_comes_in_its_order(file: Path) -> None:
    giant: list[Row] = [("x" * 3_000_000, 1)]
    assert _written(file, [[*MANY], giant, [], [*MANY]]) == (10_001, 10_001, [5_000])


@pytest.mark.parametrize("bad", [(None, 1), ("k", 99_999)])
def test_a_row_that_is_refused_is_told_while_more_of_them_come(file: Path, bad: Row) -> None:
    with pytest.raises(DatabaseFailed):
        _written(file, [[*MANY], [bad], *([*MANY] for _ in range(20))])


def test_a_source_that_breaks_is_the_error_that_counts(file: Path) -> None:
    def breaking() -> Iterator[list[Row]]:
        yield [*MANY]
        raise StaleAnswer("broken")

    with pytest.raises(StaleAnswer):
        _written(file, breaking())

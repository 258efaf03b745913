"""MySQL is sent rows and nothing else, and may bend none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.dialects import Lane
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseError, InvalidConfiguration
from focus_assets.model.feed import Row
from focus_assets_tests.contract.databases import INSERTED, opened
from focus_assets_tests.contract.loading import column

TABLE = sa.Table("things", sa.MetaData(), sa.Column("id", sa.SmallInteger()), sa.Column("name", sa.String(5)))
LANE = Lane(TABLE, (column("id", "int64"), column("name", "string")))


@pytest.fixture(params=["mysql", INSERTED])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Both ways in."""
    with opened(request.param, request, tmp_path) as found:
        yield found


def written(database: Database, rows: list[Row]) -> list[sa.Row[int, str]]:
    """What the table holds of these rows."""
    with database.writing("try") as connection:
        TABLE.create(connection)
        database.dialect.write_rows(connection, LANE, [rows])
        return list(connection.execute(sa.select(TABLE)))


def test_the_way_is_told(database: Database, request: pytest.FixtureRequest) -> None:
    with database.reading("look") as connection:
        said = database.dialect.way_in(connection)
    inserted = INSERTED in request.node.name
    assert said == ("INSERT of many rows" if inserted else "LOAD DATA LOCAL")


def test_words_that_mean_something_to_the_reader_are_texts(database: Database) -> None:
    rows: list[Row] = [(1, "NULL"), (2, "null"), (3, "\\N"), (4, ""), (5, None), (6, "a\n\t\x01"), (7, '",\\"')]
    assert [tuple(row) for row in written(database, rows)] == rows


@pytest.mark.parametrize("row", [(70_000, "a"), (1, "too long")])
def test_what_does_not_fit_is_refused_not_bent(database: Database, row: Row) -> None:
    with pytest.raises(DatabaseError, match="Out of range|too long|truncated"):
        written(database, [(1, "fits"), row])


def test_a_server_that_asks_for_a_file_gets_none(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("1,secret\n")
    with database.writing("try") as connection:
        TABLE.create(connection)
    asked = f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE things FIELDS TERMINATED BY ','"
    with (
        pytest.raises(DatabaseError, match="none was sent|loading local data is disabled|not allowed"),
        database.writing("try") as connection,
    ):
        connection.exec_driver_sql(asked)
    with database.reading("look") as connection:
        assert connection.execute(sa.select(TABLE)).all() == []


def test_many_statements_lose_and_repeat_nothing(database: Database) -> None:
    wide = sa.Table("wide", sa.MetaData(), sa.Column("id", sa.BigInteger()), sa.Column("name", sa.Text()))
    lane = Lane(wide, (column("id", "int64"), column("name", "string")))
    batches = [[(start + place, "x" * 9_000) for place in range(100)] for start in range(0, 1_000, 100)]
    with database.writing("try") as connection:
        wide.create(connection)
        assert database.dialect.write_rows(connection, lane, batches) == 1_000
        counted = sa.select(sa.func.count(), sa.func.count(sa.distinct(wide.c.id)), sa.func.max(wide.c.id))
        assert tuple(connection.execute(counted).one()) == (1_000, 1_000, 999)


def test_what_is_not_counted_as_a_warning_is_refused_all_the_same(database: Database) -> None:
    with database.writing("try") as connection:
        TABLE.create(connection)
        connection.exec_driver_sql("SET SESSION max_error_count = 0")
        with pytest.raises(DatabaseError, match="Out of range|bent"), database.translated("try"):
            database.dialect.write_rows(connection, LANE, [[(70_000, "a")]])


def test_a_key_that_comes_twice_is_an_error_not_a_row_less(database: Database) -> None:
    keyed = sa.Table("keyed", sa.MetaData(), sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False))
    with database.writing("try") as connection:
        keyed.create(connection)
    with pytest.raises(DatabaseError, match="Duplicate"), database.writing("try") as connection:
        database.dialect.write_rows(connection, Lane(keyed, (column("id", "int64"),)), [[(1,), (1,)]])


def test_where_files_are_no_longer_taken_rows_are_inserted(own_mysql: str) -> None:
    database = Database(Destination(url=SecretStr(f"{own_mysql}/test?ssl_disabled=true")))
    with database.writing("try") as connection:
        TABLE.create(connection)
        connection.exec_driver_sql("SET GLOBAL local_infile = 0")
        database.dialect.write_rows(connection, LANE, [[(1, "a")]])
        assert connection.execute(sa.select(TABLE)).all() == [(1, "a")]
        assert database.dialect.way_in(connection) == "INSERT of many rows"


def test_a_parameter_that_is_none_is_told_by_its_value() -> None:
    with pytest.raises(InvalidConfiguration, match="'perhaps'"):
        Database(Destination(url=SecretStr("mysql://nobody@nowhere/x?local_infile=perhaps")))

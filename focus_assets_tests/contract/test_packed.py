"""PostgreSQL holds the same rows, whichever way they came in: as CSV, packed, or one by one among packed ones."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.load.stage import Stage
from focus_assets.model.errors import BadValue
from focus_assets.model.feed import Block, Feed, PackedRows, Row
from focus_assets.model.schema import ResourceSchema
from focus_assets.sources.rows import Reading, RowDecoder
from focus_assets_tests.contract.databases import opened
from focus_assets_tests.contract.loading import Loading
from focus_assets_tests.contract.test_values import line, loading
from focus_assets_tests.packing import needs_packer
from focus_assets_tests.unit.model.hostile import ACCEPTED

FIRST = b'{"id":"first"}\n'
BINARY, CSV = "COPY (FORMAT binary)", "COPY"


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty one."""
    needs_packer()
    with opened("postgresql", request, tmp_path) as found:
        yield found


def read(schema: ResourceSchema, lines: bytes, reading: Reading = Reading.PACKED) -> Sequence[Row]:
    return RowDecoder(schema, Feed.FULL, reading=reading).decode(Block(lines, 1, 0)).rows


def staged(given: Loading, batches: Iterator[Sequence[Row]]) -> tuple[str, list[str]]:
    """The way in, and the stage's rows as the database writes them."""
    with given.database.connection("stage") as connection:
        stage = Stage(given.database, connection, given.target)
        stage.clear(full=True)
        stage.fill_full(batches)
        with connection.begin():
            found = connection.exec_driver_sql(f"SELECT t::text FROM {stage.base.name} t ORDER BY 1").scalars()
            return stage.way_in, list(found)


@pytest.mark.parametrize("type_name", ACCEPTED)
def test_every_value_is_the_same_by_every_way(database: Database, type_name: str) -> None:
    given = loading(database, type_name)
    lines = [FIRST, *(line(str(place), "v", wire) for place, wire in enumerate(ACCEPTED[type_name]))]
    exact = [read(given.schema, one, Reading.EXACT) for one in lines]
    packed = [read(given.schema, one) for one in lines]
    first = packed[0]
    assert isinstance(first, PackedRows)
    assert sum(isinstance(rows, PackedRows) for rows in packed) > len(packed) // 4
    csv = staged(given, iter(exact))
    assert csv[0] == CSV
    assert staged(given, iter(packed)) == (BINARY, csv[1])
    assert staged(given, iter([first, *exact[1:]])) == (BINARY, csv[1])
    assert staged(given, iter([*exact[:1], *packed[1:]])) == csv


def test_the_way_told_is_that_of_the_last_rows(database: Database) -> None:
    given = loading(database, "string")
    with database.connection("stage") as connection:
        stage = Stage(database, connection, given.target)
        for batches, way in (([read(given.schema, FIRST)], BINARY), ([], CSV)):
            stage.clear(full=True)
            stage.fill_full(batches)
            assert stage.way_in == way


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_texts_are_utf8_whatever_the_database_keeps_them_in(database: Database, encoding: str) -> None:
    given = loading(database, "string")
    name = f"focus_{encoding.lower()}_{uuid.uuid4().hex[:8]}"
    with _made(database, name, encoding) as foreign:
        there = Loading(foreign, given.ref, given.schema)
        lines = [FIRST, line("2", "v", '"é"')]
        for reading in (Reading.EXACT, Reading.PACKED):
            rows = staged(there, iter([read(given.schema, one, reading) for one in lines]))[1]
            assert rows == ["(2,é,f)", "(first,,f)"]


@contextmanager
def _made(database: Database, name: str, encoding: str) -> Iterator[Database]:
    """A database of an encoding, gone afterwards."""
    engine = database._engine.execution_options(isolation_level="AUTOCOMMIT")
    like = f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} {like}")
    try:
        url = database._engine.url.set(drivername="postgresql", database=name)
        yield Database(Destination(url=SecretStr(url.render_as_string(hide_password=False))))
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_bad_row_after_packed_ones_leaves_nothing(database: Database) -> None:
    given = loading(database, "int16")

    def batches() -> Iterator[Sequence[Row]]:
        for lines in (FIRST, line("2", "v", "70000")):
            yield read(given.schema, lines)

    with given.database.connection("stage") as connection:
        stage = Stage(given.database, connection, given.target)
        stage.clear(full=True)
        with pytest.raises(BadValue):
            stage.fill_full(batches())
        assert stage.count(connection) == 0

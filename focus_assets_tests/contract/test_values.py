"""Every value that a server may send comes back from every database as it was, or is refused by name."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from focus_assets.database.dialects.mysql import LONGEST_PART
from focus_assets.database.dialects.sqlserver import LONGEST_KEY
from focus_assets.database.open import Database
from focus_assets.load.stage import Stage
from focus_assets.model.errors import BodyError, FocusError, RowError
from focus_assets.model.feed import Block, Feed, Row
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import UNKEYABLE, Column, Kind, ResourceSchema
from focus_assets.sources.rows import Reading, RowDecoder
from focus_assets_tests.contract.databases import DIALECTS, INSERTED, opened
from focus_assets_tests.contract.loading import Loading, Round, column
from focus_assets_tests.effort import some
from focus_assets_tests.unit.model.hostile import ACCEPTED, WIRES

GOOD = b'{"id":"good"}\n'
BOUNDED_KEYS = {"mysql": LONGEST_PART, "mssql": LONGEST_KEY // 4}  # where a longer key is refused by name
PADDED_KEYS = ("mssql",)  # where keys that end with spaces or zeros are
REFUSED_A_TYPE = {"sqlite": 45, "postgresql": 45}  # elsewhere fewer: it is before the database that they are refused


@pytest.fixture(params=[*DIALECTS, INSERTED])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Each kind, and MySQL by either of its ways in."""
    with opened(request.param, request, tmp_path) as found:
        yield found


def the_text(value: Any) -> Any:
    return value


def number(value: Any) -> Any:
    return Decimal(value)


def json_value(text: str) -> Any:
    """A JSON text with its numbers exact, and its objects without an order."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def texts(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def moment(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    there = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)  # what has no zone is in UTC
    return there.isoformat(timespec="microseconds").replace("+00:00", "Z")


def day(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


# What a driver gives for a stored value, as the value that it stands for.
READ: dict[Kind, Callable[[Any], Any]] = {
    Kind.DECIMAL: number,
    Kind.UUID: str,
    Kind.TIMESTAMP: moment,
    Kind.DATE: day,
    Kind.BOOL: lambda value: {0: False, 1: True}[value],
    Kind.JSON: json_value,
    Kind.BYTES: bytes,
    Kind.TEXT_LIST: texts,
}


def as_read(kind: Kind, value: Any) -> Any:
    return value if value is None else READ.get(kind, the_text)(value)


def expected(kind: Kind, value: Any) -> Any:
    return json_value(value) if kind is Kind.JSON and value is not None else value


def line(key: str, name: str, wire: str) -> bytes:
    return f'{{"id":"{key}","{name}":'.encode() + wire.encode(errors="surrogatepass") + b"}\n"


def decoded(schema: ResourceSchema, lines: bytes, *, reading: Reading = Reading.FAST) -> Sequence[Row]:
    return RowDecoder(schema, Feed.FULL, reading=reading).decode(Block(lines, 1, 0)).rows


def loading(database: Database, type_name: str) -> Loading:
    name = f"type_{list(ACCEPTED).index(type_name)}"
    schema = ResourceSchema(name, (column("id", "string"), column("v", type_name)), ("id",))
    return Loading(database, PartitionRef("shop", "retail", name, "DE"), schema)


@functools.cache
def sort(schema: ResourceSchema) -> tuple[list[Row], dict[str, FocusError]]:
    """The rows of the wires that the schema's `v` takes, keyed by their numbers; the errors of all others."""
    rows: list[Row] = []
    errors: dict[str, FocusError] = {}
    for place, wire in enumerate(WIRES):
        try:
            rows += decoded(schema, line(str(place), "v", wire))
        except FocusError as error:
            errors[wire] = error
    return rows, errors


def stored(given: Loading, *names: str) -> list[tuple[Any, ...]]:
    """Columns of the table as the driver reads them, JSON as its text."""
    quote = given.database._engine.dialect.identifier_preparer
    kinds = {found.name: found.type.kind for found in given.schema.columns}
    shown = [_as_text(given, name) if kinds[name] is Kind.JSON else quote.quote(name) for name in names]
    with given.database.reading("read it back") as connection:
        found = connection.exec_driver_sql(f"SELECT {', '.join(shown)} FROM {quote.format_table(given.target.table)}")
        return [tuple(as_read(kinds[name], value) for name, value in zip(names, row, strict=True)) for row in found]


def _as_text(given: Loading, name: str) -> str:
    """A driver may parse what is of a JSON type, and not what is a text."""
    quoted = given.database._engine.dialect.identifier_preparer.quote(name)
    return f"CAST({quoted} AS TEXT)" if isinstance(given.target.table.c[name].type, sa.JSON) else quoted


def test_what_a_type_takes_comes_back_as_it_was(database: Database) -> None:
    for type_name in ACCEPTED:
        given = loading(database, type_name)
        kind = given.schema.column("v").type.kind
        rows: list[Row] = [*sort(given.schema)[0], ("null", None)]
        given.full(rows)
        wanted = {str(key): expected(kind, value) for key, value in rows}
        found = dict(stored(given, "id", "v"))
        assert found == wanted, type_name
        assert list(map(type, found.values())) == [type(wanted[key]) for key in found], type_name
        assert len(wanted) == len(ACCEPTED[type_name]) + 1, type_name


def test_the_same_values_again_change_nothing(database: Database) -> None:
    for type_name in ACCEPTED:
        given = loading(database, type_name)
        rows, _ = sort(given.schema)
        given.full(rows)
        assert given.full(rows).applied.changes.written == 0, type_name
        assert given.delta(Round(upserted=rows)).applied.changes.written == 0, type_name


def test_other_values_are_seen_whatever_their_type(database: Database) -> None:
    for type_name in ACCEPTED:
        given = loading(database, type_name)
        kind = given.schema.column("v").type.kind
        values = [None, *(value for _, value in sort(given.schema)[0])]
        pairs = [two for two in pairwise([*values, None]) if expected(kind, two[0]) != expected(kind, two[1])]
        old, new = ([(str(place), two[side]) for place, two in enumerate(pairs)] for side in (0, 1))
        given.full(old)
        assert given.full(new).applied.changes.updated == len(pairs) > 1, type_name
        assert given.delta(Round(upserted=old)).applied.changes.updated == len(pairs), type_name
        assert dict(stored(given, "id", "v")) == {key: expected(kind, value) for key, value in old}, type_name


def test_what_a_type_refuses_has_a_name_and_leaves_the_table_as_it_was(database: Database) -> None:
    for type_name in ACCEPTED:
        given = loading(database, type_name)
        given.full([("good", None)])
        before = (given.entry(), stored(given, "id", "v"))
        _, errors = sort(given.schema)
        with database.connection("load") as connection:
            stage = Stage(database, connection, given.target)
            for wire in some(list(errors), REFUSED_A_TYPE.get(database.dialect.name, 10)):
                assert isinstance(errors[wire], RowError | BodyError), (type_name, wire)
                _insist_on(errors[wire], stage, [GOOD, line("bad", "v", wire), GOOD])
        assert (given.entry(), stored(given, "id", "v")) == before, type_name


def _insist_on(error: FocusError, stage: Stage, blocks: Sequence[bytes]) -> None:
    stage.clear(full=True)
    with pytest.raises(type(error)):
        stage.fill_full(decoded(stage.target.schema, block) for block in blocks)


def test_what_a_type_takes_is_a_key_that_is_found_again(database: Database) -> None:
    for type_name in ACCEPTED:
        key = column("v", type_name)
        if key.type.kind not in UNKEYABLE:
            _find_again(database, key)


def _find_again(database: Database, key: Column) -> None:
    values = _different(sort(ResourceSchema("any", (column("id", "string"), key), ("id",)))[0])
    values = [value for value in values if _is_taken(database, _written(value))]
    name = f"keyed by {key.type}"
    schema = ResourceSchema(name, (key, column("note", "int32")), ("v",))
    given = Loading(database, PartitionRef("shop", "retail", name, "DE"), schema)
    given.full([(value, 1) for value in values])
    assert {found for (found,) in stored(given, "v")} == set(values), name
    again = given.delta(Round(upserted=[(value, 2) for value in values[1:]], deleted=[(values[0],)]))
    assert (again.applied.changes.updated, again.applied.changes.deleted) == (len(values) - 1, 1), name
    assert given.delta(Round(deleted=[(value,) for value in values])).applied.rows == 0, name


def _is_taken(database: Database, key: str | bytes) -> bool:
    """Whether it may be a key there."""
    padded = key.endswith(" ") if isinstance(key, str) else key.endswith(b"\0")
    short = len(key) <= BOUNDED_KEYS.get(database.dialect.name, len(key))
    return short and not (padded and database.dialect.name in PADDED_KEYS)


def _written(value: Any) -> str | bytes:
    return value if isinstance(value, str | bytes) else format(value, "f") if isinstance(value, Decimal) else str(value)


def _different(rows: Sequence[Row]) -> list[Any]:
    return list({value: None for _, value in rows if value is not None})


LOOK_ALIKES = [
    "abc",
    "ABC",
    "Abc",
    "abc ",
    " abc",
    "abc\t",
    "äbc",
    "a\u0308bc",
    "abc\u200b",
    "ａｂｃ",
    "ß",
    "ss",
    "ı",
    "i",
    "",
]


def test_keys_that_look_alike_stay_apart(database: Database) -> None:
    given = Loading(database)
    keys = [key for key in LOOK_ALIKES if _is_taken(database, key)]
    rows: list[Row] = [(key, key, None, None, None) for key in keys]
    given.full(rows)
    assert given.rows() == {key: key for key in keys}
    given.delta(Round(deleted=[("abc",)], upserted=[("ABC", "x", None, None, None)]))
    assert given.rows() == {**{key: key for key in keys if key != "abc"}, "ABC": "x"}


def test_both_readers_store_the_same(database: Database) -> None:
    given = loading(database, "string")
    rows, _ = sort(given.schema)
    lines = b"".join(line(str(key), "v", WIRES[int(str(key))]) for key, _ in rows)
    assert decoded(given.schema, lines) == decoded(given.schema, lines, reading=Reading.EXACT) == rows

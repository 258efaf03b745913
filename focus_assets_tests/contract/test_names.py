"""Whatever a server calls its columns and resources: the name works in every database as it is spelt, or is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from focus_assets.database.open import Database
from focus_assets.database.tables import stored_columns
from focus_assets.model.errors import DatabaseFailed, NameRefused, SchemaError
from focus_assets.model.feed import Block, Feed, Row
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import Column, ResourceSchema
from focus_assets.sources.rows import RowDecoder
from focus_assets_tests.contract.loading import Loading, Round, column
from focus_assets_tests.effort import some

TABLES = 10
SQL = [
    "x'; DROP TABLE items; --",
    'x"; DROP TABLE items; --',
    '"',
    '""',
    "'",
    "''",
    "`",
    "[x]",
    "a.b",
    '"a"."b"',
    "a;b",
    "a--b",
    "a/*b*/",
    "*",
    "a)",
    "(SELECT 1)",
    "1",
    "1a",
    "a b",
    "a\\",
    "\\",
    "$1",
    "?",
    ":a",
    "a:b",
    "@a",
    "%",
    "%s",
    "%%",
    "%(a)s",
    "{a}",
    "{0}",
    "a=b",
    "a,b",
    "#",
    "&",
    "<a>",
    "|",
    "~",
    "^",
    "!",
]
_WORDS = """
select from where table order group by user desc asc key index primary values default null true false and or not in is
between case when then else end join left union all distinct limit offset create drop alter insert update delete merge
grant column row rows type date time timestamp interval current_user session_user natural using lateral window analyze
id name value version password excluded generated temp _rowid_ main public constraint collate returning
"""
WORDS = _WORDS.split()
OF_THE_SYSTEM = ["rowid", "oid", "_rowid_", "ROWID", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"]
LETTERS = [
    "é",
    "雪",
    "имя",
    "שם",
    "🎉",
    "ß",
    "ŉ",
    "a" * 63,
    "é" * 31,
    "Camel",
    "UPPER",
    "p0",
    "p1",
    "param_1",
    "count_1",
    "anon_1",
    "arrival",
    "place",
    "b",
    "self",
    "class",
    "def",
    "None",
    "__class__",
    "__struct_fields__",
    "f0",
    "f1",
    "_",
    "__",
    "keys",
    "items",
    "c",
    "columns",
]
COLUMNS = [*SQL, *WORDS, *OF_THE_SYSTEM, *LETTERS]
REFUSED = [
    "",
    " ",
    "a ",
    " a",
    "a\0b",
    "a\nb",
    "a\r\nHost: x",
    "\ufeffa",
    "a\u200bb",
    "a\u202eb",
    "\ud800",
    "a" * 64,
    "é" * 32,
    "_focus_deleted",
    "_FOCUS_deleted",
    "_country",
    "_COUNTRY",
    "_synced_at",
    "_partition",
]
COLLIDING = [
    ("name", "NAME"),
    ("straße", "STRASSE"),
    ("é", "e\u0301"),
    ("ǆ", "Ǆ"),
    ("İ", "i\u0307"),
    ("ı", "ı"),
]


def resource(name: str, *names: str, key: str = "id") -> ResourceSchema:
    columns = [column(key, "string"), *(column(one, "string") for one in names if one != key)]
    return ResourceSchema(name, tuple(columns), (key,))


def loading(database: Database, schema: ResourceSchema, service: str = "retail") -> Loading:
    return Loading(database, PartitionRef("shop", service, schema.name, "DE"), schema)


def works(given: Loading, width: int) -> None:
    """Every statement of a load, with every way in which a row can change."""
    given.full([("a", *["1"] * width), ("b", *["1"] * width)])
    given.full([("a", *["2"] * width), ("b", *["1"] * width), ("b", *["3"] * width), ("c", *["1"] * width)])
    given.delta(Round(deleted=[("c",)], upserted=[("a", *["4"] * width), ("d", *["1"] * width)]))
    assert everything(given) == {("a", *["4"] * width), ("b", *["3"] * width), ("d", *["1"] * width)}


def everything(given: Loading) -> set[tuple[str, ...]]:
    # the driver's own cursor: nobody looks for placeholders in the names
    with given.database.reading("read it back") as connection:
        preparer = connection.dialect.identifier_preparer
        names = ", ".join(preparer.quote_identifier(one.name) for one in given.schema.columns)
        statement = f"SELECT {names} FROM {preparer.format_table(given.target.table)}"
        driver = connection.connection.driver_connection
        assert driver is not None
        cursor = driver.cursor()
        cursor.execute(statement.replace("%%", "%") if preparer._double_percents else statement)
        return {tuple(row) for row in cursor.fetchall()}


def test_a_hundred_names_at_once_are_columns_as_they_are_spelt(database: Database) -> None:
    names = _borne(database, _apart([name for name in COLUMNS if name not in OF_THE_SYSTEM]))
    given = loading(database, resource("many", *names))
    works(given, len(names))
    with database.reading("look") as connection:
        assert (stored_columns(connection, given.target.table) or set()) >= set(names)


def test_a_name_of_the_database_s_own_works_or_is_refused_by_name(database: Database) -> None:
    for number, name in enumerate(OF_THE_SYSTEM):
        try:
            given = loading(database, resource(f"own_{number}", name))
        except (SchemaError, DatabaseFailed) as error:
            unnamed = name not in str(error)
        else:
            works(given, 1)
            unnamed = False
        assert not unnamed, name


def test_all_names_of_sqlite_s_row_number_at_once_hide_no_row(database: Database) -> None:
    given = loading(database, resource("numbers", "rowid", "oid", "_rowid_"))
    try:
        works(given, 3)
    except (NameRefused, DatabaseFailed):
        assert everything(given) == {("a", "1", "1", "1"), ("b", "1", "1", "1")}  # of the load before


@pytest.mark.parametrize("name", ["ctid", "rowid", "%", 'a"b', "select", "x'; DROP TABLE items; --", "雪", ":a", "?"])
def test_a_key_may_have_such_a_name(database: Database, name: str) -> None:
    try:
        given = loading(database, resource("keyed", "v", key=name))
    except (SchemaError, DatabaseFailed):
        assert name == "ctid"
        return
    works(given, 1)


def test_resources_may_have_such_names(database: Database) -> None:
    names = [name for name in _apart([*SQL, *WORDS, *LETTERS]) if len(name) < 50]  # a service may come before it
    for name in some(_borne(database, names), TABLES):
        works(loading(database, resource(name, "v")), 1)
    with database.reading("look") as connection:
        assert stored_columns(connection, loading(database, resource("items", "v")).target.table)


def test_services_may_have_such_names(database: Database) -> None:
    for name in ['a"b', "select", "x'; DROP TABLE items; --", "雪", "%s", ":a", "Retail", "a.b"]:
        works(loading(database, resource("items", "v"), service=name), 1)


def test_no_two_services_share_a_table(database: Database) -> None:
    tables = set()
    for service, name in [("a", "b__c"), ("a__b", "c"), ("a", "_b"), ("a_", "b"), ("a_", "_b"), ("a", "__b")]:
        try:
            given = loading(database, resource(name, "v"), service=service)
        except NameRefused:
            tables.add((service, name))
        else:
            tables.add((given.target.table.schema or "", given.target.table.name.casefold()))
    assert len(tables) == 6


@pytest.mark.parametrize("name", REFUSED)
def test_what_hides_or_breaks_out_is_refused_before_anything_is_made(database: Database, name: str) -> None:
    for schema in (resource("items", "v", name), resource(name, "v")):
        if schema.name in ("_country", "_COUNTRY", "_synced_at", "_partition"):
            continue  # reserved among columns alone
        with pytest.raises(NameRefused):
            loading(database, schema)


@pytest.mark.parametrize(("one", "other"), COLLIDING)
def test_names_that_a_database_could_take_for_one_are_refused(database: Database, one: str, other: str) -> None:
    columns = (column("id", "string"), column(one, "string"), Column(other, column(one, "string").type))
    if one == other:
        return
    with pytest.raises(NameRefused):
        loading(database, ResourceSchema("items", columns, ("id",)))


def test_a_line_finds_the_column_whatever_it_is_called(database: Database) -> None:
    names = _borne(database, _apart([name for name in COLUMNS if name not in OF_THE_SYSTEM]))
    schema = resource("lines", *names)
    given = loading(database, schema)
    given.full(_rows(schema, names))
    assert everything(given) == {("k", *names)}


def _rows(schema: ResourceSchema, names: Sequence[str]) -> list[Row]:
    import json

    line = json.dumps({"id": "k", **{name: name for name in names}}).encode() + b"\n"
    return RowDecoder(schema, Feed.FULL).decode(Block(line, 1, 0)).rows


def _borne(database: Database, names: Sequence[str]) -> list[str]:
    """Those that the database takes: all but those that MySQL refuses by name."""
    refused = [name for name in names if _is_refused(database, name)]
    assert refused == (["`", "🎉"] if database.dialect.name == "mysql" else [])
    return [name for name in names if name not in refused]


def _is_refused(database: Database, name: str) -> bool:
    try:
        database.dialect.check_name(name)
    except NameRefused:
        return True
    return False


def _apart(names: Sequence[str]) -> list[str]:
    """Those that no other name of the list folds to."""
    from focus_assets.model.names import folded

    return list({folded(name): name for name in names if folded(name) != "id"}.values())


def test_a_table_may_be_wide(database: Database) -> None:
    names = [f"column_{number}" for number in range(200)]
    works(loading(database, resource("wide", *names)), 200)


def test_the_widest_table_works_or_is_refused_by_name(database: Database) -> None:
    names = [f"column_{number}" for number in range(997)]
    try:
        works(loading(database, resource("widest", *names)), 997)
    except DatabaseFailed as error:
        assert "widest" in str(error)  # noqa: PT017 -- either is right

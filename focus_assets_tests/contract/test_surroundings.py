"""What a database does by itself, or others have made of it, is never silently taken for what was loaded."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.load.standing import look, refuse_misfits
from focus_assets.model.errors import DatabaseRefused, SchemaChanged
from focus_assets.model.mode import Mode
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Heal
from focus_assets_tests.contract.databases import opened
from focus_assets_tests.contract.loading import Loading, Round, item

BENDS = {
    "sqlite": (
        "CREATE TRIGGER bends AFTER {event} ON retail__items BEGIN "
        "UPDATE retail__items SET name = upper(name) WHERE id = new.id; END",
    ),
    "postgresql": (
        "CREATE FUNCTION retail.bend() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN new.name := upper(new.name); RETURN new; END$$",
        "CREATE TRIGGER bends BEFORE {event} ON retail.items FOR EACH ROW EXECUTE FUNCTION retail.bend()",
    ),
    "mysql": ("CREATE TRIGGER bends BEFORE {event} ON retail__items FOR EACH ROW SET new.name = upper(new.name)",),
}


def _do(database: Database, *statements: str) -> None:
    with database.writing("meddle") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def postgres(postgres_url: str) -> Database:
    return Database(Destination(url=SecretStr(postgres_url), lock_timeout_seconds=1))


@pytest.fixture(params=sorted(BENDS))
def loading(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loading]:
    with opened(request.param, request, tmp_path) as database:
        yield Loading(database)


@pytest.mark.parametrize("event", ["UPDATE", "INSERT"])
def test_values_that_a_trigger_changes_are_not_published(loading: Loading, event: str) -> None:
    loading.full([item("a"), item("c")])
    before = loading.entry()
    _do(loading.database, *(text.format(event=event) for text in BENDS[loading.database.dialect.name]))
    changed = item("a", "x", at=1) if event == "UPDATE" else item("b")
    with pytest.raises(DatabaseRefused, match="1 rows are not in the table as they were written: a trigger"):
        loading.full([*([] if event == "UPDATE" else [item("a")]), changed])
    with pytest.raises(DatabaseRefused, match="1 rows are not in the table as they were written: a trigger"):
        loading.delta(Round(upserted=[changed]))
    assert (loading.rows(), loading.entry()) == ({"a": "n", "c": "n"}, before)


@pytest.mark.parametrize("mode", Mode)
def test_a_trigger_that_changes_nothing_of_it_does_no_harm(loading: Loading, mode: Mode) -> None:
    _do(loading.database, *(text.format(event="INSERT") for text in BENDS[loading.database.dialect.name]))
    loading = dataclasses.replace(loading, mode=mode)
    loading.full([item("a", "N"), item("b", "N")])
    loading.full([item("b", "N"), item("c", "N")])
    loading.delta(Round([("b",)], [item("c", "M", at=1), item("d", "N")]))
    assert loading.rows().keys() >= {"c", "d"}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE RULE keeps AS ON UPDATE TO retail.items DO INSTEAD NOTHING",
        "CREATE RULE keeps AS ON DELETE TO retail.items DO INSTEAD NOTHING",
        "CREATE RULE keeps AS ON INSERT TO retail.items DO INSTEAD NOTHING",
    ],
)
def test_what_a_rule_keeps_from_the_table_is_not_published(postgres: Database, statement: str) -> None:
    loading = Loading(postgres)
    loading.full([item("a"), item("b")])
    _do(postgres, statement)
    with pytest.raises(DatabaseRefused, match="1 rows are not in the table as they were written"):
        loading.full([item("a", "x"), item("b")] if "UPDATE" in statement else [item("a"), *_other(statement)])
    assert loading.rows() == {"a": "n", "b": "n"}


def _other(statement: str) -> list[tuple[object, ...]]:
    return [item("b"), item("c")] if "INSERT" in statement else []


@pytest.mark.parametrize(
    ("kind", "statements", "said"),
    [
        ("postgresql", ["ALTER TABLE retail.items ALTER price TYPE numeric(10, 2)"], "price is NUMERIC(10, 2) and"),
        ("postgresql", ["ALTER TABLE retail.items ALTER name TYPE varchar(3)"], "name is VARCHAR(3) and not TEXT"),
        (
            "postgresql",
            [
                'ALTER TABLE retail.items ALTER name TYPE text COLLATE "POSIX"',
            ],
            'name is TEXT COLLATE "POSIX" and not TEXT',
        ),
        ("mysql", ["ALTER TABLE retail__items MODIFY price decimal(10, 2)"], "price is DECIMAL(10, 2) and not"),
        ("mysql", ["ALTER TABLE retail__items MODIFY name longtext COLLATE utf8mb4_general_ci"], "name is LONGTEXT"),
        ("duckdb", ["ALTER TABLE retail.items ALTER price TYPE decimal(10, 2)"], "price is NUMERIC(10, 2) and not"),
        (
            "sqlite",
            ["ALTER TABLE retail__items DROP COLUMN name", "ALTER TABLE retail__items ADD COLUMN name INTEGER"],
            "name is INTEGER and not TEXT",
        ),
        (
            "sqlite",
            ["ALTER TABLE retail__items DROP name", "ALTER TABLE retail__items ADD name TEXT COLLATE NOCASE"],
            "a column has a collation of its own",
        ),
    ],
)
def test_columns_of_other_types_are_refused(
    kind: str, statements: list[str], said: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with opened(kind, request, tmp_path) as database:
        loading = Loading(database)
        refuse_misfits(look(database, loading.ref, loading.target), loading.target)
        views = ["DROP VIEW retail__items__numeric"] if kind == "sqlite" else []
        _do(database, *views, *statements)
        standing = look(database, loading.ref, loading.target)
        with pytest.raises(SchemaChanged, match="is not as it was made: ") as refused:
            refuse_misfits(standing, loading.target)
        assert said in str(refused.value)


def test_a_database_whose_usual_collation_is_ours_has_no_misfits(mysql_url: str) -> None:
    database = Database(Destination(url=SecretStr(mysql_url), lock_timeout_seconds=1))
    with database.reading("ask") as connection:
        ours = "utf8mb4_nopad_bin" if connection.dialect.is_mariadb else "utf8mb4_0900_bin"  # type: ignore[attr-defined]
    _do(database, f"ALTER DATABASE COLLATE {ours}")
    loading = Loading(database)
    assert look(database, loading.ref, loading.target).misfits == ()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "duckdb", "mysql"])
def test_a_partition_that_another_source_fills_is_refused(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with opened(kind, request, tmp_path) as database:
        other, mine = Loading(database, PartitionRef("other", "retail", "items", "DE")), Loading(database)
        other.full([item("a")])
        with pytest.raises(DatabaseRefused, match="partition 'DE', is filled by other, says our _focus_ledger"):
            look(database, mine.ref, mine.target)
        look(database, dataclasses.replace(mine.ref, partition="FR"), mine.target)


def test_a_partition_of_which_the_ledger_of_another_schema_tells_is_refused(postgres: Database) -> None:
    mine = Loading(postgres)
    mine.full([item("a")])
    _do(postgres, "CREATE SCHEMA alice")
    url = postgres._engine.url.update_query_dict({"options": "-csearch_path=alice"})
    secret = SecretStr(url.render_as_string(hide_password=False))
    hers = Loading(Database(Destination(url=secret, lock_timeout_seconds=1)))
    with pytest.raises(DatabaseRefused, match="is filled by shop, says public _focus_ledger"):
        look(hers.database, hers.ref, hers.target)
    look(postgres, mine.ref, mine.target)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["ALTER TABLE retail.items ENABLE ROW LEVEL SECURITY", "GRANT ALL ON retail.items TO {user}"], "row security"),
        (
            ["ALTER TABLE retail.items RENAME TO kept", "CREATE VIEW retail.items AS SELECT * FROM retail.kept"],
            "a view",
        ),
    ],
)
def test_a_table_that_hides_rows_is_refused(postgres: Database, statements: list[str], said: str) -> None:
    loading, user = Loading(postgres), f"focus_{os.getpid()}"
    _do(postgres, f"CREATE ROLE {user} LOGIN", f"GRANT ALL ON SCHEMA retail, public TO {user}")
    try:
        _do(postgres, *(text.format(user=user) for text in statements))
        _do(postgres, f"GRANT ALL ON ALL TABLES IN SCHEMA retail, public TO {user}")
        with postgres.writing("look as another") as connection:
            connection.exec_driver_sql(f"SET LOCAL ROLE {user}")
            with pytest.raises(DatabaseRefused, match=said):
                postgres.dialect.check_table(connection, loading.target.table)
    finally:
        _do(postgres, f"DROP OWNED BY {user}", f"DROP ROLE {user}")


def test_row_security_that_hides_nothing_from_the_owner_does_no_harm(postgres: Database) -> None:
    loading = Loading(postgres)
    _do(postgres, "ALTER TABLE retail.items ENABLE ROW LEVEL SECURITY")
    assert look(postgres, loading.ref, loading.target).rows is False


def test_what_a_role_or_a_url_sets_of_postgresql_does_not_reach_a_load(postgres: Database) -> None:
    options = "-cextra_float_digits=-5 -cstandard_conforming_strings=off"
    url = postgres._engine.url.update_query_dict({"options": options, "autocommit": "true"})
    database = Database(Destination(url=SecretStr(url.render_as_string(hide_password=False)), lock_timeout_seconds=1))
    loading = Loading(database)
    loading.full([item("a", "\\"), item("b")])
    assert loading.full([item("a", "x")], decision=Heal("differs")).entry is None
    assert loading.rows() == {"a": "\\", "b": "n"}
    with database.reading("read a number") as connection:
        assert connection.exec_driver_sql("SELECT 0.1::float8 + 0.2::float8").scalar_one() == 0.1 + 0.2


def test_a_limit_of_mysqls_selects_does_not_reach_a_load(mysql_url: str) -> None:
    url = SecretStr(f"{mysql_url}&init_command=SET sql_select_limit = 1")
    loading = Loading(Database(Destination(url=url, lock_timeout_seconds=1)))
    loading.full([item("a"), item("b")])
    assert loading.rows() == {"a": "n", "b": "n"}


def test_a_table_without_transactions_is_refused_before_a_load_also_where_it_has_every_column(mysql_url: str) -> None:
    database = Database(Destination(url=SecretStr(mysql_url), lock_timeout_seconds=1))
    loading = Loading(database)
    _do(database, "ALTER TABLE retail__items DROP PRIMARY KEY, ENGINE = MyISAM")
    with pytest.raises(DatabaseRefused, match="kept by MyISAM"):
        look(database, loading.ref, loading.target)


def test_a_ledger_without_transactions_is_refused(mysql_url: str) -> None:
    _do(Loading(Database(Destination(url=SecretStr(mysql_url)))).database, "ALTER TABLE _focus_ledger ENGINE = Aria")
    with pytest.raises(DatabaseRefused, match="_focus_ledger is kept by Aria"):
        Loading(Database(Destination(url=SecretStr(mysql_url))))


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_with_two_names_is_refused(kind: str, tmp_path: Path) -> None:
    file, link, other = (tmp_path / name for name in ("mirror.db", "link.db", "other.db"))

    def open_by(name: Path) -> Loading:
        return Loading(Database(Destination(url=SecretStr(f"{kind}:///{name}"), lock_timeout_seconds=1)))

    open_by(file).full([item("a")])
    link.symlink_to(file)
    assert open_by(link).rows() == {"a": "n"}
    other.hardlink_to(file)
    for name in (file, link, other):
        with pytest.raises(DatabaseRefused, match="has a second name"):
            open_by(name)


def test_what_was_fetched_is_not_written_to_a_file_that_was_replaced_meanwhile(tmp_path: Path) -> None:
    url = SecretStr(f"sqlite:///{tmp_path / 'mirror.db'}")
    loading = Loading(Database(Destination(url=url, lock_timeout_seconds=1)))
    loading.full([item("a")])

    class Replaced(list[Round]):
        def __iter__(self) -> Iterator[Round]:
            for path in tmp_path.glob("mirror.db*"):
                path.replace(tmp_path / f"old-{path.name}")
            Loading(Database(Destination(url=url))).full([item("restored")])
            return super().__iter__()

    with pytest.raises(DatabaseRefused, match="was removed or replaced while it was open"):
        loading._load([item("b")], Replaced(), Heal(""))
    assert loading.rows() == {"restored": "n"}

"""A first load becomes the table where it can; what it leaves is what any other load would have left."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.database.tables import SYNCED_AT, ensure, ensure_schema, has_rows
from focus_assets.load.apply import Apply
from focus_assets.load.publish import Publication, publish
from focus_assets.load.stage import Stage
from focus_assets.model.errors import DatabaseBusy, StaleGeneration
from focus_assets.model.outcome import Changes
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Decision, GiveUp, Publish, Verdict
from focus_assets_tests.contract.loading import NOW, REF, Loading, Round, item

ROWS = [item("a"), item("b"), item("c")]


def first(database: Database, partition: str = "DE") -> Loading:
    """A partition of a table that is not there."""
    return Loading(database, PartitionRef(REF.source, REF.service, REF.resource, partition), first=True)


def described(database: Database, loading: Loading) -> list[object]:
    """All that the database tells of the table."""
    with database.reading("look") as connection:
        inspector, table = sa.inspect(connection), loading.target.table
        columns = inspector.get_columns(table.name, schema=table.schema)
        told = [(c["name"], str(c["type"]), c["nullable"], c.get("default")) for c in columns]
        key = inspector.get_pk_constraint(table.name, schema=table.schema)
        return [told, key["constrained_columns"], key["name"], names(database, loading)]


def names(database: Database, loading: Loading) -> list[str]:
    """The tables and views beside the table, and itself."""
    with database.reading("look") as connection:
        inspector, inside = sa.inspect(connection), loading.target.table.schema
        return sorted([*inspector.get_table_names(schema=inside), *inspector.get_view_names(schema=inside)])


def drop(connection: sa.Connection, loading: Loading) -> None:
    """The table, and its views where it has any."""
    for statement in loading.database.dialect.views(loading.target.table, loading.schema.columns):
        if statement.startswith("DROP"):
            connection.exec_driver_sql(statement)
    loading.target.table.drop(connection)


def test_the_table_is_as_if_it_had_been_there(database: Database) -> None:
    loading = first(database)
    judged = loading.full(ROWS)
    assert judged.applied.changes == Changes(inserted=3)
    assert loading.rows() == {"a": "n", "b": "n", "c": "n"}
    became = described(database, loading)
    with database.writing("drop") as connection:
        drop(connection, loading)
    ensure(database, loading.target)
    assert described(database, loading) == became


def test_what_comes_after_it_finds_its_rows(database: Database) -> None:
    loading = first(database)
    loading.full([item("a"), item("b")])
    assert loading.full([item("b", "new"), item("c")]).applied.changes == Changes(inserted=1, updated=1, deleted=1)
    assert loading.full([item("b", "new"), item("c")]).applied.changes == Changes(unchanged=2)
    loading.delta(Round(deleted=[("b",)], upserted=[item("d")]))
    assert loading.rows() == {"c": "n", "d": "n"}


def test_of_equal_keys_one_row_is_left(database: Database) -> None:
    loading = first(database)
    loading.full([item("a", "old"), item("b"), item("a", "new")])
    assert loading.rows() == {"a": "new", "b": "n"}


def test_what_changed_meanwhile_is_in_it(database: Database) -> None:
    loading = first(database)
    loading.full(ROWS, Round(deleted=[("a",), ("x",)], upserted=[item("b", "new"), item("d")]), Round([("d",)]))
    assert loading.rows() == {"b": "new", "c": "n"}


def test_what_is_not_published_leaves_nothing(database: Database) -> None:
    loading = first(database)
    refused: Decision = GiveUp()
    loading.full(ROWS, decision=refused)
    assert loading.entry() is None
    if database.dialect.stage_becomes_table:
        assert has_rows(database, loading.target, "DE") is None
    loading.full(ROWS)
    assert loading.rows() == {"a": "n", "b": "n", "c": "n"}


def test_a_second_judgement_of_the_same_stage_counts(database: Database) -> None:
    loading, decisions = first(database), [GiveUp(), Publish(Verdict.COUNTED)]
    with database.connection() as connection:
        stage = _filled(database, connection, loading)
        load = Publication(loading.ref, stage, Apply("DE", full=True, now=NOW), loading.next_entry())
        for decision in decisions:
            publish(database, connection, load, judge=lambda _applied, it=decision: it, complete=lambda e, _a, _d: e)  # type: ignore[misc]
    assert loading.rows() == {"a": "n", "b": "n", "c": "n"}


def test_a_table_that_came_meanwhile_is_kept(database: Database) -> None:
    german, swedish = first(database), first(database, "SE")
    with database.connection() as connection:
        stage = _filled(database, connection, german)
        swedish.full([item("a", "theirs")])
        load = Publication(german.ref, stage, Apply("DE", full=True, now=NOW), german.next_entry())
        judged = publish(
            database, connection, load, judge=lambda _: Publish(Verdict.COUNTED), complete=lambda e, _a, _d: e
        )
    assert judged.applied.changes == Changes(inserted=3)
    assert german.rows() == {"a": "n", "b": "n", "c": "n"}
    assert swedish.rows() == {"a": "theirs"}
    books = {"_focus_ledger", "_focus_rejects", "_focus_intents"}
    assert not [name for name in names(database, german) if name.startswith("_focus") and name not in books]


def test_a_partition_may_have_any_name(database: Database) -> None:
    for partition in ("100%", "%s", "o'clock", ":x", "a\\b", 'q"q'):
        loading = first(database, partition)
        loading.full(ROWS, Round(upserted=[item("d")]))
        assert set(loading.rows()) == {"a", "b", "c", "d"}
        with database.writing("drop") as connection:
            drop(connection, loading)


def test_two_first_loads_of_one_partition_cannot_both_be_published(postgres_url: str) -> None:
    database = Database(Destination(url=SecretStr(postgres_url), lock_timeout_seconds=1))
    one, other = first(database), first(database)
    with database.connection() as connection:
        stage = _filled(database, connection, one)
        entry = one.next_entry()
        other.full([item("z", "theirs")])
        load = Publication(one.ref, stage, Apply("DE", full=True, now=NOW), entry)
        with pytest.raises(StaleGeneration):
            publish(database, connection, load, judge=lambda _: Publish(Verdict.COUNTED), complete=lambda e, _a, _d: e)
    assert other.rows() == {"z": "theirs"}


def test_while_a_first_load_is_fetched_nobody_waits_for_it(postgres_url: str) -> None:
    database = Database(Destination(url=SecretStr(postgres_url), lock_timeout_seconds=1))
    with database.connection() as connection:
        _filled(database, connection, first(database))
        try:
            first(database, "SE").full(ROWS)
        except DatabaseBusy as error:
            pytest.fail(str(error))


def test_a_name_that_the_key_would_take_is_left_to_whoever_has_it(postgres_url: str) -> None:
    database = Database(Destination(url=SecretStr(postgres_url)))
    loading = first(database)
    table = loading.target.table
    ensure_schema(database, table)
    with database.writing("take the name") as connection:
        connection.exec_driver_sql(f'CREATE SEQUENCE "{table.schema}"."{table.name}_pkey"')
    assert loading.full(ROWS).applied.changes == Changes(inserted=3)
    assert loading.rows() == {"a": "n", "b": "n", "c": "n"}
    with database.reading("look") as connection:
        key = sa.inspect(connection).get_pk_constraint(table.name, schema=table.schema)
    assert key["constrained_columns"] == ["_country", "id"]


def _filled(database: Database, connection: sa.Connection, loading: Loading) -> Stage:
    ensure_schema(database, loading.target.table)
    if not database.dialect.stage_becomes_table:
        ensure(database, loading.target)
    constants = (("_country", loading.ref.partition), (SYNCED_AT.name, NOW))
    stage = Stage(database, connection, loading.target, constants if database.dialect.stage_becomes_table else None)
    stage.clear(full=True)
    stage.fill_full([ROWS])
    return stage

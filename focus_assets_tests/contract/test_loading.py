"""What every database must do with a load: all of it by value, in one transaction, once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.database.tables import ensure, has_rows, mirrored
from focus_assets.load.ledger import claim, entries
from focus_assets.load.rejects import REJECTS
from focus_assets.load.standing import look
from focus_assets.model.errors import DatabaseBusy, Incomplete, StaleGeneration
from focus_assets.model.feed import Reject
from focus_assets.model.outcome import Changes
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.verdict import Heal, Refuse, Verdict
from focus_assets_tests.contract.loading import ITEMS, NOW, REF, Loading, Round, column, item


@pytest.fixture
def loading(database: Database) -> Loading:
    return Loading(database)


def test_a_full_load_inserts_updates_and_deletes_only_what_differs(loading: Loading) -> None:
    assert loading.full([item("a"), item("b"), item("c")]).applied.changes == Changes(inserted=3)
    second = loading.full([item("a"), item("b", "changed"), item("d")])
    assert second.applied.changes == Changes(inserted=1, updated=1, deleted=1, unchanged=1)
    assert loading.rows() == {"a": "n", "b": "changed", "d": "n"}


def test_the_same_full_load_again_writes_nothing(loading: Loading) -> None:
    rows = [item("a", price="1.50"), item("b", price=None)]
    loading.full(rows)
    assert loading.full(rows).applied.changes == Changes(unchanged=2)


def test_synced_at_is_not_compared(loading: Loading) -> None:
    loading.full([item("a")])
    synced = loading.target.table.c["_synced_at"]
    with loading.database.reading("look") as connection:
        before = connection.execute(sa.select(synced)).scalar()
    loading.full([item("a")])
    with loading.database.reading("look") as connection:
        assert connection.execute(sa.select(synced)).scalar() == before


def test_null_and_value_differ_both_ways(loading: Loading) -> None:
    loading.full([item("a", price=None), item("b", price="1")])
    assert loading.full([item("a", price="1"), item("b", price=None)]).applied.changes.updated == 2


def test_a_full_load_believes_an_older_version(loading: Loading) -> None:
    loading.full([item("a", "new", at=60)])
    loading.full([item("a", "restored", at=10)])
    assert loading.rows() == {"a": "restored"}


def test_a_delta_never_puts_an_older_version_over_a_newer_one(loading: Loading) -> None:
    loading.full([item("a", "new", at=60)])
    loading.delta(Round(upserted=[item("a", "stale", at=10)]))
    assert loading.rows() == {"a": "new"}


def test_at_equal_times_the_later_word_wins(loading: Loading) -> None:
    loading.full([item("a", "first", at=60)])
    loading.delta(Round(upserted=[item("a", "second", at=60), item("a", "third", at=60)]))
    assert loading.rows() == {"a": "third"}


def test_of_several_lines_for_a_key_the_newest_wins_whatever_their_order(loading: Loading) -> None:
    loading.full([item("a", "new", at=60), item("a", "old", at=10), item("b")])
    assert loading.rows() == {"a": "new", "b": "n"}


def test_deletes_come_first_and_an_unknown_key_is_no_matter(loading: Loading) -> None:
    loading.full([item("a"), item("b")])
    loading.delta(Round(deleted=[("a",), ("b",), ("unknown",)], upserted=[item("a", "again", at=60)]))
    assert loading.rows() == {"a": "again"}


def test_an_update_of_a_row_that_was_never_seen_is_an_insert(loading: Loading) -> None:
    loading.full([item("a")])
    assert loading.delta(Round(upserted=[item("z")])).applied.changes == Changes(inserted=1)


def test_a_later_round_has_the_last_word(loading: Loading) -> None:
    loading.full([item("a"), item("b")], Round(deleted=[("a",)]), Round(upserted=[item("a", "back")]))
    assert loading.rows() == {"a": "back", "b": "n"}


def test_a_full_load_of_one_country_leaves_the_others_alone(database: Database) -> None:
    germany = Loading(database)
    france = Loading(database, ref=PartitionRef("shop", "retail", "items", "FR"))
    germany.full([item("a"), item("b")])
    france.full([item("a", "fr")])
    france.full([])
    assert germany.rows() == {"a": "n", "b": "n"}
    assert france.rows() == {}


def test_what_is_not_published_leaves_rows_and_ledger_as_they_were(loading: Loading) -> None:
    loading.full([item("a"), item("b")])
    before = loading.entry()
    for decision in (Heal("differs"), Refuse(Incomplete(held=1, total_items=2))):
        judged = loading.full([item("a", "x")], decision=decision)
        assert judged.entry is None
    assert loading.rows() == {"a": "n", "b": "n"}
    assert loading.entry() == before


def test_rows_and_ledger_are_one_commit(loading: Loading) -> None:
    loading.full([item("a")])
    entry = loading.entry()
    assert entry is not None
    assert (entry.generation, entry.rows, entry.verdict) == (1, 1, Verdict.COUNTED)
    assert entries(loading.database) == {REF: entry}


def test_a_run_that_began_before_another_published_changes_nothing(loading: Loading) -> None:
    late = loading.next_entry()
    loading.full([item("a")])
    with pytest.raises(StaleGeneration), loading.database.writing("claim") as connection:
        claim(connection, REF, late)
    assert loading.rows() == {"a": "n"}


def test_a_run_that_meets_another_at_the_ledger_is_busy_or_stale(loading: Loading) -> None:
    loading.full([item("a")])
    entry = loading.next_entry()
    with loading.database.writing("hold") as connection:
        claim(connection, REF, entry)
        with pytest.raises((DatabaseBusy, StaleGeneration)), loading.database.writing("claim") as other:
            claim(other, REF, entry)


def test_of_two_first_loads_that_find_no_entry_one_is_busy_or_stale(loading: Loading) -> None:
    entry, arrivals = loading.next_entry(), []

    def arrive(connection: sa.Connection, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO") and "_focus_ledger" in statement and not arrivals:
            arrivals.append(statement)
            with loading.database.writing("arrive first") as other:
                claim(other, REF, entry)

    def claim_late() -> None:
        with loading.database.writing("claim") as connection:
            sa.event.listen(connection.engine, "before_cursor_execute", arrive)
            claim(connection, REF, entry)

    with pytest.raises((DatabaseBusy, StaleGeneration)):
        claim_late()
    assert list(entries(loading.database).values()) in ([], [entry])


def test_preparing_a_table_twice_changes_nothing_and_adds_what_is_new(loading: Loading) -> None:
    loading.full([item("a")])
    wider = ResourceSchema("items", (*ITEMS.columns, column("extra", "int64")), ITEMS.key, ITEMS.changed)
    target = mirrored(loading.database, REF, wider)
    assert ensure(loading.database, target) == ["extra"]
    assert ensure(loading.database, target) == []
    assert loading.rows() == {"a": "n"}


def test_a_table_that_is_gone_is_known_to_be_gone(loading: Loading) -> None:
    assert has_rows(loading.database, loading.target, "DE") is False
    other = mirrored(loading.database, PartitionRef("shop", "retail", "nothing", "DE"), ITEMS)
    assert has_rows(loading.database, other, "DE") is None


def test_names_keep_their_spelling_and_are_always_quoted(database: Database) -> None:
    schema = ResourceSchema(
        name='sel"ect; DROP',
        columns=(column("Order", "string"), column("100% %s :x", "int64"), column('a"b', "string")),
        key=("Order",),
    )
    loading = Loading(database, ref=PartitionRef("s", "re tail", 'sel"ect; DROP', "DE"), schema=schema)
    assert loading.full([("k", 1, "x"), ("K", 2, "y")]).applied.changes.inserted == 2
    assert loading.full([("k", 1, "z")]).applied.changes == Changes(updated=1, deleted=1)


def test_rows_that_fill_no_whole_number_of_statements_are_all_there(loading: Loading) -> None:
    rows = [item(f"k{number:04}") for number in range(1_023)]
    assert loading.full(rows).applied.changes == Changes(inserted=1_023)
    assert len(loading.rows()) == 1_023


def test_a_key_is_written_in_its_own_order_whatever_the_order_of_the_columns(database: Database) -> None:
    columns = (column("id", "string"), column("place", "string"), column("name", "string"))
    loading = Loading(database, schema=ResourceSchema("cells", columns, ("place", "id")))
    loading.full([("a", "b", "x"), ("b", "a", "y")])
    assert loading.delta(Round(deleted=[("b", "a")])).applied.changes == Changes(deleted=1)
    assert loading.rows() == {"b": "y"}


def test_keys_that_differ_by_case_or_a_space_are_different(loading: Loading) -> None:
    loading.full([item("abc"), item("ABC"), item(" abc"), item("ábc")])
    assert set(loading.rows()) == {"abc", "ABC", " abc", "ábc"}


def test_a_quarantined_line_is_kept_until_the_server_speaks_of_its_key_again(loading: Loading) -> None:
    loading.full([item("a")])
    reject = Reject(line=1, reason="not a number", raw="{}", key=("b",))
    assert loading.delta(Round(deleted=[("b",)]), rejects=[reject]).applied.quarantined == 1
    assert loading.delta(Round(upserted=[item("c")])).applied.quarantined == 1
    assert loading.delta(Round(upserted=[item("b")])).applied.quarantined == 0
    with loading.database.reading("look") as connection:
        assert connection.execute(sa.select(REJECTS)).first() is None


def test_a_table_of_nothing_but_its_key_can_be_mirrored(database: Database) -> None:
    schema = ResourceSchema("tags", (column("a", "string"), column("b", "int32")), ("a", "b"))
    loading = Loading(database, ref=PartitionRef("s", "retail", "tags", "DE"), schema=schema)
    loading.full([("x", 1), ("x", 2)])
    assert loading.delta(Round(deleted=[("x", 1)], upserted=[("y", 1)])).applied.changes == Changes(1, 0, 1, 0)


def test_now_is_written_with_every_row(loading: Loading) -> None:
    loading.full([item("a")])
    with loading.database.reading("look") as connection:
        stored = connection.execute(sa.select(loading.target.table.c["_synced_at"])).scalar()
    assert str(stored)[:10] == NOW[:10]


def test_an_empty_table_that_was_made_anew_is_not_held_to_the_old_schema(loading: Loading) -> None:
    loading.full([item("a")])
    retyped = ResourceSchema("items", (*ITEMS.columns[:2], column("price", "string")), ITEMS.key)
    target = mirrored(loading.database, REF, retyped)
    with loading.database.writing("drop") as connection:
        loading.target.table.drop(connection)
    ensure(loading.database, target)
    assert look(loading.database, REF, target).schemas == ()
    assert look(loading.database, REF, loading.target).schemas != ()

"""A full load over a table that is there leaves one row a key, says what it did, and does no more than it has to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from random import Random

import pytest
import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.load.apply import Apply
from focus_assets.load.publish import Publication, publish
from focus_assets.load.stage import Stage
from focus_assets.model.feed import Row
from focus_assets.model.outcome import Changes
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Decision, GiveUp, Publish, Verdict
from focus_assets_tests.contract.loading import NOW, REF, Loading, Round, item
from focus_assets_tests.effort import effort

EXAMPLES = effort(12, 40)
WRITES = ("INSERT INTO", "UPDATE", "DELETE FROM")
A, B, C = item("a"), item("b", price="1.50"), item("c")
NEWER, OTHER = item("a", "new", at=9), item("a", "other")


@pytest.fixture
def loading(database: Database) -> Loading:
    """A partition beside another one that has the same keys and other values."""
    neighbour = Loading(database, PartitionRef(REF.source, REF.service, REF.resource, "SE"))
    neighbour.full([item(key, "theirs") for key in "abcde"])
    return Loading(database)


def stored(loading: Loading) -> list[Row]:
    """Keys, names and prices of the partition's rows, by key."""
    table = loading.target.table
    columns = [table.c[column.name] for column in loading.schema.columns[:3]]
    query = sa.select(*columns).where(loading.target.within(loading.ref.partition)).order_by(columns[0])
    with loading.database.reading("look") as connection:
        return [(key, name, price and Decimal(price)) for key, name, price in connection.execute(query)]


def winners(rows: Sequence[Row]) -> dict[object, Row]:
    """Of each key the newest row, then the last that came."""
    found: dict[object, Row] = {}
    for row in rows:
        if row[0] not in found or str(row[4]) >= str(found[row[0]][4]):
            found[row[0]] = row
    return found


def expected(before: Sequence[Row], after: Sequence[Row]) -> Changes:
    """What a full load of `after` does to a table that holds `before`."""
    old, new = winners(before), winners(after)
    updated = sum(key in old and old[key] != row for key, row in new.items())
    inserted, deleted = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    return Changes(inserted, updated, deleted, len(new) - inserted - updated)


def made(random: Random) -> tuple[list[Row], list[Row]]:
    """Rows of a few keys, and what may come of them: some again, some otherwise, some gone, some new, in any order."""

    def row(key: str) -> Row:
        return item(key, random.choice("nm"), at=random.choice((0, 60)), price=random.choice((None, "1.50")))

    before = [row(key) for key in "abcde" if random.random() < 0.7]
    after = [each for each in before if random.random() < random.choice((0.8, 1))]
    again = [row(str(each[0])) if random.random() < 0.5 else each for each in after if random.random() < 0.3]
    new = [row(key) for key in "fg" if random.random() < random.choice((0, 0.4))]
    after += random.choice(([], again, new, again + new))
    random.shuffle(after)
    return before, after


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([A, B], id="all-equal"),
        pytest.param([B, A], id="in-another-order"),
        pytest.param([A, A], id="as-many-rows-but-one-twice-and-one-gone"),
        pytest.param([A, B, B], id="one-twice"),
        pytest.param([A, C, C], id="a-new-one-twice-in-place-of-one-that-is-gone"),
        pytest.param([C, C], id="as-many-rows-of-a-new-key"),
        pytest.param([A, C], id="as-many-keys-and-one-another"),
        pytest.param([NEWER, A, B], id="the-newer-first"),
        pytest.param([A, OTHER, B], id="the-later-of-one-age"),
        pytest.param([OTHER, A, B], id="the-stored-one-last"),
        pytest.param([NEWER, A], id="as-many-rows-but-the-newer-first-and-one-gone"),
        pytest.param([A, item("b", price=None)], id="a-null-for-a-value"),
        pytest.param([item("a", price="1.50"), B], id="a-value-for-a-null"),
        pytest.param([A], id="one-gone"),
        pytest.param([A, B, C], id="one-new"),
        pytest.param([], id="nothing"),
    ],
)
def test_a_full_load_leaves_of_each_key_what_came_newest_and_last(loading: Loading, after: list[Row]) -> None:
    loading.full([A, B])
    assert loading.full(after).applied.changes == expected([A, B], after)
    assert stored(loading) == [winners(after)[key][:3] for key in sorted(winners(after))]  # type: ignore[type-var]
    assert loading.full(after).applied.changes == Changes(unchanged=len(winners(after)))


def test_whatever_comes_the_table_holds_it_and_the_counts_say_so(loading: Loading) -> None:
    for seed in range(EXAMPLES):
        before, after = made(Random(seed))
        loading.full(before)
        changes = loading.full(after).applied.changes
        assert (seed, changes) == (seed, expected(before, after))
        assert (seed, stored(loading)) == (seed, [winners(after)[k][:3] for k in sorted(winners(after))])  # type: ignore[type-var]


def test_rows_that_came_twice_are_one_before_a_round_is_laid_over_them(loading: Loading) -> None:
    loading.full([A, B])
    changes = loading.full([A, NEWER, B, B], Round(deleted=[("b",)], upserted=[C])).applied.changes
    assert changes == Changes(inserted=1, updated=1, deleted=1)
    assert loading.rows() == {"a": "new", "c": "n"}


def test_a_second_judgement_of_rows_that_came_twice_finds_them_as_the_first_did(loading: Loading) -> None:
    loading.full([A, B])
    decisions: list[Decision] = [GiveUp(), Publish(Verdict.COUNTED)]
    with loading.database.connection() as connection:
        stage = Stage(loading.database, connection, loading.target)
        stage.clear(full=True)
        stage.fill_full([[A, NEWER, C, C]])
        load = Publication(loading.ref, stage, Apply("DE", full=True, now=NOW), loading.next_entry())
        for decision in decisions:
            judged = publish(
                loading.database,
                connection,
                load,
                judge=lambda _, it=decision: it,
                complete=lambda e, _a, _d: e,  # type: ignore[misc]
            )
            assert judged.applied.changes == Changes(inserted=1, updated=1, deleted=1)
    assert loading.rows() == {"a": "new", "c": "n"}


def test_what_is_all_equal_is_neither_written_nor_sorted(loading: Loading) -> None:
    rows = [A, B, C]
    loading.full(rows)
    with heard(loading.database) as statements:
        loading.full(rows)
    table = loading.database._engine.dialect.identifier_preparer.format_table(loading.target.table)
    assert not [text for text in statements if text.startswith(tuple(f"{verb} {table} " for verb in WRITES))]
    if loading.database.dialect.hashes_full_loads:
        assert not [text for text in statements if "UNIQUE INDEX" in text or "row_number" in text]


def test_rows_of_which_none_is_new_are_not_sorted_either(loading: Loading) -> None:
    loading.full([A, B, C])
    with heard(loading.database) as statements:
        assert loading.full([NEWER, B]).applied.changes == Changes(updated=1, deleted=1, unchanged=1)
    if loading.database.dialect.hashes_full_loads:
        assert not [text for text in statements if "UNIQUE INDEX" in text or "row_number" in text]


@contextmanager
def heard(database: Database) -> Iterator[list[str]]:
    """What the database is told meanwhile, but for the rows."""
    told: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        told.append(statement)

    with database.connection() as connection:
        engine = connection.engine
    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        yield told
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)

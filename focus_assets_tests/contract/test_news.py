"""A further delta says how many keys it changed: on no news a proof is built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from focus_assets.database.open import Database
from focus_assets.load.stage import Stage
from focus_assets.model.feed import Row
from focus_assets_tests.contract.loading import Loading, item


@pytest.fixture
def stage(database: Database) -> Iterator[Stage]:
    """A full load of three rows, one of them with a NULL."""
    loading = Loading(database)
    with database.connection("stage") as connection:
        found = Stage(database, connection, loading.target)
        found.clear(full=True)
        found.fill_full([[item("a", price="1.50"), item("b", price=None), item("c")]])
        yield found


def _news(stage: Stage, upserted: Sequence[Row] = (), deleted: Sequence[Row] = ()) -> int:
    stage.fill_deletes([deleted])
    stage.fill_upserts([upserted])
    return stage.fold()


def test_the_same_again_is_no_news_nulls_and_all(stage: Stage) -> None:
    assert _news(stage) == 0
    assert _news(stage, [item("a", price="1.50"), item("b", price=None), item("c")]) == 0


def test_a_round_of_which_nothing_was_written_is_no_news(stage: Stage) -> None:
    assert stage.fold() == 0
    assert _news(stage, [item("d")]) == 1
    assert stage.fold() == 0


def test_another_value_is_news(stage: Stage) -> None:
    assert _news(stage, [item("a", "other", price="1.50"), item("c")]) == 1


def test_a_null_that_became_a_value_is_news_and_a_value_that_became_null(stage: Stage) -> None:
    assert _news(stage, [item("b", price="1")]) == 1
    assert _news(stage, [item("a", price=None)]) == 1


def test_a_key_that_is_new_is_news(stage: Stage) -> None:
    assert _news(stage, [item("a", price="1.50"), item("d")]) == 1


def test_a_deletion_of_what_is_there_is_news_and_of_what_is_not_is_none(stage: Stage) -> None:
    assert _news(stage, deleted=[("a",), ("x",)]) == 1
    assert _news(stage, deleted=[("a",), ("x",)]) == 0


def test_what_was_deleted_and_made_again_as_it_was_is_no_news(stage: Stage) -> None:
    assert _news(stage, [item("c")], deleted=[("c",)]) == 0
    assert _news(stage, deleted=[("c",)]) == 1
    assert _news(stage, [item("c")]) == 1


def test_a_key_that_came_twice_is_news_once(database: Database) -> None:
    loading = Loading(database)
    with database.connection("stage") as connection:
        stage = Stage(database, connection, loading.target)
        stage.clear(full=True)
        stage.fill_full([[item("a", "old"), item("a", "new", at=9)]])
        assert _news(stage, [item("a", "new", at=9)]) == 0
        assert _news(stage, [item("a", "newest", at=10)]) == 1

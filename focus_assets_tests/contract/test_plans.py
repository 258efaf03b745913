"""PostgreSQL finds the rows of a delta by their keys, and compares a full load as a whole, whatever it knows so far."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.load.apply import Apply, Statements, apply_stage
from focus_assets.load.publish import MANY
from focus_assets.load.stage import Stage
from focus_assets_tests.contract.loading import NOW, Loading, Round, item

ROWS = [item(f"{number:05}") for number in range(MANY + 1)]


@pytest.fixture
def loading(postgres_url: str) -> Loading:
    """A partition that was just loaded for the first time, and never looked at by autovacuum."""
    loading = Loading(Database(Destination(url=SecretStr(postgres_url), lock_timeout_seconds=1)))
    loading.full(ROWS)
    return loading


def plan(loading: Loading, rows: list[tuple[object, ...]], *, full: bool) -> str:
    """How the update of a load would be carried out."""
    with loading.database.connection() as connection:
        stage = Stage(loading.database, connection, loading.target)
        stage.clear(full=full)
        if full:
            stage.fill_full([rows])  # type: ignore[list-item]
        else:
            stage.fill_upserts([rows])  # type: ignore[list-item]
            stage.fold()
        how = Apply(loading.ref.partition, full=full, now=NOW)
        with connection.begin() as transaction:
            apply_stage(connection, loading.database.dialect, stage, how)
            update = Statements(loading.database.dialect, stage, how).update()
            assert update is not None
            text = str(update.compile(connection, compile_kwargs={"literal_binds": True})).replace(":", "\\:")
            lines = connection.execute(sa.text(f"EXPLAIN {text}")).scalars().all()
            transaction.rollback()
    return "\n".join(lines)


def test_a_delta_looks_its_rows_up(loading: Loading) -> None:
    shown = plan(loading, list(ROWS[:200]), full=False)
    assert "Index Scan using items_pkey" in shown, shown
    assert "Seq Scan on items" not in shown, shown


def test_a_full_load_is_compared_as_a_whole(loading: Loading) -> None:
    shown = plan(loading, list(ROWS), full=True)
    assert "Nested Loop" not in shown, shown


def test_a_large_load_leaves_statistics_behind(loading: Loading) -> None:
    with loading.database.reading("look at the statistics") as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM pg_stats WHERE tablename = 'items'")).scalar_one()
    assert count > 0


def test_a_small_delta_after_it_still_says_what_it_did(loading: Loading) -> None:
    changes = loading.delta(
        Round(deleted=[("00001",)], upserted=[item("00002", "new", at=5), item("x")])
    ).applied.changes
    assert (changes.inserted, changes.updated, changes.deleted) == (1, 1, 1)

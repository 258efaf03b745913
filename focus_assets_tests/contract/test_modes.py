"""What becomes of the rows that are there is said by the mode, the same on every database."""

from __future__ import annotations

import pytest

from focus_assets.database.open import Database
from focus_assets.model.mode import Mode
from focus_assets.model.outcome import Changes
from focus_assets_tests.contract.loading import Loading, Round, item

FIRST = [item("a"), item("b", "old"), item("c")]
SECOND = [item("a"), item("b", "new", at=9), item("d")]


@pytest.mark.parametrize(
    ("mode", "rows", "changes"),
    [
        (Mode.MIRROR, {"a": "n", "b": "new", "d": "n"}, Changes(1, 1, 1, 1)),
        (Mode.REPLACE, {"a": "n", "b": "new", "d": "n"}, Changes(1, 1, 1, 1)),
        (Mode.UPSERT, {"a": "n", "b": "new", "c": "n", "d": "n"}, Changes(1, 1, 0, 1)),
        (Mode.APPEND, {"a": "n", "b": "old", "c": "n", "d": "n"}, Changes(1, 0, 0, 2)),
    ],
)
def test_a_full_load_leaves_what_its_mode_says(
    database: Database, mode: Mode, rows: dict[str, str], changes: Changes
) -> None:
    loading = Loading(database, mode=mode)
    loading.full(FIRST)
    assert loading.full(SECOND).applied.changes == changes
    assert loading.rows() == rows


@pytest.mark.parametrize(("mode", "name"), [(Mode.UPSERT, "new"), (Mode.APPEND, "old")])
def test_a_delta_of_a_mode_that_keeps_rows_deletes_none(database: Database, mode: Mode, name: str) -> None:
    loading = Loading(database, mode=mode)
    loading.full(FIRST)
    loading.delta(Round(deleted=[("c",)], upserted=SECOND))
    assert loading.rows() == {"a": "n", "b": name, "c": "n", "d": "n"}


@pytest.mark.parametrize("mode", [Mode.UPSERT, Mode.APPEND])
def test_nothing_is_no_wipe_for_a_mode_that_keeps_rows(database: Database, mode: Mode) -> None:
    loading = Loading(database, mode=mode)
    loading.full(FIRST)
    assert loading.full([]).applied.changes == Changes()
    assert loading.rows() == {"a": "n", "b": "old", "c": "n"}

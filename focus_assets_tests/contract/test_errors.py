"""Errors are kept in every database for as long as they should be, also in a table of an earlier version."""

from __future__ import annotations

import json

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.history.errors import Keeping, errors, errors_on, keep
from focus_assets.model.failure import Failure
from focus_assets.model.partition import PartitionRef

REF = PartitionRef("shop", "retail", "things", "DE")


def failure(day: str, kind: str = "BadValue") -> Failure:
    return Failure(
        f"{day}T12:00:00.000000Z", kind, "Zürich", "OSError: no", "stack", True, 3, {"url": "https://a/?k=…"}
    )


def test_an_error_is_kept_with_all_that_it_knows(database: Database) -> None:
    run_id = keep(database, failure("2025-07-01"), Keeping(), of=REF)
    (found,) = errors(database)
    assert {name: found[name] for name in found if name != "context"} == {
        "run_id": run_id,
        "source": "shop",
        "resource": "things",
        "partition": "DE",
        "happened_at": "2025-07-01T12:00:00.000000Z",
        "type": "BadValue",
        "message": "Zürich",
        "cause": "OSError: no",
        "stack": "stack",
        "repeatable": True,
        "attempts": 3,
    }
    assert json.loads(found["context"]) == {"url": "https://a/?k=…"}


def test_errors_are_forgotten_after_their_days_and_counted_by_day(database: Database) -> None:
    keeping = Keeping(days=2)
    for day, kind in (("2025-07-01", "BadValue"), ("2025-07-02", "NotFound"), ("2025-07-03", "NotFound")):
        keep(database, failure(day, kind), keeping)
    keep(database, failure("2025-07-03"), keeping)
    assert [row["happened_at"][:10] for row in errors(database)] == ["2025-07-03"] * 2 + ["2025-07-02", "2025-07-01"]
    keep(database, failure("2025-07-04"), keeping)
    assert [row["happened_at"][:10] for row in errors(database)][-1] == "2025-07-02"
    assert len(errors(database, since="2025-07-04T00:00:00.000000Z")) == 1
    counted, rows = errors_on(database, "2025-07-03", limit=1)
    assert (counted.by_type, counted.total, len(rows)) == ({"BadValue": 1, "NotFound": 1}, 2, 1)
    assert errors_on(database, "2025-06-01")[0].total == 0


def test_a_table_of_an_earlier_version_gets_the_columns_that_it_lacks(database: Database) -> None:
    with database.writing("go back") as connection:
        connection.execute(
            sa.text("CREATE TABLE _focus_errors (run_id VARCHAR(40) PRIMARY KEY, source TEXT, resource TEXT)")
        )
        connection.execute(sa.text("INSERT INTO _focus_errors VALUES ('old', 'shop', 'things')"))
    keep(database, failure("2025-07-01"), Keeping())
    assert {row["run_id"]: row["attempts"] for row in errors(database)}["old"] is None
    assert len(errors(database)) == 2

"""What a script loads by hand arrives exactly, in one transaction, over every database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from focus_assets.api.database import DatabaseClient
from focus_assets.api.loading import DatabaseLoader
from focus_assets.database.open import Database
from focus_assets.model.errors import BadValue, ConfigurationError, DatabaseError, MissingKey

PRICES: list[dict[str, Any]] = [
    {"symbol": "AAPL", "day": "2024-01-02", "open": Decimal("187.15"), "volume": 82_488_700, "note": None},
    {"symbol": "AAPL", "day": date(2024, 1, 3), "open": Decimal("184.22"), "volume": 58_414_500, "note": "Zürich 😀"},
]
KEY = ("symbol", "day")


def rows(database: Database, table: str = "prices", order: str = "day") -> list[dict[str, Any]]:
    with database.reading("look") as connection:
        found = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY {order}")).mappings()
        return [{name: value for name, value in row.items() if name != "_synced_at"} for row in found]


def column(database: Database, name: str, order: str = "day") -> list[str]:
    return [str(row[name]) for row in rows(database, order=order)]


def test_records_make_their_table_and_arrive_exactly(database: Database) -> None:
    loader = DatabaseLoader(database)
    said = loader.load(PRICES, table="prices", mode="upsert", unique_key=KEY, chunk_size=1)
    assert said == {"records_loaded": 2, "status": "success", "table": "prices"}
    assert column(database, "day") == ["2024-01-02", "2024-01-03"]
    assert [Decimal(text) for text in column(database, "open")] == [Decimal("187.15"), Decimal("184.22")]
    assert column(database, "volume") == ["82488700", "58414500"]
    assert [row["note"] for row in rows(database)] == [None, "Zürich 😀"]


def test_upsert_updates_append_keeps_replace_deletes(database: Database) -> None:
    loader = DatabaseLoader(database)
    loader.load([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], table="prices", mode="upsert", unique_key="id")
    news = [{"id": 2, "v": "B"}, {"id": 3, "v": "c"}]
    loader.load(news, table="prices", mode="append", unique_key="id")
    assert column(database, "v", "id") == ["a", "b", "c"]
    loader.load(news, table="prices", mode="upsert", unique_key="id")
    assert column(database, "v", "id") == ["a", "B", "c"]
    loader.load(news, table="prices", mode="replace", unique_key="id")
    assert column(database, "v", "id") == ["B", "c"]
    loader.load([*news, {"id": 3, "v": "last"}], table="prices", mode="upsert", unique_key="id")
    assert column(database, "v", "id") == ["B", "last"]


def test_without_a_key_append_writes_everything_and_replace_starts_anew(database: Database) -> None:
    loader = DatabaseLoader(database)
    for _ in range(2):
        loader.load([{"v": 1}, {"v": 2}], table="prices", chunk_size=1)
    assert column(database, "v", "v") == ["1", "1", "2", "2"]
    loader.load([{"v": 3}], table="prices", mode="replace")
    assert column(database, "v", "v") == ["3"]


@pytest.mark.parametrize("mode", ["append", "replace", "upsert"])
def test_nothing_to_load_is_skipped_and_wipes_nothing(database: Database, mode: Any) -> None:
    loader = DatabaseLoader(database)
    loader.load([{"id": 1}], table="prices", mode="upsert", unique_key="id")
    said = loader.load([], table="prices", mode=mode, unique_key="id")
    assert said == {"records_loaded": 0, "status": "skipped", "table": "prices"}
    assert column(database, "id", "id") == ["1"]


@pytest.mark.parametrize("key", [(), "id"])
def test_a_bad_record_leaves_the_table_as_it_was(database: Database, key: Any) -> None:
    loader = DatabaseLoader(database)
    loader.load([{"id": 1, "v": 1}], table="prices", unique_key=key)
    bad = [{"id": 2, "v": 2}, {"id": 3, "v": "three"}]
    with pytest.raises(BadValue, match=r"record 2.*column 'v': expected"):
        loader.load(bad, table="prices", mode="replace", unique_key=key, columns={"v": "int64"})
    with pytest.raises(BadValue, match=r"record 2.*column 'v'"):
        loader.load(bad, table="prices", mode="replace", unique_key=key)
    if key:
        with pytest.raises(MissingKey, match="record 2, column 'id'"):
            loader.load([{"id": 2}, {"id": None}], table="prices", mode="replace", unique_key=key)
    assert column(database, "v", "id") == ["1"]


def test_a_table_that_is_there_says_its_types_and_gets_the_columns_that_it_lacks(database: Database) -> None:
    loader = DatabaseLoader(database)
    loader.load([{"id": 1, "price": Decimal("1.5")}], table="prices", mode="upsert", unique_key="id")
    loader.load([{"id": 2, "price": 2, "note": "new"}], table="prices", mode="upsert", unique_key="id")
    assert [Decimal(text) for text in column(database, "price", "id")] == [Decimal("1.5"), Decimal(2)]
    assert [row["note"] for row in rows(database, order="id")] == [None, "new"]


def test_a_moment_arrives_in_utc(database: Database) -> None:
    at = datetime(2024, 1, 2, 12, 30, 0, 5, tzinfo=UTC)
    DatabaseLoader(database).load([{"id": 1, "at": at}], table="prices", columns={"at": "time"})
    (found,) = column(database, "at", "id")
    assert found.replace("T", " ").startswith("2024-01-02 12:30:00.000005")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "merge"}, "there is no mode 'merge'; known: append, replace, upsert"),
        ({"mode": "upsert"}, "needs a unique_key"),
        ({"unique_key": "ID"}, "no record has 'ID' of the unique key; they have id"),
        ({"chunk_size": 0}, "chunk_size is at least 1"),
        ({"columns": {"id": "number"}}, "the column 'id' has the unknown type 'number'"),
    ],
)
def test_a_wrong_call_is_told_before_anything_happens(database: Database, options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        DatabaseLoader(database).load([{"id": 1}], table="prices", **options)
    with database.reading("look") as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_statements_of_a_block_are_one_transaction(database: Database) -> None:
    client = DatabaseClient(database)
    client.execute("CREATE TABLE t (id INTEGER, v VARCHAR(20))")
    with client as db:
        assert db.execute("INSERT INTO t VALUES (:id, :v)", {"id": 1, "v": "it's"}) in (1, -1)
        assert db.fetch_all("SELECT * FROM t") == [{"id": 1, "v": "it's"}]
    with pytest.raises(DatabaseError):
        _both(client, "INSERT INTO t VALUES (2, 'b')", "INSERT INTO no_such_table VALUES (3)")
    with pytest.raises(DatabaseError):
        _both(client, "DELETE FROM t", "no SQL at all")
    assert client.fetch_all("SELECT id FROM t WHERE v = :v", {"v": "it's"}) == [{"id": 1}]
    with client, pytest.raises(ConfigurationError, match="in a transaction already"):
        client.__enter__()


def _both(client: DatabaseClient, *statements: str) -> None:
    with client as db:
        for statement in statements:
            db.execute(statement)

"""Countries share a table: what is done to one is done to no other; and one generation is published once."""

from __future__ import annotations

import dataclasses

import pytest
import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.load.ledger import amend, claim, entries, read_entry
from focus_assets.load.rejects import REJECTS
from focus_assets.model.errors import StaleGeneration
from focus_assets.model.feed import Reject
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Changes
from focus_assets.model.partition import PartitionRef
from focus_assets.verify.counts import count_rows
from focus_assets.verify.digests import digest, digest_rows
from focus_assets_tests.contract.loading import REF, Loading, Round, item

FR = PartitionRef("shop", "retail", "items", "FR")
STAMP = "2025-07-01T16:{:02}:00.000000Z"


@pytest.fixture
def germany(database: Database) -> Loading:
    """Two rows."""
    loading = Loading(database)
    loading.full([item("a"), item("b")])
    return loading


@pytest.fixture
def france(germany: Loading) -> Loading:
    """The same keys, and one more."""
    loading = Loading(germany.database, ref=FR)
    loading.full([item("a", "fr"), item("b", "fr"), item("c", "fr")])
    return loading


def test_what_a_full_load_has_to_do_is_counted_in_its_own_country(germany: Loading, france: Loading) -> None:
    assert germany.full([item("a")]).applied.changes == Changes(deleted=1, unchanged=1)
    assert germany.full([item("a"), item("c")]).applied.changes == Changes(inserted=1, unchanged=1)
    assert france.full([item("a", "fr"), item("b", "fr")]).applied.changes == Changes(deleted=1, unchanged=2)


def test_the_same_key_in_another_country_is_another_row(germany: Loading, france: Loading) -> None:
    assert france.rows() == {"a": "fr", "b": "fr", "c": "fr"}
    assert germany.rows() == {"a": "n", "b": "n"}
    assert france.delta(Round(upserted=[item("a", "neuf", at=60)])).applied.changes == Changes(updated=1)
    assert germany.rows() == {"a": "n", "b": "n"}


def test_a_deletion_in_one_country_deletes_nothing_in_another(germany: Loading, france: Loading) -> None:
    assert germany.delta(Round(deleted=[("a",), ("c",)])).applied.changes == Changes(deleted=1)
    assert germany.rows() == {"b": "n"}
    assert france.rows() == {"a": "fr", "b": "fr", "c": "fr"}


def test_a_count_is_of_the_partition(germany: Loading, france: Loading) -> None:
    assert germany.delta(Round(upserted=[item("z")])).applied.rows == 3
    assert france.full([item("a")]).applied.rows == 1
    assert count_rows(germany.database, germany.target, "DE") == 3
    assert count_rows(germany.database, germany.target, "FR") == 1
    assert count_rows(germany.database, germany.target, "IT") == 0


def test_a_digest_is_of_the_partition_and_of_each_row_s_later_time(germany: Loading, france: Loading) -> None:
    germany.delta(Round(upserted=[item("a", "new", at=60)]))
    with germany.database.reading("digest") as connection:
        found = digest_rows(connection, germany.target, "DE")
    assert found == digest([(("a",), STAMP.format(1)), (("b",), STAMP.format(0))])


def test_each_country_has_its_own_ledger_row(germany: Loading, france: Loading) -> None:
    france.full([item("a")])
    found = entries(germany.database)
    assert {ref.partition: (entry.generation, entry.rows) for ref, entry in found.items()} == {
        "DE": (1, 2),
        "FR": (2, 1),
    }
    assert germany.entry() == found[REF]
    assert france.entry() == found[FR]


def test_each_country_has_its_own_quarantine(germany: Loading, france: Loading) -> None:
    for loading in (germany, france):
        assert loading.delta(rejects=[Reject(1, "bad", "{}", ("x",))]).applied.quarantined == 1
    assert germany.full([item("a"), item("b")]).applied.quarantined == 0
    with germany.database.reading("look") as connection:
        assert connection.execute(sa.select(REJECTS.c.partition)).scalars().all() == ["FR"]


def test_a_row_from_the_future_yields_to_what_the_server_says_now(germany: Loading) -> None:
    to_come = ("f", "tomorrow", None, "2025-07-01T15:00:00.000000Z", "2099-01-01T00:00:00.000000Z")
    germany.delta(Round(upserted=[to_come]))
    assert germany.delta(Round(upserted=[item("f", "now", at=60)])).applied.changes == Changes(updated=1)
    assert germany.rows()["f"] == "now"


def test_a_missing_change_time_is_older_than_any(germany: Loading) -> None:
    timeless = [(key, "timeless", None, None, None) for key in ("a", "n")]
    germany.delta(Round(upserted=timeless))
    assert germany.rows() == {"a": "n", "b": "n", "n": "timeless"}
    assert germany.delta(Round(upserted=[item("n", "timed")])).applied.changes == Changes(updated=1)
    half = ("n", "half", None, None, "2025-07-01T16:09:00.000000Z")
    assert germany.delta(Round(upserted=[half])).applied.changes == Changes(updated=1)
    assert germany.rows()["n"] == "half"


# --- generations ---


def _claimed(loading: Loading, entry: LedgerEntry) -> None:
    with loading.database.writing("claim") as connection:
        claim(connection, loading.ref, entry)


def test_a_generation_is_published_once_and_in_its_turn(germany: Loading) -> None:
    second = germany.next_entry()
    germany.full([item("a")])
    before = germany.entry()
    for generation in (1, 2, 4, 9):
        late = dataclasses.replace(second, generation=generation, run_id="late")
        with pytest.raises(StaleGeneration) as caught:
            _claimed(germany, late)
        assert (caught.value.expected, caught.value.found) == (generation - 1, 2)
    assert germany.entry() == before
    _claimed(germany, dataclasses.replace(second, generation=3))
    assert germany.entry() == dataclasses.replace(second, generation=3)


def test_a_claim_of_what_is_not_in_the_ledger_is_stale(germany: Loading) -> None:
    with pytest.raises(StaleGeneration, match="the ledger is at none"):
        _claimed(Loading(germany.database, ref=FR), dataclasses.replace(germany.next_entry(), generation=2))


def test_what_is_amended_is_the_claimed_row_alone(germany: Loading, france: Loading) -> None:
    before, entry = france.entry(), dataclasses.replace(germany.next_entry(), rows=7)
    with germany.database.writing("amend") as connection:
        claim(connection, REF, entry)
        amend(connection, REF, dataclasses.replace(entry, rows=8))
        found = read_entry(connection, REF)
    assert found is not None
    assert found.rows == 8
    assert france.entry() == before

"""A connection that is lost at COMMIT says nothing of its outcome: the ledger does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseUnreachable
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.verdict import Publish, Verdict
from focus_assets_tests.contract.loading import Loading, item


class Losing(Database):
    """Loses its connection in the transaction that publishes; `committed` says on which side of the COMMIT."""

    committed: bool | None = None
    meanwhile: Callable[[], object] | None = None

    @contextmanager
    def transaction(
        self,
        connection: sa.Connection,
        doing: str,
        *,
        temporary: bool = False,
        within: sa.RootTransaction | None = None,
    ) -> Iterator[sa.Transaction]:
        lost = doing.startswith("publish") and self.committed is not None
        with super().transaction(connection, doing, temporary=temporary, within=within) as transaction:
            yield transaction
            if lost and not self.committed:
                transaction.rollback()
        if lost:
            self.committed = None
            if self.meanwhile:
                self.meanwhile()
            raise DatabaseUnreachable("the connection is lost")


@dataclass
class Named(Loading):
    """Loads whose runs have names."""

    run_id: str = "mine"

    def next_entry(self) -> LedgerEntry:
        return dataclasses.replace(super().next_entry(), run_id=self.run_id)


@pytest.fixture
def losing(database: Database) -> Losing:
    """The same database, by a connection that can be lost."""
    found = Losing.__new__(Losing)
    found.__dict__.update(database.__dict__)
    return found


def test_a_commit_that_took_effect_is_a_success(losing: Losing) -> None:
    loading = Named(losing)
    loading.full([item("a")])
    losing.committed = True
    judged = loading.full([item("a"), item("b")])
    assert judged.decision == Publish(Verdict.COUNTED)
    assert judged.entry == loading.entry()
    assert (judged.entry.generation, judged.entry.rows) == (2, 2)
    assert judged.applied.changes.inserted == 1


def test_a_commit_that_did_not_is_a_failure(losing: Losing) -> None:
    loading = Named(losing)
    loading.full([item("a")])
    before = loading.entry()
    losing.committed = False
    with pytest.raises(DatabaseUnreachable):
        loading.full([item("b")])
    assert (loading.rows(), loading.entry()) == ({"a": "n"}, before)
    assert loading.full([item("b")]).decision == Publish(Verdict.COUNTED)


def test_a_first_load_that_is_lost_is_settled_too(losing: Losing) -> None:
    loading = Named(losing)
    losing.committed = False
    with pytest.raises(DatabaseUnreachable):
        loading.full([item("a")])
    assert (loading.rows(), loading.entry()) == ({}, None)
    losing.committed = True
    assert loading.full([item("a")]).entry == loading.entry() is not None


def test_what_another_run_published_meanwhile_is_not_taken_for_ours(losing: Losing) -> None:
    loading, other = Named(losing), Named(losing, run_id="another")
    loading.full([item("a")])
    losing.committed, losing.meanwhile = False, lambda: other.full([item("c", "theirs")])
    with pytest.raises(DatabaseUnreachable):
        loading.full([item("b")])
    assert loading.rows() == {"c": "theirs"}


def test_a_connection_that_is_lost_before_anything_was_claimed_settles_nothing(losing: Losing) -> None:
    loading = Named(losing)
    loading.full([item("a")])

    class Gone(Losing):
        @contextmanager
        def transaction(
            self,
            connection: sa.Connection,
            doing: str,
            *,
            temporary: bool = False,
            within: sa.RootTransaction | None = None,
        ) -> Iterator[sa.Transaction]:
            if doing.startswith("publish"):
                raise DatabaseUnreachable("there is no connection")
            with super().transaction(connection, doing, temporary=temporary, within=within) as transaction:
                yield transaction

    gone = Gone.__new__(Gone)
    gone.__dict__.update(losing.__dict__)
    with pytest.raises(DatabaseUnreachable, match="there is no connection"):
        Named(gone).full([item("b")])
    assert loading.rows() == {"a": "n"}

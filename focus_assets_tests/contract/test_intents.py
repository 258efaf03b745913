"""Intents keep their promises in every database."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.model.errors import KeyBusy, OvertakenWrite, UnknownOperation
from focus_assets.writeback import intents, outbox
from focus_assets.writeback.intent import Intent, Kind, Standing, State, Step

SECOND = 10**6
START = 1_750_000_000 * SECOND


@pytest.fixture
def books(database: Database) -> Database:
    """A database with the table of intents."""
    intents.ensure(database)
    return database


def intent(operation_id: str = "op-1", key: str = "alpha", due: int = START + 30 * SECOND) -> Intent:
    steps = (Step("a", Standing.SENT, START, "7"), Step("b"))
    return Intent(
        operation_id,
        Kind.CREATE,
        key,
        operation_id,
        '{"name":"Ünïcode \'quoted\'"}',
        steps,
        created_at=START,
        deadline=START + 3600 * SECOND,
        next_at=due,
    )


def test_an_intent_is_read_as_it_was_recorded(books: Database) -> None:
    intents.record(books, intent(), now=START)
    assert intents.read(books, "op-1") == intent()


def test_a_second_open_intent_of_a_key_is_refused_and_nothing_is_recorded(books: Database) -> None:
    intents.record(books, intent(), now=START)
    with pytest.raises(KeyBusy, match="operation op-1 on 'alpha' is not settled yet") as refused:
        intents.record(books, intent("op-2"), now=START)
    assert refused.value.operation_id == "op-1"
    with pytest.raises(UnknownOperation):
        intents.read(books, "op-2")


@pytest.mark.parametrize("state", [State.DONE, State.COMPENSATED, State.DEAD])
def test_a_key_is_free_again_when_its_write_has_ended(books: Database, state: State) -> None:
    intents.record(books, intent(), now=START)
    intents.save(books, replace(intent(), state=state, next_at=None), now=START)
    intents.record(books, intent("op-2"), now=START)
    intents.save(books, replace(intent("op-2"), state=state, next_at=None), now=START)
    assert intents.counts(books)[state] == 2


def test_keys_are_told_apart_byte_by_byte(books: Database) -> None:
    for number, key in enumerate(("alpha", "Alpha", "alpha ", "älpha")):
        intents.record(books, intent(f"op-{number}", key), now=START)
    assert intents.counts(books)[State.PENDING] == 4


def test_of_two_that_change_an_intent_one_is_refused(books: Database) -> None:
    intents.record(books, intent(), now=START)
    seen = intents.read(books, "op-1")
    assert intents.save(books, replace(seen, state=State.SENT), now=START).revision == 1
    with pytest.raises(OvertakenWrite, match="op-1"):
        intents.save(books, replace(seen, state=State.DEAD), now=START)
    assert intents.read(books, "op-1").state is State.SENT


def test_what_is_due_is_taken_once_and_comes_back_when_its_lease_ends(books: Database) -> None:
    intents.record(books, intent("op-2", "beta", START + 2 * SECOND), now=START)
    intents.record(books, intent("op-1", "alpha", START + SECOND), now=START)
    later = START + 5 * SECOND
    assert intents.count_due(books, later) == 2
    assert intents.count_due(books, START) == 0

    def take(due: int) -> str | None:
        return intents.claim(books, due=due, now=due, until=due + 60 * SECOND)

    assert [take(later), take(later), take(later)] == ["op-1", "op-2", None]
    assert take(later + 60 * SECOND) == "op-1"


def test_whoever_lost_his_lease_can_change_nothing(books: Database) -> None:
    intents.record(books, intent(), now=START)
    mine = intents.read(books, "op-1")
    intents.claim(books, due=START + 60 * SECOND, now=START, until=START + 90 * SECOND)
    with pytest.raises(OvertakenWrite):
        intents.save(books, replace(mine, state=State.DONE, next_at=None), now=START)


def test_what_has_ended_is_never_due(books: Database) -> None:
    intents.record(books, intent(), now=START)
    intents.save(books, replace(intent(), state=State.DONE, next_at=None), now=START)
    assert intents.claim(books, due=START * 2, now=START, until=START) is None


def test_a_locked_intent_is_passed_over(books: Database) -> None:
    if not books.dialect.skips_locked:
        assert books.dialect.single_writer
        return
    intents.record(books, intent("op-1", "alpha", START), now=START)
    intents.record(books, intent("op-2", "beta", START + 1), now=START)
    held = sa.select(intents.INTENTS).where(intents.INTENTS.c.operation_id == "op-1").with_for_update()
    with books.writing("hold one") as connection:
        connection.execute(held).all()
        found = intents.claim(books, due=START + SECOND, now=START, until=START + SECOND)
    assert found == "op-2"


def test_what_is_owed_is_in_the_view(books: Database) -> None:
    for number, state in enumerate(State):
        one = intent(f"op-{state.value}", f"key-{number}")
        intents.record(books, one, now=START)
        intents.save(books, replace(one, state=state), now=START)
    intents.ensure(books)
    with books.reading("look") as connection:
        rows = connection.exec_driver_sql("SELECT * FROM groupdelete ORDER BY id").mappings().all()
    assert [row["transaction_id"] for row in rows] == ["op-COMPENSATING", "op-DEAD", "op-UNKNOWN"]
    assert list(rows[0]) == ["id", "transaction_id", "transaction_timestamp", "created_date"]
    assert rows[0]["created_date"] == "2025-06-15T15:06:40.000000Z"


def test_intents_are_found_by_state_oldest_first(books: Database) -> None:
    intents.record(books, replace(intent("op-2", "beta"), created_at=START + 1), now=START)
    intents.record(books, intent("op-1"), now=START)
    assert [one.operation_id for one in intents.find(books, states=[State.PENDING])] == ["op-1", "op-2"]
    assert intents.find(books, states=[State.DEAD]) == []


def end(books: Database, one: Intent, *, now: int, state: State = State.DONE) -> Intent:
    """As a writer does it that tells others."""
    ended = replace(one, state=state, next_at=None)
    also = partial(outbox.keep, intent=replace(ended, revision=one.revision + 1), now=now)
    return intents.save(books, ended, now=now, also=also)


def test_the_end_of_a_write_is_kept_in_its_transaction_until_it_is_told(books: Database) -> None:
    intents.record(books, intent(), now=START)
    sent = intents.save(books, replace(intent(), state=State.SENT), now=START)
    with pytest.raises(OvertakenWrite):
        end(books, intent(), now=START, state=State.DEAD)
    assert outbox.count(books) == 0
    done = end(books, sent, now=START)
    (news,) = outbox.waiting(books, 9)
    assert news == outbox.news_of(done, ended_at=START)
    assert json.loads(news.body)["group"] == {"name": "Ünïcode 'quoted'"}
    outbox.forget(books, [news])
    assert outbox.count(books) == 0


def test_what_is_kept_of_a_key_stays_in_its_order_whatever_the_clocks_say(books: Database) -> None:
    for number, now in enumerate((START, START - 3 * SECOND, START, START - SECOND)):
        for one in (intent(f"op-{9 - number}"), intent(f"op-{number}-b", "beta")):
            intents.record(books, one, now=now)
            end(books, one, now=now)
    kept = outbox.waiting(books, 99)
    assert [news.name for news in kept if news.key == "alpha"] == ["op-9.1", "op-8.1", "op-7.1", "op-6.1"]
    assert [news.name for news in kept if news.key == "beta"] == [f"op-{number}-b.1" for number in range(4)]
    assert len(outbox.waiting(books, 3)) == 3

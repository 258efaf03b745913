"""Behind a pooler a load finds its own stage, or says that it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.api.loading import DatabaseLoader
from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseRefused
from focus_assets.model.partition import PartitionRef
from focus_assets_tests.contract.loading import REF, Loading, Round, item
from focus_assets_tests.pgbouncer import pooled

OTHER = PartitionRef(REF.source, REF.service, REF.resource, "FR")
OLD, MINE, THEIRS = [item("1", "old")], [item("1", "mine"), item("2", "mine")], [item("3", "theirs")]


@pytest.fixture
def database(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Database]:
    """By transactions with one session for all connections, or by sessions, of which a load needs two at once."""
    mode, sessions = getattr(request, "param", ("transaction", 1))
    with pooled(postgres_url, mode, sessions=sessions) as through:
        yield Database(Destination(url=SecretStr(through), lock_timeout_seconds=7))


@contextmanager
def between(database: Database, count: int, action: Callable[[], object]) -> Iterator[list[int]]:
    """Do it once, when so many transactions have begun, and before the next one; the list tells how many began."""
    begun: list[int] = []

    def begin(_connection: sa.Connection) -> None:
        begun.append(len(begun))
        if len(begun) == count + 1:
            action()

    sa.event.listen(database._engine, "begin", begin)
    try:
        yield begun
    finally:
        sa.event.remove(database._engine, "begin", begin)


def interrupted(
    database: Database, begin: Callable[[], object], theirs: Callable[[], object], mine: Callable[[], object]
) -> Iterator[str]:
    """Do mine, and theirs between two of its transactions: each two of them in turn; why it was refused, if it was."""
    said: list[str] = []
    for place in range(100):
        begin()
        with between(database, place, theirs) as begun:
            try:
                mine()
                said.append("")
            except DatabaseRefused as error:
                said.append(str(error))
        assert not said[-1] or "two sessions, as a pooler in transaction mode does" in said[-1]
        yield said[-1]
        if len(begun) <= place:
            break
    assert any(said)


Way = Callable[[Loading], object]
WAYS: dict[str, Way] = {
    "full": lambda load: load.full(MINE),
    "delta": lambda load: load.delta(Round(upserted=MINE)),
    "full and delta": lambda load: load.full(MINE[:1], Round(upserted=MINE[1:])),
}


@pytest.mark.parametrize("way", WAYS)
def test_whenever_another_load_uses_its_session_a_load_is_right_or_refused(database: Database, way: str) -> None:
    given, other = Loading(database), Loading(database, OTHER)

    def begin() -> None:
        given.full(OLD)
        other.full(OLD)

    for said in interrupted(database, begin, lambda: other.full(THEIRS), lambda: WAYS[way](given)):
        assert given.rows() == ({"1": "old"} if said else {"1": "mine", "2": "mine"})


@pytest.mark.parametrize("key", ["id", ()])
def test_records_in_hand_are_never_those_of_another_load(database: Database, key: str) -> None:
    loader = DatabaseLoader(database)

    def load(table: str, *found: str) -> None:
        loader.load([{"id": value} for value in found], table=table, mode="replace", unique_key=key)

    def begin() -> None:
        load("mine", "old")
        load("theirs", "old")

    actions = (lambda: load("theirs", "theirs", "more"), lambda: load("mine", "mine"))
    for said in interrupted(database, begin, *actions):
        with database.reading("look") as connection:
            found = connection.exec_driver_sql("SELECT id FROM mine").scalars().all()
        assert found == (["old"] if said else ["mine"])


@pytest.mark.parametrize("database", [("session", 2)], indirect=True)
def test_a_pooler_that_keeps_a_connections_session_is_like_none(database: Database) -> None:
    given = Loading(database, first=True)
    given.full(OLD)
    given.delta(Round(upserted=MINE))
    given.full(THEIRS, Round(upserted=MINE))
    assert given.rows() == {"1": "mine", "2": "mine", "3": "theirs"}


@pytest.mark.parametrize("database", [("session", 2)], indirect=True)
def test_a_session_is_set_up_though_the_pooler_drops_what_a_start_asks_for(database: Database) -> None:
    names = ("lock_timeout", "timezone", "application_name")
    with database.reading("look") as connection:
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
    assert found == ["7s", "UTC", "focus-assets"]

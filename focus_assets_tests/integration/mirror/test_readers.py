"""Whoever reads the mirror sees exactly one committed load: rows and ledger agree in every statement."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from focus_assets.model.errors import FocusError, Truncated
from focus_assets.model.wish import Wish
from focus_assets_tests.integration.mirror.scene import Scene

Seen = tuple[int, int, int | None, int | None]
FULL = Wish(full=True)
PATIENCE = 90.0  # seconds
NO_TABLE = ("no such table", "does not exist", "doesn't exist")


def _question(scene: Scene) -> sa.TextClause:
    """How many rows, a sum over what they hold, and what the ledger says of them: one statement."""
    mine = "FROM _focus_ledger l WHERE l.resource = 'things' AND l.partition = 'DE'"
    return sa.text(
        "SELECT count(*), coalesce(sum(amount), 0),"
        f" (SELECT l.rows {mine}), (SELECT l.generation {mine}) FROM {scene.shown} WHERE _country = 'DE'"
    )


def _look(scene: Scene) -> Seen:
    with scene.database.reading("look") as connection:
        count, total, rows, generation = connection.execute(_question(scene)).one()
    return count, int(total), rows, generation


class _Sights(set[Seen]):
    """What was seen, and a way to wait until something is."""

    def __init__(self) -> None:
        super().__init__()
        self._more = threading.Condition()

    def take(self, sight: Seen) -> None:
        """Somebody has seen it."""
        with self._more:
            self.add(sight)
            self._more.notify_all()

    def comes(self, sight: Seen) -> bool:
        """Whether somebody sees it in the end."""
        with self._more:
            return self._more.wait_for(lambda: sight in self, PATIENCE)


@contextmanager
def _readers(scene: Scene) -> Iterator[_Sights]:
    """Two threads that look all the while; what they saw."""
    seen = _Sights()
    failed: list[str] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.002):
            try:
                seen.take(_look(scene))
            except FocusError as error:
                failed.append(str(error))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    # before the first load there is no table to look at
    assert [text for text in failed if not any(words in text for words in NO_TABLE)] == []


async def test_a_reader_sees_each_load_as_a_whole_or_not_at_all(everywhere: Scene) -> None:
    scene = everywhere
    committed: set[Seen] = {(0, 0, None, None)}
    with _readers(scene) as seen:
        for number, wish in enumerate([Wish(), Wish(), FULL, Wish(), FULL]):
            scene.change(creates=20, updates=8, deletes=12, recreates=2)
            if number == 3:  # this one is healed
                scene.sql(f"DELETE FROM {scene.shown} WHERE id = 'k00000'")
                committed.add(_look(scene))
            assert (await scene.mirror(wish=wish)).error is None
            committed.add(now := _look(scene))
            assert seen.comes(now)
    assert seen <= committed
    assert scene.stored() == scene.served()


async def test_a_reader_sees_nothing_of_a_load_that_is_refused(everywhere: Scene) -> None:
    await everywhere.loaded()
    committed = _look(everywhere)
    everywhere.change(creates=9, updates=9, deletes=9)
    everywhere.edit_state(lambda payload: payload.update(total_items=31))
    with _readers(everywhere) as seen:
        for wish in (Wish(), FULL):
            assert (await everywhere.mirror(wish=wish)).error is not None
        everywhere.faults(*[("full", "cut_line")] * 3)
        assert isinstance((await everywhere.mirror(wish=FULL)).error, Truncated)
    assert seen <= {committed}


async def test_a_reader_whose_transaction_is_older_keeps_what_it_saw(everywhere: Scene) -> None:
    await everywhere.loaded()
    question = _question(everywhere)
    with everywhere.database.reading("look for long") as connection:
        if everywhere.database.dialect.name in ("postgresql", "mysql"):
            connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        before = tuple(connection.execute(question).one())
        everywhere.change(creates=9, updates=9, deletes=3)
        await everywhere.loaded()
        assert (await everywhere.mirror(wish=FULL)).error is None
        assert tuple(connection.execute(question).one()) == before
    assert _look(everywhere)[0] == 36


async def test_what_is_fetched_is_nobody_else_s_to_see_before_it_is_published(everywhere: Scene) -> None:
    await everywhere.loaded()
    committed = _look(everywhere)
    everywhere.change(creates=9, updates=9, deletes=9)
    seen: set[Seen] = set()

    async def look(endpoint: str) -> None:
        seen.add(_look(everywhere))

    everywhere.gate = look
    await everywhere.loaded()
    assert seen == {committed}

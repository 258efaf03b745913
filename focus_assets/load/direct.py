"""Put rows that somebody has in hand into a table that he names, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from focus_assets.database.dialects import Lane
from focus_assets.database.open import Database
from focus_assets.database.tables import SYNCED_AT, Mirrored
from focus_assets.load.apply import Apply, apply_stage
from focus_assets.load.stage import Stage
from focus_assets.model.feed import Row
from focus_assets.model.mode import Mode
from focus_assets.model.outcome import Changes
from focus_assets.model.schema import Column

Batches = Iterable[Sequence[Row]]


def load_keyed(database: Database, target: Mirrored, batches: Batches, *, mode: Mode, now: str) -> Changes:
    """Make the table hold the rows by their key, as the mode says; of two rows of one key the last one counts.

    Raises DatabaseError; then nothing was changed.
    """
    with database.connection(f"load {target.shown}") as connection:
        stage = Stage(database, connection, target)
        stage.clear(full=True)
        stage.fill_full(batches)
        with stage.publishing(f"load {target.shown}"):
            return apply_stage(connection, database.dialect, stage, Apply("", full=True, now=now, mode=mode))


def load_rows(
    database: Database, table: sa.Table, columns: tuple[Column, ...], batches: Batches, *, replace: bool, now: str
) -> Changes:
    """Write the rows of a table without a key, after all that were there, or in their place; raises DatabaseError."""
    doing = f"load {table.fullname}"
    with database.connection(doing) as connection:
        staged = _staged(database, table)
        with database.transaction(connection, doing, temporary=True):
            session = database.dialect.mark_session(connection)
            connection.execute(database.dialect.discard(staged))
            connection.execute(CreateTable(staged))
            inserted = database.dialect.write_rows(
                connection, Lane(staged, (*columns, SYNCED_AT)), _stamped(batches, now)
            )
        with database.transaction(connection, doing):
            database.dialect.check_session(connection, session)
            deleted = connection.execute(sa.delete(table)).rowcount if replace else 0
            names = [column.name for column in table.columns]
            rows = sa.select(*(staged.c[name] for name in names))
            connection.execute(sa.insert(table).from_select(names, rows))
    return Changes(inserted=inserted, deleted=deleted)


def _staged(database: Database, table: sa.Table) -> sa.Table:
    dialect, columns = database.dialect, (sa.Column(column.name, column.type) for column in table.columns)
    return sa.Table("_focus_rows", sa.MetaData(), *columns, *dialect.numbering(), **dialect.temporary())


def _stamped(batches: Batches, now: str) -> Iterator[list[Row]]:
    for rows in batches:
        yield [(*row, now) for row in rows]

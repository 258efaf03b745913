"""Make a partition hold what the stage says, by value, touching only rows that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from focus_assets.database.dialects import Dialect
from focus_assets.database.tables import SYNCED_AT, holds_rows
from focus_assets.load.stage import Stage
from focus_assets.model.errors import DatabaseRefused
from focus_assets.model.mode import Mode
from focus_assets.model.outcome import Changes


@dataclass(frozen=True, slots=True)
class Apply:
    """How to apply: a full load also deletes what the stage lacks, and believes older versions.

    A `mode` that keeps rows deletes none, one that appends updates none.

    `now` is our clock for `_synced_at`; `trusted_until` the server's: a stored row from beyond it yields to any
    version. Both canonical timestamps; `trusted_until` is None where the server does not tell the time.
    """

    partition: str
    full: bool
    now: str
    trusted_until: str | None = None
    mode: Mode = Mode.MIRROR


def apply_stage(connection: sa.Connection, dialect: Dialect, stage: Stage, how: Apply) -> Changes:
    """Delete, update, insert, in this order; to be called inside the load's transaction."""
    statements = Statements(dialect, stage, how)
    dialect.prepare_apply(connection, full=how.full)
    wanted, staged = _compared(connection, statements) if how.full else (ALL, stage.count(connection))
    deleted = connection.execute(statements.delete()).rowcount if wanted.delete and not how.mode.keeps else 0
    update = statements.update() if wanted.update and how.mode.updates else None
    updated = 0 if update is None else connection.execute(update).rowcount
    inserted = _insert(connection, statements) if wanted.insert else 0
    if dialect.may_meddle(connection, stage.target.table):
        _insist(connection, statements)
    stage.leave(connection)
    return Changes(inserted=inserted, updated=updated, deleted=deleted, unchanged=staged - inserted - updated)


def _insert(connection: sa.Connection, statements: Statements) -> int:
    return connection.execute(statements.insert(), execution_options={"preserve_rowcount": True}).rowcount


def _insist(connection: sa.Connection, statements: Statements) -> None:
    """What was applied leaves nothing to do; a trigger or a rule may have made it something else, or nothing."""
    left = sum(connection.execute(query).scalar_one() for query in statements.left())
    if left:
        raise DatabaseRefused(
            f"{statements.stage.target.shown}: {left:,} rows are not in the table as they were written: a trigger, "
            "a rule or a foreign key there changes them"
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the three statements have anything to do."""

    delete: bool = True
    update: bool = True
    insert: bool = True


ALL = Wanted()


def _compared(connection: sa.Connection, statements: Statements) -> tuple[Wanted, int]:
    """What there is to do, and how many rows the stage has, one a key.

    One walk through both tells: most full loads change little, and each statement would walk again. Where no key is
    new it also proves that none is in the stage twice, so that nothing has to be sorted: with as many pairs as the
    table has rows, none of these has two partners; with as many partners as the stage has rows, it has no others.
    """
    stage, how = statements.stage, statements.how
    if not holds_rows(connection, stage.target, how.partition):
        stage.settle(connection)
        return Wanted(delete=False, update=False), stage.count(connection)
    staged = stage.count(connection)
    stored, pairs, common, different = connection.execute(statements.compare()).one()
    if not (stage.settled or (pairs == stored and common == staged)):
        came = staged
        stage.settle(connection)
        staged = stage.count(connection)
        if staged < came:
            stored, _, common, different = connection.execute(statements.compare()).one()
    return Wanted(delete=common < stored, update=different > 0, insert=common < staged), staged


@dataclass(frozen=True, slots=True)
class Statements:
    """The SQL of one apply; every dialect's text of it is kept as a golden file."""

    dialect: Dialect
    stage: Stage
    how: Apply

    def delete(self) -> sa.Delete:
        """What the stage lacks (full), or what it names as gone (delta)."""
        table = self.stage.target.table
        if self.how.full:
            return sa.delete(table).where(self._within(), ~sa.exists().where(self._same_key(), ~self._deleted()))
        named = self.stage.named_in(self.stage.base, self._target_key(), self._deleted())
        return sa.delete(table).where(self._within(), named)

    def compare(self) -> sa.Select[int, int, int, int]:
        """How many rows the partition has; how many pairs there are of a row and its partner in the stage, or of a row
        and nothing; how many of these have a partner; and how many have one with other values.

        Pairs of a row and nothing are left out where an index is looked into: they would take a look each.
        """
        key = self.stage.key(self.stage.base)
        same_key = [stored == self.dialect.walked(one) for stored, one in zip(self._target_key(), key, strict=True)]
        partner, found = sa.and_(*same_key, ~self._deleted()), key[0].is_not(None)
        both = self.stage.target.table.join(self.stage.base, partner, isouter=self.dialect.hashes_full_loads)
        differs = sa.case((sa.and_(found, self._differs(self._names())), 1))
        # SQL Server takes no subquery within an aggregate, and `differs` may be one there
        pairs = sa.select(key[0].label("partner"), differs.label("different")).select_from(both).where(self._within())
        counted = pairs.subquery("pairs")
        counts = map(sa.func.count, (sa.literal_column("*"), counted.c.partner, counted.c.different))
        return sa.select(self.count_rows().scalar_subquery(), *counts).select_from(counted)

    def update(self) -> sa.Update | None:
        """Rows whose values differ; None where a row is its key and nothing else."""
        target, base, names = self.stage.target, self.stage.base, self._names()
        if not names:
            return None
        differs = self._differs(names)
        values: dict[sa.Column[Any], sa.ColumnElement[Any]] = {target.table.c[name]: base.c[name] for name in names}
        values[target.table.c[SYNCED_AT.name]] = self.dialect.moment(self.how.now)
        wanted = [self._within(), self._same_key(), ~self._deleted(), differs, *self._not_older()]
        return sa.update(target.table).where(*wanted).values(values)

    def insert(self) -> sa.Insert:
        """Rows whose key the partition lacks."""
        target, base = self.stage.target, self.stage.base
        columns = [base.c[column.name] for column in target.schema.columns]
        added = [] if target.partition is None else [sa.literal(self.how.partition, sa.Text())]
        rows = sa.select(*added, *columns, self.dialect.moment(self.how.now)).where(*self._lacking())
        if self.dialect.inserts_by_key:
            rows = rows.order_by(*self.stage.key(base))
        return sa.insert(target.table).from_select([column.name for column in target.table.columns], rows)

    def count_rows(self) -> sa.Select[int]:
        """COUNT(*) of the partition."""
        return sa.select(sa.func.count()).select_from(self.stage.target.table).where(self._within())

    def left(self) -> list[sa.Select[int]]:
        """How many rows each of the statements, made once more, would still find."""
        target, base = self.stage.target.table, self.stage.base
        made = (None if self.how.mode.keeps else self.delete(), self.update() if self.how.mode.updates else None)
        wheres = [statement.whereclause for statement in made if statement is not None]
        wanted = [(target, where) for where in wheres if where is not None]
        found = [*wanted, (base, sa.and_(*self._lacking()))]
        return [sa.select(sa.func.count()).select_from(table).where(where) for table, where in found]

    def _lacking(self) -> list[sa.ColumnElement[bool]]:
        there = sa.exists().where(self._within(), self._same_key()).correlate(self.stage.base)
        return [~self._deleted(), ~there]

    def _within(self) -> sa.ColumnElement[bool]:
        return self.stage.target.within(self.how.partition)

    def _same_key(self) -> sa.ColumnElement[bool]:
        pairs = zip(self._target_key(), self.stage.key(self.stage.base), strict=True)
        return sa.and_(*(stored == staged for stored, staged in pairs))

    def _names(self) -> list[str]:
        schema = self.stage.target.schema
        return [column.name for column in schema.columns if column.name not in schema.key]

    def _differs(self, names: Sequence[str]) -> sa.ColumnElement[bool]:
        stored, staged = self.stage.target.table.c, self.stage.base.c
        return sa.or_(sa.false(), *(self.dialect.differs(stored[name], staged[name]) for name in names))

    def _deleted(self) -> sa.ColumnElement[bool]:
        return self.stage.gone()

    def _target_key(self) -> list[sa.Column[object]]:
        return self.stage.target.columns(self.stage.target.schema.key)

    def _not_older(self) -> Sequence[sa.ColumnElement[bool]]:
        """A delta never puts an older version over a newer one; a full load believes the server."""
        changed = self.stage.target.schema.changed
        if self.how.full or not changed:
            return []
        stored = self.dialect.latest(self.stage.target.columns(changed))
        staged = self.dialect.latest([self.stage.base.c[name] for name in changed])
        newer = staged >= stored
        if self.how.trusted_until is None:
            return [newer]
        return [sa.or_(newer, stored > self.dialect.moment(self.how.trusted_until))]

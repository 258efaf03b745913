"""Keep what one run fetched, one row a key, on a connection of its own, until it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable

from focus_assets.database.dialects import Dialect, Lane
from focus_assets.database.dialects.dialect import ARRIVAL
from focus_assets.database.open import Database
from focus_assets.database.tables import Mirrored, dialect_column
from focus_assets.model.feed import Row
from focus_assets.model.schema import Column, ColumnType, Kind, ResourceSchema

DELETED = Column("_focus_deleted", ColumnType(Kind.BOOL))
PLACE = Column("_focus_place", ColumnType(Kind.INT64))
Batches = Iterable[Sequence[Row]]


class Stage:
    """Two temporary tables: `base` is the outcome so far, `fresh` takes one more round of changes.

    A row is an upsert, or (with `_focus_deleted`) the key of a row that is gone. They vanish with the connection.
    `constants` say what the columns that we add hold in a first load, whose table is not there yet: then `base` is laid
    out as that table, and becomes it (docs/decisions/0009-the-hot-path.md).

    A third one holds keys that are looked for in them: only the database knows when two keys are the same to it.
    """

    def __init__(
        self,
        database: Database,
        connection: sa.Connection,
        target: Mirrored,
        constants: tuple[tuple[str, str], ...] | None = None,
    ) -> None:
        self._database, self._connection, self.target = database, connection, target
        self.way_in = ""  # how rows are written, once some may have been
        self._first, self._constants = constants is not None, constants or ()
        self._lasting: sa.RootTransaction | None = None
        self._session = ""  # the mark of the one that has the tables
        self.settled = True  # whether the base has one row a key
        self._in_round = False  # whether `fresh` is there: most loads have no use for it
        if constants is None:
            self.base = _layout(database.dialect, target.schema, "_focus_base")
        else:
            self.base = database.dialect.first_stage(target.table, constants)
        self.fresh = _layout(database.dialect, target.schema, "_focus_fresh")
        self._sought = _sought(database.dialect, target.schema)

    def clear(self, *, full: bool) -> None:
        """Begin with nothing; the base of a full load gets its index once it is filled, or later."""
        if self._first and self._database.dialect.first_stage_lasts and self._lasting is None:
            with self._database.translated("begin a first load"):
                self._lasting = self._connection.begin()
        doing = "clear the stage"
        with self._database.transaction(self._connection, doing, temporary=True, within=self._lasting):
            connection = self._connection
            if self._lasting is None:
                self._session = self._database.dialect.mark_session(connection)
            self._make(connection, self.base)
            if not full:
                self._index(connection, self.base)
        self.settled, self._in_round = True, False

    def fill_full(self, batches: Batches) -> int:
        """All rows of a full load, all or none; returns how many lines there were.

        What is compared by hash may have a key twice, and no index, until somebody needs it settled.
        """
        with self._writing("stage a full load") as connection:
            written = self._write(connection, self._upserts(self.base), batches)
            self.settled = self._first or not self._database.dialect.hashes_full_loads
            if self.settled:
                self._settle(connection, self.base)
        return written

    def settle(self, connection: sa.Connection) -> None:
        """Leave one row a key in the base; inside the load's transaction, whose rollback takes it back."""
        if not self.settled:
            self._settle(connection, self.base)

    def fill_upserts(self, batches: Batches) -> int:
        """Rows that were created or updated, into the round that is being fetched; all or none."""
        with self._round("stage changes") as connection:
            return self._write(connection, self._upserts(self.fresh), batches)

    def fill_deletes(self, batches: Batches) -> int:
        """Keys of rows that are gone, into the round that is being fetched; all or none."""
        marked = ([(*row, True) for row in rows] for rows in batches)
        lane = Lane(self.fresh, (*self.target.schema.key_columns, DELETED))
        with self._round("stage deletions") as connection:
            return self._write(connection, lane, marked)

    def set_aside(self, keys: Sequence[Row]) -> None:
        """Rows whose new version cannot be stored: what is stored of them is no longer what the server has."""
        with self._round("set rows aside") as connection:
            self._seek(connection, keys)
            connection.execute(sa.delete(self.fresh).where(self.named_in(self._sought, self.key(self.fresh))))
        self.fill_deletes([keys])

    def names(self, keys: Sequence[Row]) -> list[Row]:
        """Those of the keys that the fetched round speaks of."""
        with self._round("look for keys") as connection:
            return self.find(connection, keys, self.fresh)

    def find(self, connection: sa.Connection, keys: Sequence[Row], table: sa.Table) -> list[Row]:
        """Those of the keys that one of the stage's tables has; inside a transaction on the stage's connection."""
        self._seek(connection, keys)
        there = sa.exists().where(self._found_in(table)).correlate(self._sought)
        places = connection.execute(sa.select(self._sought.c[PLACE.name]).where(there)).scalars()
        return [keys[place] for place in sorted(places)]

    def _seek(self, connection: sa.Connection, keys: Sequence[Row]) -> None:
        self._make(connection, self._sought)
        lane = Lane(self._sought, (*self.target.schema.key_columns, PLACE))
        numbered: list[Row] = [(*key, place) for place, key in enumerate(keys)]
        self._database.dialect.write_rows(connection, lane, [numbered])

    def _found_in(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(*(self._sought.c[name] == table.c[name] for name in self.target.schema.key))

    def fold(self) -> int:
        """Lay the fetched round over what was there, the later word winning; returns how many keys it changed."""
        if not self._in_round:
            return 0
        with self._writing("fold a round of changes") as connection:
            if connection.execute(sa.select(sa.literal(1)).select_from(self.fresh).limit(1)).first() is None:
                return 0  # what is there may be large, and stays as it is
            self.settle(connection)
            self._settle(connection, self.fresh)
            self._database.dialect.analyze(connection, self.fresh)
            news = int(connection.execute(self._count_news()).scalar_one())
            connection.execute(sa.delete(self.base).where(self.named_in(self.fresh, self.key(self.base))))
            connection.execute(self._laid_over())
            self._database.dialect.analyze(connection, self.base)
        self.settled, self._in_round = True, False
        return news

    def named_in(
        self, table: sa.Table, key: Sequence[sa.ColumnElement[Any]], *those: sa.ColumnElement[bool]
    ) -> sa.ColumnElement[bool]:
        """Whether a key is in one of the stage's tables, for a DELETE: a key that is looked up, not a table walked."""
        found = self.key(table)
        if self._database.dialect.deletes_by_join:
            return sa.and_(*(one == other for one, other in zip(key, found, strict=True)), *those)
        return sa.tuple_(*key).in_(sa.select(*found).where(*those))

    def key(self, table: sa.Table) -> list[sa.Column[Any]]:
        """The key's columns in one of the stage's tables."""
        return [table.c[name] for name in self.target.schema.key]

    def gone(self) -> sa.ColumnElement[bool]:
        """Whether a row of the base is but the key of one that is gone; in a first load it has none of these."""
        return sa.false() if self._first else self.base.c[DELETED.name]

    def count(self, connection: sa.Connection) -> int:
        """How many rows the base would have in the table."""
        query = sa.select(sa.func.count()).select_from(self.base).where(~self.gone())
        return int(connection.execute(query).scalar_one())

    def become(self, connection: sa.Connection) -> bool:
        """Make the base of a first load the table.

        False where it has to be applied like any other; the table is there then.
        """
        if not self._first:
            return False
        table, dialect = self.target.table, self._database.dialect
        became = dialect.become(connection, self.base, table)
        if not became and sa.inspect(connection).has_table(table.name, schema=table.schema):
            return False
        if not became:
            table.create(connection)
        for statement in dialect.views(table, self.target.schema.columns):
            connection.exec_driver_sql(statement)
        return became

    def leave(self, connection: sa.Connection) -> None:
        """Once it has been applied, nothing lasting stays of it."""
        if self._lasting is not None:
            connection.execute(self._database.dialect.discard(self.base))

    @contextmanager
    def publishing(self, doing: str) -> Iterator[sa.Transaction]:
        """The one transaction of a load: committed at the end, rolled back by any exception; the stage is not."""
        with self._database.transaction(self._connection, doing, within=self._lasting) as transaction:
            self._check_session()
            yield transaction

    @contextmanager
    def _writing(self, doing: str) -> Iterator[sa.Connection]:
        with self._database.transaction(self._connection, doing, temporary=True, within=self._lasting):
            self._check_session()
            yield self._connection

    def _check_session(self) -> None:
        if self._lasting is None:  # else it is the transaction's, which has but one
            self._database.dialect.check_session(self._connection, self._session)

    @contextmanager
    def _round(self, doing: str) -> Iterator[sa.Connection]:
        """The same for the round that is being fetched; what makes its table is taken back with the rest."""
        with self._writing(doing) as connection:
            if not self._in_round:
                self._make(connection, self.fresh)
            yield connection
        self._in_round = True

    def _write(self, connection: sa.Connection, lane: Lane, batches: Batches) -> int:
        written = self._database.dialect.write_rows(connection, lane, batches)
        self.way_in = self._database.dialect.way_in(connection)
        return written

    def _upserts(self, table: sa.Table) -> Lane:
        return Lane(table, self.target.schema.columns, self._constants if table is self.base else ())

    def _laid_over(self) -> sa.Insert:
        names = [column.name for column in self.target.schema.columns]
        if self._first:
            rows = sa.select(*(self.fresh.c[name] for name in names)).where(~self.fresh.c[DELETED.name])
            added = [sa.cast(sa.literal(text), self.base.c[name].type) for name, text in self._constants]
            return sa.insert(self.base).from_select([*names, *dict(self._constants)], rows.add_columns(*added))
        names.append(DELETED.name)
        return sa.insert(self.base).from_select(names, sa.select(*(self.fresh.c[name] for name in names)))

    def _count_news(self) -> sa.Select[int]:
        """How many upserts have no equal in the base, and how many deletions name what is there.

        Each table is opened once: MySQL cannot open a temporary one twice in a statement.
        """
        base, fresh, differs = self.base, self.fresh, self._database.dialect.differs
        same_key = sa.and_(*(base.c[name] == fresh.c[name] for name in self.target.schema.key), ~self.gone())
        values = [column.name for column in self.target.schema.columns if column.name not in self.target.schema.key]
        there = base.c[self.target.schema.key[0] if self._first else DELETED.name].is_not(None)
        changed = sa.or_(~there, *(differs(base.c[name], fresh.c[name]) for name in values))
        news = sa.or_(sa.and_(~fresh.c[DELETED.name], changed), sa.and_(fresh.c[DELETED.name], there))
        return sa.select(sa.func.count()).select_from(fresh.outerjoin(base, same_key)).where(news)

    def _settle(self, connection: sa.Connection, table: sa.Table) -> None:
        """Leave one row a key, with a unique index over it: the index first, as most loads repeat nothing."""
        dialect = self._database.dialect
        if not dialect.indexes_stages:
            self._collapse(connection, table)
            return
        try:
            with connection.begin_nested() if dialect.transactional_ddl else nullcontext():
                self._index(connection, table)
        except IntegrityError:
            self._collapse(connection, table)
            self._index(connection, table)

    def _collapse(self, connection: sa.Connection, table: sa.Table) -> None:
        """Keep of each key an upsert rather than a deletion, then the newest version, then the last that came."""
        dialect = self._database.dialect
        arrival = dialect.arrival(table)
        order = [arrival.desc()]
        if changed := [table.c[name] for name in self.target.schema.changed]:
            order.insert(0, dialect.latest(changed).desc())
        if DELETED.name in table.c:
            order.insert(0, table.c[DELETED.name].asc())
        place = sa.func.row_number().over(partition_by=self.key(table), order_by=order)
        ranked = sa.select(arrival.label("arrival"), place.label("place")).select_from(table).subquery()
        losers = sa.select(ranked.c.arrival).where(ranked.c.place > 1)
        if not dialect.reopens_temporary:
            losers = self._noted(connection, losers)
        connection.execute(sa.delete(table).where(arrival.in_(losers)))

    def _noted(self, connection: sa.Connection, numbers: sa.Select[Any]) -> sa.Select[Any]:
        """Row numbers in a table of their own, where they cannot be looked for in the table that has them."""
        noted = sa.Table(
            "_focus_losers", sa.MetaData(), *self._database.dialect.numbering(), **self._database.dialect.temporary()
        )
        self._make(connection, noted)
        connection.execute(sa.insert(noted).from_select([ARRIVAL], numbers))
        return sa.select(noted.c[ARRIVAL])

    def _make(self, connection: sa.Connection, table: sa.Table) -> None:
        connection.execute(self._database.dialect.discard(table))
        connection.execute(CreateTable(table))

    def _index(self, connection: sa.Connection, table: sa.Table) -> None:
        if self._database.dialect.indexes_stages:
            connection.execute(CreateIndex(next(iter(table.indexes))))


@lru_cache(maxsize=256)  # the same for every run of a resource: its SQL is made once
def _layout(dialect: Dialect, schema: ResourceSchema, name: str) -> sa.Table:
    columns = [dialect_column(dialect, column, schema) for column in schema.columns]
    named = dialect.temporary_name(name)
    deleted: sa.Column[bool] = sa.Column(DELETED.name, sa.Boolean(), nullable=False, server_default=sa.false())
    table = sa.Table(named, sa.MetaData(), *columns, deleted, *dialect.numbering(), **dialect.temporary())
    sa.Index(f"{name}_key", *(table.c[key] for key in schema.key), unique=True)
    return table


@lru_cache(maxsize=256)
def _sought(dialect: Dialect, schema: ResourceSchema) -> sa.Table:
    columns = [dialect_column(dialect, column, schema) for column in schema.key_columns]
    place: sa.Column[int] = sa.Column(PLACE.name, sa.BigInteger(), nullable=False)
    return sa.Table(
        dialect.temporary_name("_focus_sought"),
        sa.MetaData(),
        *columns,
        place,
        *dialect.numbering(),
        **dialect.temporary(),
    )

"""Open the destination, run transactions in it, and let no driver's error out of here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from focus_assets.config import Destination
from focus_assets.database.dialects import Dialect, dialect_of
from focus_assets.database.kept import Kept
from focus_assets.model.errors import DatabaseFailed, FocusError, InvalidConfiguration


class Database:
    """A destination: connections are opened when they are needed and closed after, unless somebody keeps them."""

    def __init__(self, destination: Destination) -> None:
        try:
            url = sa.make_url(destination.url.get_secret_value())
        except (ArgumentError, ValueError):
            raise InvalidConfiguration("destination.url", "expected an SQLAlchemy URL") from None
        self.shown = destination.shown
        self.dialect: Dialect = dialect_of(url)
        # Where there is one writer at a time, threads of one process queue here instead of timing out there.
        self._turn = threading.RLock() if self.dialect.single_writer else nullcontext()
        with self.translated("open the database"):
            self._engine = self.dialect.engine(url, lock_timeout=destination.lock_timeout_seconds)
        self._kept = Kept(self.dialect.stands)

    def __repr__(self) -> str:
        return f"Database({self.shown})"

    @contextmanager
    def connection(self, doing: str = "connect") -> Iterator[sa.Connection]:
        """One connection, for one thread at a time; raises DatabaseError."""
        with self.translated(doing):
            connection = self._kept.take() or self._engine.connect()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._kept.put(connection)

    def keeping(self) -> AbstractContextManager[None]:
        """Meanwhile a connection that is done with waits for who needs one next; whoever takes one looks whether it
        still stands. Not where an open one keeps other processes out.
        """
        return nullcontext() if self.dialect.one_process else self._kept.wanted()

    @contextmanager
    def reading(self, doing: str) -> Iterator[sa.Connection]:
        """A connection of its own whose transaction is rolled back at the end."""
        with self.connection(doing) as connection, connection.begin() as transaction:
            try:
                yield connection
            finally:
                transaction.rollback()

    @contextmanager
    def writing(self, doing: str) -> Iterator[sa.Connection]:
        """A connection of its own and one write transaction on it."""
        with self.connection(doing) as connection, self.transaction(connection, doing):
            yield connection

    @contextmanager
    def transaction(
        self,
        connection: sa.Connection,
        doing: str,
        *,
        temporary: bool = False,
        within: sa.RootTransaction | None = None,
    ) -> Iterator[sa.Transaction]:
        """One write transaction: committed at the end, rolled back by any exception.

        A `temporary` one writes only to this connection's own tables, and shuts nobody out. `within` one that has begun
        it is a savepoint, at whose end the whole is committed too, unless it is `temporary`.
        """
        turn = nullcontext() if temporary else self._turn
        with turn, self.translated(doing):
            with connection.begin() if within is None else connection.begin_nested() as transaction:
                if not temporary and within is None:
                    self.dialect.begin_write(connection)
                yield transaction
                stands = transaction.is_active
            if within is not None and stands and not temporary:
                within.commit()

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """Whatever the driver raises inside comes out as one of ours."""
        try:
            yield
        except FocusError:
            raise
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            said = self.dialect.translate(cause, doing) or DatabaseFailed(f"could not {doing}: {cause}")
            raise said from error
        except Exception as error:
            said_by_driver = self.dialect.translate(error, doing)
            if said_by_driver is None:
                raise
            raise said_by_driver from error

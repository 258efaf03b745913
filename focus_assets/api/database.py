"""Speak SQL to a database, in transactions, with no driver's error coming through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from pydantic import SecretStr, ValidationError

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.model.errors import ConfigurationError, InvalidConfiguration

Params = Mapping[str, object]
_NONE: Params = {}


def open_database(url: str | SecretStr | Database) -> Database:
    """The database of an SQLAlchemy URL; a relative path of a file begins in the working folder.

    Raises InvalidConfiguration, MissingExtra.
    """
    if isinstance(url, Database):
        return url
    try:
        destination = Destination(url=url if isinstance(url, SecretStr) else SecretStr(url))
    except ValidationError as error:
        problem = error.errors(include_input=False, include_context=False)[0]["msg"]
        # not chained: the validator's error may hold the URL
        raise InvalidConfiguration("the database's URL", problem.removeprefix("Value error, ")) from None
    return Database(destination.beside(Path.cwd()))


class DatabaseClient:
    """Statements in SQL with bound values (`:name`).

    Within `with` they are one transaction: committed at its end, rolled back whole by any exception. Outside of it
    each is a transaction of its own. For one thread at a time.
    """

    def __init__(self, url: str | SecretStr | Database) -> None:
        """Raises InvalidConfiguration, MissingExtra; connects when there is something to do."""
        self.database = open_database(url)
        self._stack: ExitStack | None = None
        self._connection: sa.Connection | None = None

    def __repr__(self) -> str:
        return f"DatabaseClient({self.database.shown})"

    def __enter__(self) -> Self:
        """Begin the transaction. Raises DatabaseError; ConfigurationError inside of another one."""
        if self._stack is not None:
            raise ConfigurationError("this client is in a transaction already; open a second client for another one")
        with ExitStack() as stack:
            self._connection = stack.enter_context(self.database.connection("open a transaction"))
            stack.enter_context(self.database.transaction(self._connection, "run a transaction"))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack, self._stack, self._connection = self._stack, None, None
        if stack is not None:
            stack.__exit__(kind, error, trace)

    def execute(self, statement: str, params: Params = _NONE) -> int:
        """Run a statement; returns how many rows it touched (-1 where the database does not say).

        Raises DatabaseError.
        """
        with self._writing() as connection:
            return connection.execute(sa.text(statement), dict(params)).rowcount

    def fetch_all(self, query: str, params: Params = _NONE) -> list[dict[str, Any]]:
        """The rows of a query, each by its columns' names; raises DatabaseError."""
        with self._reading() as connection:
            return [dict(row) for row in connection.execute(sa.text(query), dict(params)).mappings()]

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if self._connection is not None:
            with self.database.translated("run a statement"):
                yield self._connection
        else:
            with self.database.writing("run a statement") as connection:
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        if self._connection is not None:
            with self.database.translated("run a query"):
                yield self._connection
        else:
            with self.database.reading("run a query") as connection:
                yield connection

"""One file a database, each with only what differs; `dialect_of` finds the one that a URL names."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from sqlalchemy import URL

from focus_assets.database.dialects.dialect import Dialect, Lane
from focus_assets.model.errors import InvalidConfiguration

__all__ = ["NAMES", "Dialect", "Lane", "dialect_named", "dialect_of"]

# each is imported when it is asked for: with SQLAlchemy's own of all others it would take as long as HTTP
_CLASSES = {
    "sqlite": "sqlite.SQLite",
    "postgresql": "postgres.Postgres",
    "duckdb": "duckdb.DuckDB",
    "mysql": "mysql.MySQL",
    "mariadb": "mysql.MariaDB",
    "mssql": "sqlserver.SQLServer",
}
NAMES = tuple(_CLASSES)


@cache
def dialect_named(name: str) -> Dialect:
    """The one of this name, one of NAMES."""
    module, of = _CLASSES[name].split(".")
    return cast("Dialect", getattr(import_module(f"{__name__}.{module}"), of)())


def dialect_of(url: URL) -> Dialect:
    """The dialect of a URL; InvalidConfiguration for a database that nobody described."""
    name = url.get_backend_name()
    if name not in NAMES:
        raise InvalidConfiguration("destination.url", f"no dialect for {name!r}; known: {', '.join(NAMES)}")
    return dialect_named(name)

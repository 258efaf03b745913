"""One file a database, each with only what differs; `dialect_of` finds the one that a URL names."""

from __future__ import annotations

from sqlalchemy import URL

from focus_assets.database.dialects.dialect import Dialect, Lane
from focus_assets.database.dialects.duckdb import DuckDB
from focus_assets.database.dialects.mysql import MariaDB, MySQL
from focus_assets.database.dialects.postgres import Postgres
from focus_assets.database.dialects.sqlite import SQLite
from focus_assets.database.dialects.sqlserver import SQLServer
from focus_assets.model.errors import InvalidConfiguration

__all__ = ["DIALECTS", "Dialect", "Lane", "dialect_of"]

_ALL: tuple[Dialect, ...] = (SQLite(), Postgres(), DuckDB(), MySQL(), MariaDB(), SQLServer())
DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in _ALL}


def dialect_of(url: URL) -> Dialect:
    """The dialect of a URL; InvalidConfiguration for a database that nobody described."""
    name = url.get_backend_name()
    if name not in DIALECTS:
        known = ", ".join(DIALECTS)
        raise InvalidConfiguration("destination.url", f"no dialect for {name!r}; known: {known}")
    return DIALECTS[name]

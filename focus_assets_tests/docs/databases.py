"""Render what each database supports, by its dialect; words of our own say where each was run."""

from __future__ import annotations

from collections.abc import Callable

from focus_assets.database.dialects import NAMES, Dialect, dialect_named
from focus_assets.database.dialects import mysql as of_mysql
from focus_assets.database.dialects import sqlserver as of_sqlserver
from focus_assets.model.names import MAX_BYTES
from focus_assets_tests.docs.pages import table

TITLES = {
    "sqlite": "SQLite",
    "postgresql": "PostgreSQL",
    "duckdb": "DuckDB",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "mssql": "SQL Server",
}
URLS = {
    "sqlite": "`sqlite:///data/shop.db`",
    "postgresql": "`postgresql://user:password@host:5432/database`",
    "duckdb": "`duckdb:///data/shop.duckdb`",
    "mysql": "`mysql://user:password@host:3306/database`",
    "mariadb": "`mariadb://user:password@host:3306/database`",
    "mssql": "`mssql://user:password@host:1433/database`",
}
DRIVERS = {
    "sqlite": "Python's own",
    "postgresql": "psycopg 3, the extra `postgres`",
    "duckdb": "duckdb, the extra `duckdb`",
    "mysql": "PyMySQL, the extra `mysql`",
    "mariadb": "PyMySQL, the extra `mysql`",
    "mssql": "mssql-python, the extra `sqlserver`: it brings Microsoft's ODBC driver, whose licence is proprietary",
}
RUN = {
    "sqlite": "every test, on files",
    "postgresql": "every test, on a server of its own or the one of `FOCUS_TEST_POSTGRES_URL`",
    "duckdb": "the promises and the mirror's story, on files",
    "mysql": "**never run**; its SQL is a golden file, and `FOCUS_TEST_MYSQL_URL` may name a server",
    "mariadb": "the promises, the mirror's story and the kills, on MariaDB 10.11 by a `mysql://` URL",
    "mssql": "**never run**; a parser of T-SQL reads its golden file, and `FOCUS_TEST_SQLSERVER_URL` may name a server",
}
BOUNDED_KEYS = {
    "mysql": f"{of_mysql.key_length(2)} characters",
    "mariadb": f"{of_mysql.key_length(2)} characters",
    "mssql": f"{of_sqlserver.LONGEST_KEY // 4} UTF-16 units, and no space or zero byte at their ends",
}
LONGEST_NAMES = {"mysql": of_mysql.LONGEST_NAME, "mariadb": of_mysql.LONGEST_NAME, "mssql": of_sqlserver.LONGEST_NAME}


def support() -> str:
    """A line for each question, a column for each database."""
    lines: list[tuple[str, Callable[[str, Dialect], str]]] = [
        ("URL", lambda name, _: URLS[name]),
        ("driver", lambda name, _: DRIVERS[name]),
        ("run by the tests", lambda name, _: RUN[name]),
        ("a resource's table", lambda _, dialect: _table_of(dialect)),
        ("who writes at once", lambda _, dialect: _writers(dialect)),
        ("how rows are staged", lambda _, dialect: _staged(dialect)),
        ("tables are made", lambda _, dialect: _ddl(dialect)),
        ("a key's texts and bytes, beside the country", lambda name, _: BOUNDED_KEYS.get(name, "of any length")),
        ("names", lambda name, _: _names(name)),
    ]
    assert set(TITLES) == set(NAMES) == set(URLS) == set(DRIVERS) == set(RUN)
    return "\n\n".join(_of(name, lines) for name in NAMES)


def _of(name: str, lines: list[tuple[str, Callable[[str, Dialect], str]]]) -> str:
    rows = [(question, answer(name, dialect_named(name))) for question, answer in lines]
    return f"### {TITLES[name]}\n\n{table(('', ''), rows)}"


def _table_of(dialect: Dialect) -> str:
    return "`<service>.<resource>`" if dialect.has_schemas else "`<service>__<resource>`"


def _writers(dialect: Dialect) -> str:
    if dialect.one_process:
        return "one process has the file open, readers included; in it one load publishes at a time"
    if dialect.single_writer:
        return "one load publishes at a time; readers go on"
    return "loads of different partitions publish side by side"


def _staged(dialect: Dialect) -> str:
    return _first_sentence(type(dialect).write_rows).rstrip(".")


def _ddl(dialect: Dialect) -> str:
    return "in a transaction" if dialect.transactional_ddl else "before the load: each statement commits"


def _names(name: str) -> str:
    said = f"up to {MAX_BYTES} bytes each"
    return (
        f"{said}; `<service>__<resource>` up to {LONGEST_NAMES[name]} characters"
        if name in LONGEST_NAMES and name != "mssql"
        else said
    )


def _first_sentence(function: Callable[..., object]) -> str:
    assert function.__doc__
    return function.__doc__.strip().splitlines()[0]

"""Give the demo an empty database, and no other's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.embedded import embedded_postgres
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseRefused, InvalidConfiguration

EMBEDDED = "an embedded PostgreSQL, stopped with the demo (FOCUS_DATABASE_URL names one to keep)"
NAME, MARK = "focus_demo", "made by focus demo"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demo's rows go: the URL, and how a person reaches it (None: not after the demo)."""

    url: str
    shown: str
    shell: str | None

    @property
    def database(self) -> Database:
        """The same, opened."""
        return Database(Destination(url=SecretStr(self.url)))


@contextmanager
def fresh_database(kind: str, home: Path, environ: Mapping[str, str]) -> Iterator[Place]:
    """An empty database of that kind; raises DatabaseError, MissingExtra and InvalidConfiguration."""
    if kind == "sqlite":
        yield _sqlite(home / "focus.db")
    elif named := environ.get("FOCUS_DATABASE_URL"):
        yield _postgres(named)
    else:
        with embedded_postgres() as url:
            yield Place(
                url, "an embedded PostgreSQL, stopped with the demo (FOCUS_DATABASE_URL names one to keep)", None
            )


def _sqlite(file: Path) -> Place:
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    near = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    return Place(f"sqlite:///{file}", str(near), f"sqlite3 {near}")


def _postgres(named: str) -> Place:
    """A database of our own on that server: the one that was named may hold somebody's mirror."""
    destination = Destination(url=SecretStr(named))
    if not destination.shown.startswith("postgresql"):
        raise InvalidConfiguration("FOCUS_DATABASE_URL", f"expected a PostgreSQL; it names {destination.shown}")
    server = sa.make_url(named).set(drivername="postgresql+psycopg")
    with Database(destination).translated(f"make the database {NAME}"):
        _make_anew(server)
    mine = server.set(database=NAME)
    plain = mine.set(drivername="postgresql").render_as_string(hide_password=True)
    return Place(mine.render_as_string(hide_password=False), plain, f"psql {plain}")


def _make_anew(server: sa.URL) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        comment = sa.text(
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = :name"
        )
        found = connection.execute(comment, {"name": NAME}).scalar()
        if found not in (None, MARK):
            raise DatabaseRefused(f"there is a database {NAME} that the demo did not make; rename or drop it")
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {NAME}")
        connection.exec_driver_sql(f"COMMENT ON DATABASE {NAME} IS '{MARK}'")

"""The demo takes an empty database of its own, and no other's."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from focus_assets.cli.demo import databases
from focus_assets.cli.demo.databases import MARK, fresh_database
from focus_assets.model.errors import DatabaseRefused, DatabaseUnreachable, InvalidConfiguration


def test_a_file_of_an_earlier_demo_is_gone(tmp_path: Path) -> None:
    (tmp_path / "focus.db").write_text("old")
    (tmp_path / "focus.db-wal").write_text("old")
    with fresh_database("sqlite", tmp_path, {}) as place:
        assert list(tmp_path.iterdir()) == []
        assert place.url == f"sqlite:///{tmp_path}/focus.db"


def test_another_kind_of_database_is_refused_by_name(tmp_path: Path) -> None:
    environ = {"FOCUS_DATABASE_URL": "sqlite:///data/focus.db"}
    with (
        pytest.raises(InvalidConfiguration, match="expected a PostgreSQL"),
        fresh_database("postgres", tmp_path, environ),
    ):
        pass


def test_a_server_that_is_down_is_told(tmp_path: Path) -> None:
    environ = {"FOCUS_DATABASE_URL": "postgresql://somebody:s3cret@127.0.0.1:1/focus"}
    with pytest.raises(DatabaseUnreachable) as caught, fresh_database("postgres", tmp_path, environ):
        pass
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> str:
    """What the database is called: other tests may have one on the same server."""
    found = f"{databases.NAME}_{uuid.uuid4().hex[:12]}"
    monkeypatch.setattr(databases, "NAME", found)
    return found


def test_a_server_gets_a_database_of_the_demo_s_own_each_time(tmp_path: Path, postgres_server: str, name: str) -> None:
    environ = {"FOCUS_DATABASE_URL": postgres_server}
    try:
        for _ in range(2):
            with fresh_database("postgres", tmp_path, environ) as place, place.database.writing("look") as connection:
                assert sa.inspect(connection).get_table_names() == []
                connection.exec_driver_sql("CREATE TABLE left_over (x int)")
        assert place.shown.endswith(f"/{name}") or f"/{name}?" in place.shown
    finally:
        on(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def test_somebody_else_s_database_of_that_name_is_not_touched(tmp_path: Path, postgres_server: str, name: str) -> None:
    on(postgres_server, f"CREATE DATABASE {name}")
    try:
        environ = {"FOCUS_DATABASE_URL": postgres_server}
        with pytest.raises(DatabaseRefused, match="did not make"), fresh_database("postgres", tmp_path, environ):
            pass
        on(postgres_server, f"COMMENT ON DATABASE {name} IS '{MARK}'")
        with fresh_database("postgres", tmp_path, environ):
            pass
    finally:
        on(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def on(server: str, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)

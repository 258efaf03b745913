"""The doctor tells what is wrong with a database, and leaves nothing in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from focus_assets.cli.doctor import Finding, examine_database
from focus_assets.config import Config, Document


def config_of(home: Path, url: str, service: str = "retail") -> Config:
    source = {
        "kind": "exchange",
        "base_url": "http://127.0.0.1:1",
        "business_service": service,
        "auth": {"kind": "none"},
        "countries": ["DE"],
    }
    document = {"sources": {"retail": source}, "destination": {"url": url}}
    return Config.of(Document.model_validate(document), home)


def test_a_database_that_is_well_is_left_as_it_was(tmp_path: Path) -> None:
    found = list(examine_database(config_of(tmp_path, "sqlite:///focus.db")))
    assert [(finding.what, finding.ok) for finding in found] == [("connect", True), ("rights", True)]
    with closing(sqlite3.connect(tmp_path / "focus.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_schema_that_was_not_there_is_not_there_afterwards(tmp_path: Path, postgres_url: str) -> None:
    assert all(finding.ok for finding in examine_database(config_of(tmp_path, postgres_url)))
    engine = create_engine(postgres_url, poolclass=NullPool)
    assert inspect(engine).get_schema_names() == ["information_schema", "public"]
    assert inspect(engine).get_table_names() == []


@pytest.mark.parametrize("service", ["retail", "two.parts", 'it\'s a "shop"', "Temp"])
@pytest.mark.parametrize("kind", ["duckdb", "mysql", "postgres"])
def test_whatever_a_service_is_called_a_database_that_is_well_is_told_so(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, service: str
) -> None:
    url = "duckdb:///focus.duckdb" if kind == "duckdb" else request.getfixturevalue(f"{kind}_url")
    found = list(examine_database(config_of(tmp_path, url, service)))
    assert [(one.what, one.ok) for one in found] == [("connect", True), ("rights", True)], found


@pytest.mark.parametrize(
    ("url", "said", "do"),
    [
        ("sqlite:////proc/nowhere/focus.db", "could not make the folder", "grant"),
        ("postgresql://somebody:s3cret@127.0.0.1:1/focus", "DatabaseUnreachable", "start the database"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do_and_without_the_password(
    url: str, said: str, do: str, tmp_path: Path
) -> None:
    [finding] = examine_database(config_of(tmp_path, url))
    assert not finding.ok
    assert said in finding.says
    assert do in finding.do
    assert "s3cret" not in str(finding)


def test_a_finding_for_a_machine_says_what_to_do_or_null() -> None:
    assert Finding("retail", "TCP", "it answers").record == {
        "about": "retail",
        "check": "TCP",
        "ok": True,
        "says": "it answers",
        "do": None,
    }

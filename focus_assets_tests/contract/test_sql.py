"""What each database is really told, for reviewers: the tables and the statements of a load."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlfluff
from pydantic import SecretStr
from sqlalchemy.schema import CreateIndex, CreateTable

from focus_assets.config import Destination
from focus_assets.database.dialects import NAMES, dialect_named
from focus_assets.database.open import Database
from focus_assets.database.tables import mirrored
from focus_assets.load.apply import Apply, Statements
from focus_assets.load.ledger import BOOKS
from focus_assets.load.stage import Stage
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets_tests.conftest import Golden
from focus_assets_tests.contract.loading import NOW, column

URLS = {
    "duckdb": "duckdb:///{folder}/x.duckdb",
    "mariadb": "mariadb+pymysql://nobody@nowhere/x",
    "mysql": "mysql+pymysql://nobody@nowhere/x",
    "postgresql": "postgresql://nobody@nowhere/x",
    "sqlite": "sqlite:///{folder}/x.db",
}
EVERY_TYPE = ResourceSchema(
    name="offers",
    columns=tuple(
        column(name, kind)
        for name, kind in [
            ("shop", "string"),
            ("number", "int64"),
            ("small", "int16"),
            ("whole", "int32"),
            ("ratio", "float32"),
            ("price", "decimal(18,4)"),
            ("exact", "decimal"),
            ("ref", "uuid"),
            ("created_at", "time"),
            ("updated_at", "datetime"),
            ("day", "date"),
            ("active", "bool"),
            ("Extra", "json"),
            ("picture", "bytes"),
            ("tags", "[]string"),
        ]
    ),
    key=("shop", "number"),
    changed=("created_at", "updated_at"),
)


def _told(database: Database) -> list[tuple[str, object]]:
    target = mirrored(database, PartitionRef("shop", "retail", "offers", "DE"), EVERY_TYPE)
    stage = Stage(database, None, target)  # type: ignore[arg-type]
    full = Statements(database.dialect, stage, Apply("DE", full=True, now=NOW))
    delta = Statements(database.dialect, stage, Apply("DE", full=False, now=NOW, trusted_until=NOW))
    return [
        *((table.name, CreateTable(table)) for table in BOOKS.metadata.sorted_tables),
        ("the mirror's table", CreateTable(target.table)),
        ("the stage", CreateTable(stage.base)),
        ("its key", CreateIndex(next(iter(stage.base.indexes)))),
        ("full: compare", full.compare()),
        ("full: delete", full.delete()),
        ("full: update", full.update()),
        ("full: insert", full.insert()),
        ("delta: delete", delta.delete()),
        ("delta: update", delta.update()),
        ("delta: insert", delta.insert()),
        ("count", full.count_rows()),
    ]


def _described(name: str, folder: object) -> Database:
    """A database that nobody connects to; of SQL Server's extra nothing is needed for it."""
    if name != "mssql":
        return Database(Destination(url=SecretStr(URLS[name].format(folder=folder))))
    found = Database.__new__(Database)
    engine = sa.create_mock_engine("mssql+mssqlpython://", executor=lambda *_: None)
    found.__dict__.update(dialect=dialect_named(name), _engine=engine)
    return found


def test_the_golden_t_sql_is_t_sql(root: Path) -> None:
    text = (root / "focus_assets_tests/golden/sql/mssql.sql").read_text(encoding="utf-8")
    batches = re.split(r"^-- .*\n", re.sub(r":(\w+)", r"@\1", text), flags=re.MULTILINE)
    assert len(batches) > 10
    for batch in batches:
        assert not counted_subqueries(sqlfluff.parse(batch, dialect="tsql"))


def counted_subqueries(tree: Any) -> int:
    """How many functions that count have a query among their arguments, which SQL Server refuses.

    https://learn.microsoft.com/sql/t-sql/functions/count-transact-sql#arguments
    """
    if isinstance(tree, list):
        return sum(map(counted_subqueries, tree))
    if not isinstance(tree, dict):
        return 0
    said = json.dumps(tree.get("function", "")).lower()
    here = '"function_name_identifier": "count"' in said and "select_statement" in said
    return here + sum(map(counted_subqueries, tree.values()))


def test_what_is_no_t_sql_would_be_found() -> None:
    with pytest.raises(sqlfluff.api.APIParsingError):
        sqlfluff.parse("SELECT a FROM b LIMIT 1;\n", dialect="tsql")
    assert counted_subqueries(sqlfluff.parse("SELECT COUNT((SELECT a)) FROM b;\n", dialect="tsql"))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_sql_of_a_dialect_is_what_was_reviewed(name: str, golden: Golden, tmp_path: object) -> None:
    database = _described(name, tmp_path)
    dialect = database._engine.dialect
    parts = []
    for title, statement in _told(database):
        assert isinstance(statement, sa.ClauseElement)
        text = str(statement.compile(dialect=dialect)).strip()
        parts.append(f"-- {title}\n{text};\n")
    views = database.dialect.views(
        mirrored(database, PartitionRef("s", "retail", "offers", "DE"), EVERY_TYPE).table, EVERY_TYPE.columns
    )
    parts += [f"-- a view\n{view};\n" for view in views]
    golden(
        f"focus_assets_tests/golden/sql/{name}.sql",
        "\n".join(line.rstrip() for line in "\n".join(parts).splitlines()) + "\n",
    )

"""What a start imports: seconds are noisy, the set of modules is not."""

from __future__ import annotations

import json

import pytest

from focus_assets_tests.fresh import printed_by

ENGINE = ("alembic", "anyio", "httpx", "lxml", "msgspec", "psycopg", "rich", "sqlalchemy")
OURS = ("focus_assets.client", "focus_assets.database", "focus_assets.load", "focus_assets.writeback")
TRANSFORMING = ("jmespath", "focus_assets.transform")


def imported_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    return set(json.loads(printed_by(code).splitlines()[-1]))


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import focus_assets.cli.app", ("dagster", "pydantic", "jmespath", *ENGINE, *OURS)),
        (
            "from focus_assets.cli import main; assert main(['--help']) == 0",
            ("dagster", "pydantic", "jmespath", *ENGINE, *OURS),
        ),
        ("import focus_assets.config", ("dagster", *ENGINE, *OURS, *TRANSFORMING)),
        ("import focus_assets.definitions", (*ENGINE, *OURS, *TRANSFORMING)),
        (
            "import focus_assets.fleet",
            (
                *("alembic", "dagster", "lxml", "psycopg", "focus_assets.client.discovery", "focus_assets.writeback"),
                *("httpx._main", "click", "pygments", "rich"),
                *TRANSFORMING,
                *(f"sqlalchemy.dialects.{name}" for name in ("mssql", "mysql", "oracle", "postgresql", "sqlite")),
            ),
        ),
    ],
)
def test_a_start_imports_nothing_that_only_a_load_needs(statement: str, unwanted: tuple[str, ...]) -> None:
    assert sorted(imported_by(statement) & set(unwanted)) == []

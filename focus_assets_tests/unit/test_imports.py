"""What a start imports: seconds are noisy, the set of modules is not."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

ENGINE = ("alembic", "anyio", "httpx", "lxml", "msgspec", "psycopg", "rich", "sqlalchemy")
OURS = ("focus_assets.client", "focus_assets.database", "focus_assets.load", "focus_assets.writeback")


def imported_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import focus_assets.cli.app", ("dagster", "pydantic", "jmespath", *ENGINE, *OURS)),
        (
            "from focus_assets.cli import main; assert main(['--help']) == 0",
            ("dagster", "pydantic", "jmespath", *ENGINE, *OURS),
        ),
        ("import focus_assets.config", ("dagster", *ENGINE, *OURS)),
        ("import focus_assets.definitions", (*ENGINE, *OURS)),
        (
            "import focus_assets.fleet",
            ("dagster", "lxml", "focus_assets.client.discovery", "focus_assets.writeback", "sqlalchemy.dialects.mysql"),
        ),
    ],
)
def test_a_start_imports_nothing_that_only_a_load_needs(statement: str, unwanted: tuple[str, ...]) -> None:
    assert sorted(imported_by(statement) & set(unwanted)) == []

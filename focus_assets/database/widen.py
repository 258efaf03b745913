"""Add columns to tables that are there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from focus_assets.database.dialects import Dialect


def add_columns(dialect: Dialect, connection: sa.Connection, columns: Iterable[sa.Column[Any]]) -> list[str]:
    """Each to its own table, where it may be NULL; returns their names."""
    missing = list(columns)
    if not missing:
        return []
    from alembic.migration import MigrationContext  # as long to import as all of SQLAlchemy, and seldom needed
    from alembic.operations import Operations

    dialect.meet_alembic()
    operations = Operations(MigrationContext.configure(connection))
    for column in missing:
        operations.add_column(column.table.name, sa.Column(column.name, column.type), schema=column.table.schema)
    return [column.name for column in missing]

"""Count what the mirror holds."""

from __future__ import annotations

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.database.tables import Mirrored, stored_columns


def count_rows(database: Database, target: Mirrored, partition: str) -> int | None:
    """COUNT(*) of a partition, now; None where there is no table. Raises DatabaseError."""
    with database.reading(f"count {target.shown}") as connection:
        if stored_columns(connection, target.table) is None:
            return None
        query = sa.select(sa.func.count()).select_from(target.table).where(target.within(partition))
        return int(connection.execute(query).scalar_one())

"""Keep moments in UTC where a database has no type that knows zones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


class Utc(sa.types.TypeDecorator[datetime]):
    """UTC, in a type of the database that has no zone."""

    impl = sa.DateTime
    cache_ok = True

    def __init__(self, stored: sa.types.TypeEngine[Any]) -> None:
        super().__init__()
        self.stored = stored

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """The type that the database has."""
        return dialect.type_descriptor(self.stored)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """With the zone that it is in."""
        return None if value is None else value.replace(tzinfo=UTC)

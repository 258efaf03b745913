"""Say what kind of database a configuration mirrors into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from focus_assets.config import Config

if TYPE_CHECKING:
    from focus_assets.database.dialects import Dialect


def dialect_at(config: Config) -> Dialect:
    """The dialect of its destination; imported here, as naming the assets needs no database's library."""
    from sqlalchemy.engine import make_url

    from focus_assets.database.dialects import dialect_of

    return dialect_of(make_url(config.destination.url.get_secret_value()))

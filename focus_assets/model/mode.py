"""Say how what was fetched changes a partition."""

from __future__ import annotations

import enum


class Mode(enum.Enum):
    """What becomes of the rows that are there; a row is known by its key in each of them."""

    MIRROR = "mirror"
    """The partition becomes what the server has: rows that it no longer has are deleted."""
    REPLACE = "replace"
    """The same, and everything is fetched each time."""
    UPSERT = "upsert"
    """New rows are inserted, known ones are updated, none is deleted."""
    APPEND = "append"
    """New rows are inserted; those that are there stay as they are."""

    @property
    def keeps(self) -> bool:
        """Rows stay that the server no longer has."""
        return self in (Mode.UPSERT, Mode.APPEND)

    @property
    def updates(self) -> bool:
        """Rows that are there take the server's values."""
        return self is not Mode.APPEND

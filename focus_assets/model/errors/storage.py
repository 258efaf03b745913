"""What a database, or a file of ours, did not do."""

from __future__ import annotations

from focus_assets.model.errors.root import FocusError


class SharedLimitUnavailable(FocusError):
    """The file by which processes share a rate limit cannot be used."""

    def __init__(self, path: object, problem: str) -> None:
        super().__init__(
            f"the requests of all processes cannot be counted in {path}: {problem}; "
            "make its folder writable, or delete the file"
        )


class DatabaseError(FocusError):
    """The database did not do what it was told."""


class DatabaseUnreachable(DatabaseError):
    """No connection, or one that was lost."""


class DatabaseBusy(DatabaseError):
    """Somebody else holds the lock."""

    repeatable = True


class DatabaseRefused(DatabaseError):
    """A right, a database or a table that is missing."""


class StorageFull(DatabaseError):
    """No room left."""


class DatabaseFailed(DatabaseError):
    """Anything else that the driver said."""

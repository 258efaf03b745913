"""Why a write was not done."""

from __future__ import annotations

from focus_assets.model.errors.root import FocusError, start


class WriteError(FocusError):
    """A write was not done."""


class KeyBusy(WriteError):
    """An earlier write of the same key is not settled yet."""

    def __init__(self, key: str, operation_id: str = "") -> None:
        self.key, self.operation_id = key, operation_id
        earlier = f"operation {operation_id}" if operation_id else "an earlier operation"
        super().__init__(f"{earlier} on {start(key)} is not settled yet; nothing was sent. Try again when it is")


class OvertakenWrite(WriteError):
    """Another worker took the write over: what becomes of it is in its intent."""

    def __init__(self, operation_id: str) -> None:
        self.operation_id = operation_id
        super().__init__(f"operation {operation_id} was taken over by another worker; ask for what became of it")


class UnknownOperation(WriteError):
    """An operation that was never recorded."""

    def __init__(self, operation_id: str) -> None:
        self.operation_id = operation_id
        super().__init__(f"there is no operation {start(operation_id)}")


class OutdatedPlan(WriteError):
    """Another process sent the row since this one looked."""

    def __init__(self, entry: str, key: str) -> None:
        self.entry, self.key = entry, key
        super().__init__(f"{entry} {start(key)}: another process has sent it meanwhile; nothing was sent")


class RepeatedKey(WriteError):
    """Rows to be sent of which two have one key."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"two of the rows have the key {start(key)}; nothing was sent")


class DeletionsRefused(WriteError):
    """Far more would be deleted at the API than is usual."""

    def __init__(self, *, before: int, gone: int) -> None:
        self.before, self.gone = before, gone
        super().__init__(
            f"{gone:,} of the {before:,} rows that were sent are gone, and would be deleted at the API; "
            "nothing was sent. "
            "If that is right, send them once with --accept-deletions"
        )

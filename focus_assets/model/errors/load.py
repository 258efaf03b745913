"""Why a load was not published."""

from __future__ import annotations

from focus_assets.model.errors.root import FocusError


class LoadError(FocusError):
    """The load was judged, and not published: rows and ledger are as they were."""


class Incomplete(LoadError):
    """A full load that does not hold what both states say."""

    def __init__(self, *, held: int, total_items: int) -> None:
        self.held, self.total_items = held, total_items
        super().__init__(
            f"the full load holds {held:,} rows, the server said {total_items:,} before and after it; "
            "nothing was published"
        )


class ShrinkRefused(LoadError):
    """The shrink guard: far fewer rows than the last load committed."""

    def __init__(self, *, before: int, after: int, reason: str) -> None:
        self.before, self.after, self.reason = before, after, reason
        super().__init__(
            f"the load would leave {after:,} of {before:,} rows ({reason}); nothing was published. "
            "If the drop is right, run it once with accept_shrink (focus sync --accept-shrink)"
        )


class Unsettled(LoadError):
    """The server kept moving, and the count fits no state that it showed."""

    def __init__(self, *, held: int, totals: tuple[int, int], rounds: int) -> None:
        self.held, self.totals, self.rounds = held, totals, rounds
        super().__init__(
            f"after {rounds} further deltas the mirror would hold {held:,} rows while the server "
            f"moved from {totals[0]:,} to {totals[1]:,}; nothing was published"
        )


class StaleGeneration(LoadError):
    """Another run published first."""

    def __init__(self, where: str, *, expected: int, found: int | None) -> None:
        self.expected, self.found = expected, found
        super().__init__(
            f"{where}: another run published first (this one began at generation {expected}, "
            f"the ledger is at {'none' if found is None else found}); nothing was changed"
        )

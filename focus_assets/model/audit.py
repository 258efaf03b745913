"""Say what a comparison of a partition with its server found."""

from __future__ import annotations

from dataclasses import dataclass

from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.partition import PartitionRef


@dataclass(frozen=True, slots=True)
class Audit:
    """What the mirror holds and what the server says, both now.

    `rows` is COUNT(*), None where there is no table; `held` adds what is quarantined; `total_items` is None where
    the source cannot count; `moving` says that the server's total changed during every comparison; `keeps` that rows
    may stay which the server no longer has.
    """

    ref: PartitionRef
    rows: int | None
    quarantined: int
    total_items: int | None
    moving: bool
    entry: LedgerEntry | None
    keeps: bool = False

    @property
    def held(self) -> int:
        """What stands against the server's total."""
        return (self.rows or 0) + self.quarantined

    @property
    def difference(self) -> int | None:
        """The mirror's count less the server's; None where there is nothing to compare."""
        return None if self.total_items is None else self.held - self.total_items

    @property
    def agrees(self) -> bool:
        """The counts are equal while the server stood still, and there is a mirror at all."""
        if self.rows is None or self.difference is None or self.moving:
            return False
        return self.difference == 0 or self.more

    @property
    def more(self) -> bool:
        """The mirror keeps rows that the server no longer has, as it was told to."""
        return self.keeps and self.difference is not None and self.difference > 0

"""What the server says of one partition at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from focus_assets.model.feed import Feed


@dataclass(frozen=True, slots=True)
class State:
    """All but `total_items` is optional; `total_items` is None where a source cannot count.

    `as_of` is the server's high-water mark (its own text, verbatim); `digest` sixteen hex digits;
    `created`, `updated`, `deleted` count the lines of each feed for the timestamp that was asked for; `server_time`
    is the server's clock as it answered, aware, in whole seconds.
    """

    total_items: int | None
    as_of: str | None = None
    created: int | None = None
    updated: int | None = None
    deleted: int | None = None
    digest: str | None = None
    server_time: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Bracket:
    """The states read before and after a fetch."""

    before: State
    after: State

    @property
    def countable(self) -> bool:
        """Both states have a total."""
        return self.before.total_items is not None and self.after.total_items is not None

    @property
    def agrees(self) -> bool:
        """Both states have a total, and it is the same, and so is the digest where there is one."""
        return (
            self.countable
            and self.before.total_items == self.after.total_items
            and self.before.digest == self.after.digest
        )

    @property
    def quiet(self) -> bool:
        """The server itself says that nothing moved in between.

        Only a digest does: a high-water mark stands still, too, while an old transaction is open and newer ones commit.
        """
        return self.agrees and self.before.digest is not None

    @property
    def totals(self) -> tuple[int, int]:
        """The two totals, 0 for one that is missing."""
        return self.before.total_items or 0, self.after.total_items or 0

    def lines(self, feed: Feed) -> int | None:
        """How many lines a feed has by both states; None where they do not say, or differ."""
        if feed is Feed.FULL:
            return None
        before, after = getattr(self.before, feed.value), getattr(self.after, feed.value)
        return before if before == after else None

    def spans(self, held: int) -> bool:
        """A count between the two totals."""
        low, high = sorted(self.totals)
        return low <= held <= high

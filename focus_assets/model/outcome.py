"""What became of one partition's run."""

from __future__ import annotations

from dataclasses import dataclass, field

from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows that an apply touched; `unchanged` were fetched and found equal by value."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0

    @property
    def staged(self) -> int:
        """Rows that were fetched, each key once."""
        return self.inserted + self.updated + self.unchanged

    @property
    def written(self) -> int:
        """Rows that differ from what was there before."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Outcome:
    """One finished run; `verdict` is None when it failed, and `error` says how.

    `load` is `full` or `delta`, with the reason beside it; `healed` where a mismatch forced the full
    diff; `seconds` is wall time; `fetched` counts lines, `body_bytes` the bytes of their bodies after decoding; `notes`
    are sentences for a person; `written_by` is how the database took the rows.
    """

    ref: PartitionRef
    run_id: str
    load: str = ""
    healed: bool = False
    reason: str = ""
    changes: Changes = field(default_factory=Changes)
    rows: int | None = None
    total_items: int | None = None
    quarantined: int = 0
    verdict: Verdict | None = None
    generation: int | None = None
    watermark: str | None = None
    digest: str = ""
    fetched: int = 0
    body_bytes: int = 0
    started_at: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    written_by: str = ""
    error: Exception | None = None
    skipped: bool = False

    @property
    def status(self) -> str:
        """`loaded`, `skipped` (nothing came, nothing was to be deleted) or `failed` (nothing was published)."""
        if self.verdict is None or self.generation is None:
            return "failed"
        return "skipped" if self.skipped else "loaded"

    @property
    def healthy(self) -> bool:
        """Counted, proven, or not verifiable: nothing that somebody must look at."""
        return self.verdict in (Verdict.COUNTED, Verdict.PROVEN, Verdict.UNVERIFIED)

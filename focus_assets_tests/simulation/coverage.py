"""Count how often each anomaly, and each pair of them, surrounded one run: what never happened was never tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import combinations

from focus_assets_tests.simulation.faults import Fault

AT_LEAST, PAIR_AT_LEAST = 40, 5

EVENTS = (
    "410",
    "bulk update",
    "change between two pages",
    "clamped delta",
    "column added",
    "column added during a run",
    "commit behind the watermark",
    "deletion",
    "future timestamp",
    "heal",
    "into scope",
    "late commit",
    "mass deletion",
    "older timestamp later",
    "out of scope",
    "out of scope unsaid",
    "re-creation",
    "restore",
    "restore during a run",
    "shrink",
    "stale answer served",
    "two versions at one timestamp",
    "write during a run",
)
ANOMALIES = tuple(sorted({*EVENTS, *(fault.value for fault in Fault)}))
# where one rule's remedy could be another's trap
DANGEROUS = (
    ("410", "write during a run"),
    ("401", "write during a run"),
    ("bulk update", "commit behind the watermark"),
    ("change between two pages", "commit behind the watermark"),
    ("change between two pages", "deletion"),
    ("change between two pages", "re-creation"),
    ("clean cut between lines", "commit behind the watermark"),
    ("clean cut between lines", "deletion"),
    ("clean cut between lines", "heal"),
    ("clean cut between lines", "write during a run"),
    ("column added", "late commit"),
    ("column added during a run", "write during a run"),
    ("cut at byte n", "write during a run"),
    ("duplicate line", "two versions at one timestamp"),
    ("duplicate line", "write during a run"),
    ("empty 200", "mass deletion"),
    ("empty 200", "restore"),
    ("future timestamp", "late commit"),
    ("future timestamp", "restore"),
    ("into scope", "late commit"),
    ("late commit", "re-creation"),
    ("late commit", "restore"),
    ("late commit", "two versions at one timestamp"),
    ("late commit", "write during a run"),
    ("mass deletion", "write during a run"),
    ("older timestamp later", "re-creation"),
    ("out of scope", "write during a run"),
    ("out of scope unsaid", "change between two pages"),
    ("restore", "stale answer served"),
    ("restore during a run", "change between two pages"),
    ("shrink", "write during a run"),
    ("stale answer served", "write during a run"),
    ("stall inside a body", "write during a run"),
    ("wrong type in a line", "write during a run"),
)


class Coverage:
    """Windows: what happened from the end of one run to the end of the next."""

    def __init__(self) -> None:
        self.windows = 0
        self.singles: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()

    def add(self, windows: Iterable[frozenset[str]]) -> None:
        """Some more runs."""
        for window in windows:
            self.windows += 1
            names = sorted(window)
            self.singles.update(names)
            self.pairs.update(combinations(names, 2))

    def pair(self, one: str, other: str) -> int:
        """How often both surrounded the same run."""
        return self.pairs[(min(one, other), max(one, other))]

    def too_rare(self) -> list[str]:
        """What happened too seldom to count as tested."""
        singles = [f"{name}: {self.singles[name]} of {AT_LEAST}" for name in ANOMALIES if self.singles[name] < AT_LEAST]
        return singles + [
            f"{one} + {other}: {self.pair(one, other)} of {PAIR_AT_LEAST}"
            for one, other in DANGEROUS
            if self.pair(one, other) < PAIR_AT_LEAST
        ]

    def table(self) -> str:
        """For people."""
        width = max(map(len, ANOMALIES))
        met = [sum(bool(self.pair(name, other)) for other in ANOMALIES if other != name) for name in ANOMALIES]
        lines = [f"{'anomaly':{width}}    runs  together with"]
        for name, others in zip(ANOMALIES, met, strict=True):
            lines.append(f"{name:{width}}  {self.singles[name]:6,}  {others} of {len(ANOMALIES) - 1} others")
        dangerous = [f"{self.pair(one, other):6,}  {one} + {other}" for one, other in DANGEROUS]
        return "\n".join([*lines, "", "  runs  dangerous pair", *dangerous, f"{self.windows:,} runs in all"])

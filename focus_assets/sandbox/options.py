"""Choose how the sandbox behaves: every way in which Data Exchange servers differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from focus_assets.sandbox.retail import DecimalForm, Sizes
from focus_assets.sandbox.timeline import TimestampForm

StateForm = Literal["flat", "payload", "both"]
Framing = Literal["chunked", "length", "close"]
Drift = tuple[float, int]

ANCHOR = 1_751_385_600_000_000
"""2025-07-01T16:00:00Z: the rows of the start are the same after every start."""


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a server may say beyond the protocol; each can be missing."""

    as_of: bool = True
    counts: bool = True
    digest: bool = True
    total_lines: bool = True
    deleted_at: bool = True


PLAIN = Extensions(as_of=False, counts=False, digest=False, total_lines=False, deleted_at=False)
"""A server that knows the protocol alone."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Every knob; durations are in seconds, moments in microseconds since 1970.

    `tombstone_retention` None keeps every tombstone. `anchor` is the moment before which the rows of the
    start lie, None one hour before the sandbox's start (best together with a retention).
    `drift` lets the world change by itself: every so many seconds, so many rows.
    """

    seed: int = 0
    countries: tuple[str, ...] = ("DE", "FR", "IT", "NO")
    sizes: Sizes = field(default_factory=Sizes)
    username: str = "demo"
    password: str = field(default="demo", repr=False)
    token_life: float = 1800.0
    login_status: int = 201
    auth_scheme: str = ""
    forbidden: frozenset[str] = frozenset()
    state_form: StateForm = "both"
    extensions: Extensions = Extensions()
    inclusive: bool = False
    disjoint: bool = True
    tombstone_retention: float | None = None
    deleted_as_id: bool = False
    timestamps: TimestampForm = "z"
    decimals: DecimalForm = "number"
    gzip: bool = True
    framing: Framing = "chunked"
    date_header: bool = True
    anchor: int | None = ANCHOR
    drift: Drift | None = None
    log_size: int = 1000

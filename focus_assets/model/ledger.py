"""What the destination remembers of one partition, in the transaction that wrote its rows."""

from __future__ import annotations

from dataclasses import dataclass

from focus_assets.model.verdict import Digest, Verdict


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One row of `_focus_ledger`.

    `watermark` and `as_of` are the server's own texts, verbatim. `server_time`, `full_at` and `proven_at` are
    the server's clock at a run's start (UTC, `2025-07-01T16:01:00.000000Z`; `full_at` is ours where it tells no time);
    `started_at` and `finished_at` are ours and are never decided upon. `schema` is the resource's schema as JSON text.
    """

    generation: int
    rows: int
    verdict: Verdict
    load: str
    schema: str
    schema_hash: str
    key_hash: str
    config_hash: str
    watermark: str | None = None
    as_of: str | None = None
    digest: Digest | None = None
    total_items: int | None = None
    quarantined: int = 0
    server_time: str | None = None
    full_at: str | None = None
    proven_at: str | None = None
    run_id: str = ""
    started_at: str = ""
    finished_at: str = ""

"""Render the tables that the mirror keeps for itself, and how each type is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlalchemy as sa

from focus_assets.database.dialects import NAMES, dialect_named
from focus_assets.history.errors import ERRORS
from focus_assets.history.runs import RUNS
from focus_assets.load.ledger import LEDGER
from focus_assets.load.rejects import REJECTS
from focus_assets.model.schema import KNOWN_TYPES, ColumnType, Kind
from focus_assets.writeback.intents import INTENTS
from focus_assets.writeback.outbox import OUTBOX
from focus_assets.writeback.rows.sent import SENT
from focus_assets_tests.docs.pages import described, table

WHOSE = {
    "source": "the source's name in `focus.yaml`",
    "resource": "the resource",
    "partition": "the country; empty for a resource without partitions",
}
RUN = {
    "service": "the business service",
    "load": "`full` or `delta`",
    "rows": "`COUNT(*)` of the partition in the load's transaction",
    "total_items": "the server's total after the load",
    "quarantined": "lines in `_focus_rejects` that count among the total",
    "generation": "how many loads were published; a load that finds another one than it began at publishes nothing",
    "watermark": "from where the next delta asks, less the overlap: the server's own text",
    "run_id": "the run",
    "started_at": "when it began, by our clock",
}
MEANINGS = {
    "_focus_ledger": WHOSE
    | RUN
    | {
        "verdict": "`proven`, `counted`, `moving` or `unverified`",
        "as_of": "the server's high-water mark when the run began, verbatim; NULL where it has none",
        "digest": "`equal` or `different` from the server's digest; NULL where there was none to compare",
        "server_time": "the server's clock when the run began",
        "full_at": "the same of the last full load",
        "proven_at": "the same of the last load that was `proven`",
        "schema": "the resource's schema as JSON, as it was loaded",
        "schema_hash": "its hash: another one forces a full load",
        "key_hash": "the key's hash: likewise",
        "config_hash": "the hash of address, service, resource, country and language: likewise",
        "finished_at": "when it had everything and began to publish, by our clock",
    },
    "_focus_rejects": WHOSE
    | {
        "row_key": "the row's key as JSON, or `text` and a digest of the line where the key could not be read",
        "keyed": "whether it is a key",
        "line": "the line's number in its feed, from 1",
        "reason": "the named error's sentence",
        "raw": "the line as it came",
        "seen_at": "when the run began that put it aside, by our clock",
    },
    "_focus_runs": WHOSE
    | RUN
    | {
        "reason": "why it was that load",
        "seconds": "how long it took",
        "healed": "whether a mismatch forced the full diff",
        "inserted": "rows that were new",
        "updated": "rows whose values differed",
        "deleted": "rows that the server no longer has",
        "unchanged": "rows that were fetched and found equal",
        "verdict": "what it claims, `diverged` included; NULL where it failed",
        "fetched": "lines of all feeds",
        "body_bytes": "the bytes of their bodies after decoding",
        "notes": "what is worth knowing, a sentence a line",
        "error": "the error's name; NULL where it did not fail",
    },
    "_focus_errors": WHOSE
    | {
        "run_id": "the run that failed; a script's error has an id of its own",
        "happened_at": "when it failed, by our clock",
        "type": "the error's name",
        "message": "its sentence",
        "cause": "name and text of the error beneath it",
        "stack": "where in the code, causes included",
        "repeatable": "whether an error of this name is tried again",
        "attempts": "how often the request was tried that failed",
        "context": "a JSON object: what was being done, the URL without its query's values, the status",
    },
    "_focus_intents": {
        "operation_id": "the write's own id",
        "kind": "`create` or `delete`; of a row also `update`",
        "object_key": "what it is about: of all writes with the same, one is open at a time",
        "target": "the transaction id of the group that it speaks of; of a row the operation's id",
        "payload": "what was sent, as JSON; empty for a deletion",
        "payload_hash": "its SHA-256",
        "state": "`PENDING`, `SENT`, `DONE`, `UNKNOWN`, `COMPENSATING`, `COMPENSATED` or `DEAD`",
        "steps": "what is known of each node, as JSON",
        "attempts": "rounds of calls, the first included",
        "next_at": "when it is due; NULL where it has ended",
        "deadline": "when it is given up if it still fails then",
        "error": "what went wrong last",
        "revision": "how often it was changed; whoever saw another one changes nothing",
        "slot": "holds the key while the write is open",
        "created_at": "when it was recorded, by our clock",
        "changed_at": "when it was last changed, by our clock",
        "entry": "of a row: its entry under `writes`; empty for the cluster",
    },
    "_focus_outbox": {
        "event_id": "the operation's id, a point and its revision",
        "object_key": "what the write is about: Kafka's key",
        "transaction_id": "the transaction id of the group",
        "body": "what is told, as JSON",
        "slot": "a fingerprint of the key",
        "position": "the order within a key: when it ended, by our clock, or a moment after the one before",
    },
    "_focus_destinations": {
        "entry": "the entry under `writes`",
        "destination": "what decides where its items are, as JSON; other settings are refused while items are there",
        "bound_at": "when that was kept, by our clock",
    },
    "_focus_sent": {
        "entry": "the entry under `writes`",
        "row_key": "the row's key, as a JSON list of texts",
        "payload_hash": "the SHA-256 of the body that the API was sent last; empty where that is not known",
        "version": "how often this was changed; whoever planned by another one sends nothing",
        "waits_until": "when nothing can be on its way any more that was sent too late; else NULL",
        "suspect": "a body (empty: a deletion) that was sent too late, where nobody knows whether the API took it",
        "operation_id": "the write that said so",
        "sent_at": "when it was settled, by our clock",
    },
}


def bookkeeping() -> str:
    """Every `_focus…` table with its columns."""
    tables = {
        name: each
        for one in (LEDGER, REJECTS, RUNS, ERRORS, INTENTS, OUTBOX, SENT)
        for name, each in one.metadata.tables.items()
    }
    assert sorted(tables) == sorted(MEANINGS)
    return "\n\n".join(f"### `{name}`\n\n{_columns(tables[name], MEANINGS[name])}" for name in MEANINGS)


def _columns(described_table: sa.Table, meanings: dict[str, str]) -> str:
    key = set(described_table.primary_key.columns.keys())
    rows = described(described_table.columns.keys(), meanings)
    return table(("column", ""), ((f"{name} (key)" if name.strip("`") in key else name, said) for name, said in rows))


def types() -> str:
    """How each type of the wire is stored in each database."""
    names = {**KNOWN_TYPES, "decimal(18,4)": ColumnType(Kind.DECIMAL, 18, 4)}
    kinds: dict[ColumnType, list[str]] = {}
    for name, column_type in names.items():
        kinds.setdefault(column_type, []).append(f"`{name}`")
    return table(("on the wire", *NAMES), ((", ".join(wire), *_stored(kind)) for kind, wire in kinds.items()))


def _stored(column_type: ColumnType) -> Iterable[str]:
    for name, dialect in ((name, dialect_named(name)) for name in NAMES):
        stored = dialect.column_type(column_type, key=0)
        spelt = stored.compile(dialect=sa.URL.create(name).get_dialect()()).lower()
        yield f"`{re.sub(r' (character set|collate) [a-z0-9_]+', '', spelt)}`"

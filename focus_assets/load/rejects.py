"""Keep the lines that were put aside: a partition's quarantine, changed in the transaction of its load."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import sqlalchemy as sa

from focus_assets.load.ledger import BOOKS
from focus_assets.load.stage import Stage
from focus_assets.model.feed import Reject, Row
from focus_assets.model.partition import PartitionRef

REJECTS = BOOKS.table(
    "_focus_rejects",
    key=("source", "resource", "partition", "row_key"),
    columns={"keyed": sa.Boolean, "line": sa.BigInteger, "reason": sa.Text, "raw": sa.Text, "seen_at": sa.Text},
)


def key_text(key: Row) -> str:
    """A key as JSON text, so that it can be found again."""
    return json.dumps([str(part) for part in key], ensure_ascii=False, separators=(",", ":"))


def quarantine(
    connection: sa.Connection, ref: PartitionRef, stage: Stage, rejects: Sequence[Reject], *, full: bool, now: str
) -> int:
    """Replace (full) or renew (delta) a partition's quarantine; returns how many lines it holds now."""
    mine = _of(ref)
    if full:
        connection.execute(sa.delete(REJECTS).where(mine))
    else:
        _release(connection, ref, stage)
    for reject in rejects:
        name = _name(reject)
        connection.execute(sa.delete(REJECTS).where(mine, REJECTS.c.row_key == name))
        connection.execute(sa.insert(REJECTS).values(**_whose(ref), row_key=name, **_described(reject, now)))
    return int(connection.execute(sa.select(sa.func.count()).select_from(REJECTS).where(mine)).scalar_one())


def _name(reject: Reject) -> str:
    """Its key; without one its text, so that the same line is put aside once however often it comes."""
    if reject.key is not None:
        return key_text(reject.key)
    return f"text {hashlib.sha256(reject.raw.encode(errors='backslashreplace')).hexdigest()[:16]}"


def _release(connection: sa.Connection, ref: PartitionRef, stage: Stage) -> None:
    """A key that a delta speaks of is no longer what was put aside."""
    kept = connection.execute(sa.select(REJECTS.c.row_key).where(_of(ref), REJECTS.c.keyed)).scalars().all()
    if not kept:
        return
    named = {key_text(tuple(row)) for row in connection.execute(sa.select(*stage.key(stage.base)))}
    for name in named.intersection(kept):
        connection.execute(sa.delete(REJECTS).where(_of(ref), REJECTS.c.row_key == name))


def _described(reject: Reject, now: str) -> dict[str, object]:
    return {
        "keyed": reject.key is not None,
        "line": reject.line,
        "reason": reject.reason,
        "raw": reject.raw,
        "seen_at": now,
    }


def _whose(ref: PartitionRef) -> dict[str, str]:
    return {"source": ref.source, "resource": ref.resource, "partition": ref.partition}


def _of(ref: PartitionRef) -> sa.ColumnElement[bool]:
    return sa.and_(*(REJECTS.c[name] == value for name, value in _whose(ref).items()))

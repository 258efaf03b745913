"""Keep the lines that were put aside: a partition's quarantine, changed in the transaction of its load."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import sqlalchemy as sa

from focus_assets.load.ledger import BOOKS
from focus_assets.load.stage import Stage
from focus_assets.model.feed import Reject, Row, Value
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import Column, Kind

REJECTS = BOOKS.table(
    "_focus_rejects",
    key=("source", "resource", "partition", "row_key"),
    columns={"keyed": sa.Boolean, "line": sa.BigInteger, "reason": sa.Text, "raw": sa.Text, "seen_at": sa.Text},
)
# made once: to build an expression takes longer than to send it
_OF = sa.and_(*(REJECTS.c[name] == sa.bindparam(name) for name in ("source", "resource", "partition")))
_FORGET, _COUNT = sa.delete(REJECTS).where(_OF), sa.select(sa.func.count()).select_from(REJECTS).where(_OF)
_FORGET_ONE = _FORGET.where(REJECTS.c.row_key == sa.bindparam("name"))
_READ_KEYED = sa.select(REJECTS.c.row_key).where(_OF, REJECTS.c.keyed)


def key_text(key: Row) -> str:
    """A key as JSON text, one for one key, so that it can be found again."""
    return json.dumps([_written(part) for part in key], ensure_ascii=False, separators=(",", ":"))


def key_of(text: str, columns: Sequence[Column]) -> Row:
    """The key that `key_text` wrote."""
    return tuple(_READ.get(column.type.kind, str)(part) for column, part in zip(columns, json.loads(text), strict=True))


def _written(part: Value) -> str:
    if isinstance(part, bytes):
        return part.hex()
    return format(part.normalize(), "f") if isinstance(part, Decimal) else str(part)


_READ: Mapping[Kind, Callable[[str], Value]] = {
    Kind.INT16: int,
    Kind.INT32: int,
    Kind.INT64: int,
    Kind.FLOAT: float,
    Kind.DECIMAL: Decimal,
    Kind.BOOL: "True".__eq__,
    Kind.BYTES: bytes.fromhex,
}


def quarantine(
    connection: sa.Connection, ref: PartitionRef, stage: Stage, rejects: Sequence[Reject], *, full: bool, now: str
) -> int:
    """Replace (full) or renew (delta) a partition's quarantine; returns how many lines it holds now."""
    if full:
        connection.execute(_FORGET, _whose(ref))
    else:
        _release(connection, ref, stage)
    described = {_name(reject): _described(reject, now) for reject in rejects}
    _remove(connection, ref, described)
    if described:
        rows = [{**_whose(ref), "row_key": name, **about} for name, about in described.items()]
        connection.execute(sa.insert(REJECTS), rows)
    return int(connection.execute(_COUNT, _whose(ref)).scalar_one())


def _remove(connection: sa.Connection, ref: PartitionRef, names: Iterable[str]) -> None:
    if found := [{**_whose(ref), "name": name} for name in names]:
        connection.execute(_FORGET_ONE, found)


def _name(reject: Reject) -> str:
    """Its key; without one its text, so that the same line is put aside once however often it comes."""
    if reject.key is not None:
        return key_text(reject.key)
    return f"text {hashlib.sha256(reject.raw.encode(errors='backslashreplace')).hexdigest()[:16]}"


def _release(connection: sa.Connection, ref: PartitionRef, stage: Stage) -> None:
    """A key that a delta speaks of is no longer what was put aside."""
    kept = connection.execute(_READ_KEYED, _whose(ref)).scalars().all()
    if kept:
        keys = {key_of(text, stage.target.schema.key_columns): text for text in kept}
        _remove(connection, ref, [keys[key] for key in stage.find(connection, list(keys), stage.base)])


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

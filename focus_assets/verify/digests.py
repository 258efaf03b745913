"""Digest what the mirror holds, the way the server digests what it has: without regard to order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa

from focus_assets.database.tables import Mirrored
from focus_assets.model.feed import Value

MODULUS = 2**64


def digest_rows(connection: sa.Connection, target: Mirrored, partition: str) -> str:
    """Sixteen hex digits over key and version of every row of a partition, read as a stream.

    The version is the canonical text of the later change time: where the server's own text of it is another
    (fewer digits, an offset), equal rows give different digests.
    """
    key = target.columns(target.schema.key)
    changed = target.columns(target.schema.changed)
    query = sa.select(*key, *changed).where(target.within(partition)).execution_options(yield_per=5000)
    rows = (tuple(row) for row in connection.execute(query))
    return digest((row[: len(key)], _latest(row[len(key) :])) for row in rows)


def digest(keyed_versions: Iterable[tuple[tuple[Value, ...], str]]) -> str:
    """The sum modulo 2^64 of the first eight bytes (big-endian) of SHA-256 over key and version.

    The key's values are joined by U+001F; U+001E stands between them and the version.

    >>> digest([(("a",), "2025-07-01T16:01:00.827904Z")]) == digest([])
    False
    >>> digest([])
    '0000000000000000'
    """
    total = 0
    for key, version in keyed_versions:
        text = "\x1f".join(str(part) for part in key) + "\x1e" + version
        total += int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return f"{total % MODULUS:016x}"


def _latest(changed: tuple[object, ...]) -> str:
    return max((_canonical(moment) for moment in changed if moment is not None), default="")


def _canonical(moment: object) -> str:
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(moment)

"""Write a delta as those read it who merge, and the rows as they have to be after it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from benchmarks.corpus import csv_of, texts
from benchmarks.peers.pages import write_pages

CHANGED, EXPECTED = "changed", "later.csv"
_DELETED = {"created": b"false", "updated": b"false", "deleted": b"true"}


class _Named(msgspec.Struct):
    id: str


_decode_lines = msgspec.json.Decoder(_Named).decode_lines


def write_changes(folder: Path) -> None:
    """Beside `start` and `later` a third moment, CHANGED: all that a merge has to read; and EXPECTED."""
    write_pages(folder / CHANGED, _write_marked(folder))
    _write_expected(folder)


def _write_marked(folder: Path) -> int:
    """Each line of the delta, with `deleted`; how many they are."""
    lines = [
        line[:-1] + b',"deleted":' + deleted + b"}\n"
        for feed, deleted in _DELETED.items()
        for line in _feed(folder, feed).splitlines()
    ]
    (folder / CHANGED).mkdir()
    (folder / CHANGED / "full.ndjson").write_bytes(b"".join(lines))
    return len(lines)


def _write_expected(folder: Path) -> None:
    """The rows of the start that have not changed, then the others."""
    created, updated, deleted = (_feed(folder, feed) for feed in _DELETED)
    replaced = {row.id.encode() for row in _decode_lines(updated + deleted)}
    with (folder / "rows.csv").open("rb") as rows, (folder / EXPECTED).open("wb") as expected:
        expected.writelines(row for row in rows if row.partition(b",")[0] not in replaced)
        expected.write(csv_of(texts(created + updated)))


def _feed(folder: Path, name: str) -> bytes:
    return (folder / "later" / f"{name}.ndjson").read_bytes()

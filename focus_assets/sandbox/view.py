"""Show one resource in one country as it is at one moment: its lines, its counts, its digest.

The rows of the start are arithmetic and take no memory; what has happened since lies over them.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Literal

from focus_assets.sandbox.data import Key, Rows, write_json
from focus_assets.sandbox.timeline import Timeline

DeltaFeed = Literal["created", "updated", "deleted"]
Writer = Callable[[int], str]

BLOCK = 160
"""Rows of one chunk: about 64 KiB of promotions."""
_MASK64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Record:
    """One row's life. `deleted` is the time of its last deletion and stays when the key lives again."""

    created: int
    updated: int | None = None
    deleted: int | None = None
    revision: int = 0
    alive: bool = True

    @property
    def version(self) -> int:
        """The later of both times."""
        return max(self.created, self.updated or self.created)


@dataclass(frozen=True, slots=True)
class Since:
    """What a delta asks for: everything after `moment`; `disjoint` puts a row into one feed only."""

    moment: int
    inclusive: bool = False
    disjoint: bool = True

    @property
    def floor(self) -> int:
        """Whatever is later than this belongs to it."""
        return self.moment - 1 if self.inclusive else self.moment


def belongs(record: Record, feed: DeltaFeed, since: Since) -> bool:
    """Whether a row is a line of a delta's feed."""
    if feed == "deleted":
        return _after(record.deleted, since) and not (since.disjoint and record.alive)
    made = _after(record.created, since)
    if feed == "created":
        return record.alive and made
    return record.alive and _after(record.updated, since) and not (since.disjoint and made)


def _after(moment: int | None, since: Since) -> bool:
    return moment is not None and moment > since.floor


def digest_of(key: Key, version: str) -> int:
    """What one row adds to the digest: the start of SHA-256 over its key and its version."""
    text = "\x1f".join(map(str, key)) + "\x1e" + version
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class Base:
    """The rows of the start, and how their lines are written."""

    def __init__(self, rows: Rows, timeline: Timeline, write: Writer) -> None:
        self.rows, self.timeline, self.write = rows, timeline, write
        self._ready: _Rendered | None = None

    def first(self, index: int) -> Record:
        """How a row of the start was."""
        return Record(self.timeline.created(index), self.timeline.updated(index))

    def line(self, index: int, record: Record) -> str:
        """One line with its newline."""
        return self.rows.line(index, record.revision, self.quoted(record.created), self.quoted(record.updated)) + "\n"

    def quoted(self, moment: int | None) -> str:
        """A moment as a JSON text."""
        return "null" if moment is None else f'"{self.write(moment)}"'

    @property
    def blocks(self) -> int:
        """How many blocks the rows of the start fill."""
        return -(-self.rows.size // BLOCK)

    def block(self, number: int) -> bytes:
        """The lines of one block in which nothing has changed."""
        return self._ready.read(number) if self._ready else self._render(number)

    def _render(self, number: int) -> bytes:
        line, created, updated, quoted = self.rows.line, self.timeline.created, self.timeline.updated, self.quoted
        lines = [line(index, 0, quoted(created(index)), quoted(updated(index))) for index in self.indices(number)]
        return ("\n".join(lines) + "\n").encode()

    def indices(self, number: int) -> range:
        """The numbers of a block's rows."""
        return range(number * BLOCK, min((number + 1) * BLOCK, self.rows.size))

    def prerender(self) -> int:
        """Write all lines into an unnamed file, from which they are served from now on; how many bytes."""
        ready = _Rendered(self._render(number) for number in range(self.blocks))
        self._ready = ready
        _ = self.digest
        return ready.size

    @cached_property
    def digest(self) -> int:
        """The digest of the rows of the start."""
        return sum(self.digest_of(index, self.first(index)) for index in range(self.rows.size)) & _MASK64

    def digest_of(self, index: int, record: Record) -> int:
        """What one row adds to the digest while it lives."""
        return digest_of(self.rows.key(index), self.write(record.version)) if record.alive else 0


class _Rendered:
    """Blocks in an unnamed file that goes away with the process."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._ends = [0]
        with tempfile.TemporaryFile() as file:
            for block in blocks:
                file.write(block)
                self._ends.append(self._ends[-1] + len(block))
            file.flush()
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)

    @property
    def size(self) -> int:
        return self._ends[-1]

    def read(self, number: int) -> bytes:
        start, end = self._ends[number : number + 2]
        return os.pread(self._file, end - start, start)


@dataclass(frozen=True, slots=True)
class Tombstones:
    """How the lines of the deleted feed look."""

    names: tuple[str, ...]
    as_id: bool = False
    deleted_at: bool = False

    def line(self, key: Key, deleted: str) -> str:
        """One line; `deleted` is a JSON text."""
        single = self.as_id and len(self.names) == 1
        values = dict(zip(("id",) if single else self.names, key, strict=True))
        line = write_json(values)
        return f'{line[:-1]},"deleted_at":{deleted}}}\n' if self.deleted_at else line + "\n"


@dataclass(frozen=True, slots=True)
class View:
    """One resource in one country at one moment; later changes do not reach it."""

    base: Base
    records: Mapping[int, Record] = field(repr=False)
    live: int
    newest: int

    def record(self, index: int) -> Record:
        """The life of one row until now."""
        return self.records.get(index) or self.base.first(index)

    def count(self, feed: DeltaFeed, since: Since) -> int:
        """How many lines a delta's feed has."""
        return sum(1 for _ in self._chosen(feed, since))

    def full(self) -> Iterator[bytes]:
        """Every living row, in chunks of whole lines that are made while they are read."""
        size = self.base.rows.size
        touched = {index // BLOCK for index in self.records if index < size}
        for number in range(self.base.blocks):
            yield self._patched(number) if number in touched else self.base.block(number)
        yield from _chunks(self._line(index) for index in sorted(self.records) if index >= size and self._lives(index))

    def delta(self, feed: DeltaFeed, since: Since, form: Tombstones) -> Iterator[bytes]:
        """The lines of a delta's feed; `form` is how deleted rows are named."""
        chosen = self._chosen(feed, since)
        if feed == "deleted":
            return _chunks(self._tombstone(index, form) for index in chosen)
        return _chunks(self._line(index) for index in chosen)

    def _tombstone(self, index: int, form: Tombstones) -> str:
        return form.line(self.base.rows.key(index), self.base.quoted(self.record(index).deleted))

    def digest(self) -> str:
        """The order-free digest of the living rows, sixteen hex digits."""
        changed = sum(self._digest_shift(index, record) for index, record in self.records.items())
        return f"{(self.base.digest + changed) & _MASK64:016x}"

    def _digest_shift(self, index: int, record: Record) -> int:
        now = self.base.digest_of(index, record)
        return now - self.base.digest_of(index, self.base.first(index)) if index < self.base.rows.size else now

    def _lives(self, index: int) -> bool:
        return self.record(index).alive

    def _line(self, index: int) -> str:
        return self.base.line(index, self.record(index))

    def _patched(self, number: int) -> bytes:
        return "".join(self._line(index) for index in self.base.indices(number) if self._lives(index)).encode()

    def _chosen(self, feed: DeltaFeed, since: Since) -> Iterator[int]:
        records, first = self.records, self.base.first
        untouched = (index for index in self._candidates(feed, since) if index not in records)
        yield from (index for index in untouched if belongs(first(index), feed, since))
        yield from (index for index in sorted(records) if belongs(records[index], feed, since))

    def _candidates(self, feed: DeltaFeed, since: Since) -> range:
        size, timeline = self.base.rows.size, self.base.timeline
        if feed == "deleted" or since.floor >= timeline.end:
            return range(0)
        start = timeline.first_made(since.floor) if feed == "created" else timeline.first_changed(since.floor)
        return range(start, size)


def _chunks(lines: Iterable[str]) -> Iterator[bytes]:
    remaining = iter(lines)
    while chunk := "".join(islice(remaining, BLOCK)):
        yield chunk.encode()

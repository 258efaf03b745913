"""Send what should fill a memory or hold a line for ever; each ends by name, soon, in little memory.

python -m focus_assets_tests.hostile.bombs
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gzip
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

from focus_assets_tests.crash.children import forked
from focus_assets_tests.hostile.loading import load
from focus_assets_tests.hostile.server import GOOD, Answer, dripping, hostile, line, streamed, whole
from focus_assets_tests.integration.client.sockets import head

MIB = 1024 * 1024
MOST_MIB = 64
MOST_SECONDS = 120.0  # an end, where there would be none
_BOMB_MIB = 256


@functools.cache
def packed(unit: bytes, mib: int = _BOMB_MIB, *, start: bytes = b"", end: bytes = b"") -> bytes:
    """Gzip of so many MiB of the same, made without holding them."""
    packer = zlib.compressobj(6, wbits=31)
    piece = unit * (MIB // len(unit))
    parts = [packer.compress(start), *(packer.compress(piece) for _ in range(mib)), packer.compress(end)]
    return b"".join(parts) + packer.flush()


def zipped(body: bytes, status: str = "200 OK") -> Answer:
    return whole(body, status, content_encoding="gzip")


def endless(piece: bytes, start: bytes = b"", count: int | None = None) -> Answer:
    def pieces() -> Iterator[bytes]:
        yield start
        yield from repeat(piece) if count is None else repeat(piece, count)

    return streamed(pieces)


@dataclass(frozen=True)
class Bomb:
    """Where it goes off, and the name that it must get; `settings` are the source's."""

    name: str
    answers: Mapping[str, Answer]
    error: str
    settings: Mapping[str, Any] = field(default_factory=dict)


NESTED = "[" * 5000 + "]" * 5000
PARTS = (("lists", "[],"), ("objects", '{"a":0},'), ("numbers", "0.5,"), ("texts", '"ab",'))
HURRY = {"timeouts": {"connect": 1, "read": 0.6, "total": 1.2}}
STEADY = {"timeouts": {"connect": 30, "read": 30, "total": 6}}  # what comes before it must get through
OK = head()


def bombs() -> Iterator[Bomb]:
    """Every one of them."""
    yield from _packed()
    yield from _large()
    yield from _deep()
    yield from _slow()


def _packed() -> Iterator[Bomb]:
    yield Bomb("gzip: 256 MiB of zeros", {"full": zipped(packed(b"\0"))}, "UnexpectedBody")
    yield Bomb("gzip: 256 MiB in a line", {"full": zipped(packed(b"a", start=b'{"id":"'))}, "LimitExceeded")
    yield Bomb("gzip: 256 MiB of spaces", {"full": zipped(packed(b" "))}, "LimitExceeded")
    yield Bomb("gzip: 256 MiB of newlines", {"full": zipped(packed(b"\n"))}, "Incomplete")
    limited = {"max_body_bytes": 8 * MIB}
    yield Bomb("gzip: 256 MiB of rows", {"full": zipped(packed(line(1)))}, "LimitExceeded", limited)
    yield Bomb("gzip: a million members", {"full": zipped(gzip.compress(b"") * 1_000_000)}, "Incomplete")
    yield Bomb("gzip: in gzip", {"full": zipped(gzip.compress(packed(b"\0")))}, "UnexpectedBody")
    for place in ("auth", "schema", "state"):
        yield Bomb(f"gzip: 256 MiB in {place}", {place: zipped(packed(b" "))}, "LimitExceeded")
    yield Bomb("gzip: 256 MiB in a 500", {"full": zipped(packed(b"<"), "500 Oops")}, "ServerFailed")


def _large() -> Iterator[Bomb]:
    yield Bomb("a line of 100 MB", {"full": endless(b"a" * 100_000, b'{"id":"', 1000)}, "LimitExceeded")
    yield Bomb("a line without end", {"full": endless(b"a" * 100_000, b'{"id":"')}, "LimitExceeded")
    yield Bomb("rows without end", {"full": endless(line(1) * 500)}, "LimitExceeded", {"max_body_bytes": 8 * MIB})
    for what, unit in PARTS:
        row = line(1, extra=f"[{unit * (8 * MIB // len(unit))}0]")
        yield Bomb(f"8 MiB of {what} in a row", {"full": whole(row)}, "BadValue")
    for place in ("auth", "schema", "state"):
        yield Bomb(f"{place} without end", {place: endless(b" " * 100_000)}, "LimitExceeded")
        for what, unit in PARTS:
            body = f"[{unit * (7 * MIB // len(unit))}0]".encode()
            yield Bomb(f"7 MiB of {what} in {place}", {place: whole(body)}, "LimitExceeded")
    yield Bomb("headers without end", {"state": _raw(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n" * 1000)}, "ApiUnreachable")
    yield Bomb("a header of 50 MiB", {"state": _raw(b"HTTP/1.1 200 OK\r\nx: ", b"a" * 50_000)}, "ApiUnreachable")


def _deep() -> Iterator[Bomb]:
    deep = GOOD["full"] + line(3, extra=NESTED)
    yield Bomb("5,000 arrays in a row", {"full": whole(deep)}, "BadValue")
    yield Bomb("5,000 arrays in an unknown column", {"full": whole(line(1, unknown=NESTED))}, "BadValue")
    for place in ("auth", "schema", "state"):
        yield Bomb(f"5,000 arrays in {place}", {place: whole(NESTED.encode())}, "LimitExceeded")
    yield Bomb("5,000 objects in state", {"state": whole(b'{"a":' * 5000 + b"1" + b"}" * 5000)}, "LimitExceeded")
    yield Bomb("a number of a million digits", {"full": whole(line(1, extra="7" * 1_000_000))}, "BadValue")
    digits = b'{"total_items":' + b"7" * 1_000_000 + b"}"
    yield Bomb("a total of a million digits", {"state": whole(digits)}, "UnexpectedBody")


def _slow() -> Iterator[Bomb]:
    yield Bomb("a head that drips", {"full": dripping(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", 0.2)}, "ApiTimeout", HURRY)
    yield Bomb("a body that drips", {"full": dripping(OK, b"{", 0.2)}, "ApiTimeout", HURRY)
    yield Bomb("a login that drips", {"auth": dripping(OK, b" ", 0.2)}, "ApiTimeout", HURRY)
    yield Bomb("a state that drips", {"state": dripping(OK, b" ", 0.2)}, "ApiTimeout", HURRY)
    yield Bomb("a 500 that drips", {"full": dripping(head("500 Oops"), b" ", 0.2)}, "ServerFailed", STEADY)
    yield Bomb("nothing at all", {"full": dripping(b"", b"", 60)}, "ApiTimeout", HURRY)
    yield Bomb("a head, and nothing", {"full": dripping(OK, b"", 60)}, "ApiTimeout", HURRY)
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    yield Bomb("hints for ever", {"full": dripping(early, early * 100, 0.05)}, "ApiTimeout", HURRY)


def _raw(start: bytes, piece: bytes) -> Answer:
    async def answer() -> Any:
        yield start
        while True:
            yield piece

    return answer


@dataclass(frozen=True, slots=True)
class Blast:
    """What a bomb did: the run's error, the seconds, and the MiB by which the process grew at its worst."""

    error: str
    seconds: float
    mib: float

    def wrong(self, bomb: Bomb) -> str:
        """What is not as it must be."""
        if self.error != bomb.error:
            return f"{bomb.name}: {self.error}, and not {bomb.error}"
        if self.seconds > MOST_SECONDS or self.mib > MOST_MIB:
            return f"{bomb.name}: {self.seconds:.1f} s, {self.mib:.0f} MiB"
        return ""


def explode(bomb: Bomb, folder: Path) -> Blast:
    """One run against the bomb, in a child whose memory is watched."""
    with hostile(bomb.answers) as url:
        blast: Blast = forked(lambda: _measured(url, bomb, folder)).value
    return blast


def _measured(url: str, bomb: Bomb, folder: Path) -> Blast:
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins here
    before, began = _memory("VmRSS"), time.monotonic()
    error = asyncio.run(_run(url, bomb, folder))
    return Blast(error, time.monotonic() - began, (_memory("VmHWM") - before) / 1024)


def _memory(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


async def _run(url: str, bomb: Bomb, folder: Path) -> str:
    outcome = await load(url, folder, **bomb.settings)
    return type(outcome.error).__name__ if outcome.error else "nothing"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only those whose name holds this")
    given = parser.parse_args()
    wrong, count = [], 0
    with tempfile.TemporaryDirectory(prefix="focus-bombs-") as folder:
        for bomb in bombs():
            if given.only in bomb.name:
                blast = explode(bomb, Path(folder))
                count += 1
                sys.stdout.write(f"{bomb.name:36}{blast.error:18}{blast.seconds:>7.2f} s{blast.mib:>8.1f} MiB\n")
                wrong += [text for text in [blast.wrong(bomb)] if text]
    sys.stderr.write("".join(f"{text}\n" for text in wrong))
    sys.stdout.write(f"{count} bombs, {len(wrong)} wrong\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

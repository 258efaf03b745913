"""A body of NDJSON, and all the ways in which a connection can bring only the beginning of it."""

from __future__ import annotations

import enum
import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from focus_assets_tests.integration.client.sockets import chunked, head

_LAST_CHUNK = b"0\r\n\r\n"


class Framing(enum.Enum):
    """How the end of a body is told, and what becomes of it when the body is cut."""

    LENGTH = "content-length"
    BROKEN = "chunked, broken"
    CLEAN = "chunked, closed"
    CLOSE = "until close"


@dataclass(frozen=True, slots=True)
class Body:
    """Lines as they are, and as they travel."""

    lines: bytes
    gzipped: bool

    @property
    def sent(self) -> bytes:
        """What goes over the wire when nothing is cut."""
        return gzip.compress(self.lines, mtime=0) if self.gzipped else self.lines

    @property
    def encoding(self) -> str:
        return "gzip" if self.gzipped else "identity"


@dataclass(frozen=True, slots=True)
class Cut:
    """The first `kept` bytes of a body, and then the end."""

    body: Body
    framing: Framing
    kept: int

    def answer(self) -> Sequence[bytes]:
        """The pieces of the answer."""
        encoding = {"content_encoding": "gzip"} if self.body.gzipped else {}
        start = self.body.sent[: self.kept]
        match self.framing:
            case Framing.LENGTH:
                return head(content_length=len(self.body.sent), **encoding), start
            case Framing.BROKEN:
                return head(transfer_encoding="chunked", **encoding), _chunks(start).removesuffix(_LAST_CHUNK)
            case Framing.CLEAN:
                return head(transfer_encoding="chunked", **encoding), _chunks(start)
            case Framing.CLOSE:
                return head(**encoding), start

    def __str__(self) -> str:
        return f"{self.kept:,} of {len(self.body.sent):,} bytes, {self.framing.value}, {self.body.encoding}"


def _chunks(content: bytes) -> bytes:
    return chunked(*(content[start : start + 1000] for start in range(0, len(content), 1000)))


def row(number: int, chance: random.Random) -> dict[str, object]:
    """A row that hardly compresses."""
    name = "".join(chance.choice("abcdefghijklmnopqrstuvwxyzäöü雪 {}[]:,") for _ in range(96))
    stamp = f"2025-07-01T16:01:{number % 60:02}.{chance.randrange(10**6):06}Z"
    return {"id": f"k{number:04}", "name": name, "amount": chance.getrandbits(60), "updated_at": stamp}


def lines_of(size: int, *, seed: int = 0) -> bytes:
    """Whole lines of at least so many bytes."""
    chance, made = random.Random(seed), b""
    number = 0
    while len(made) < size:
        made += json.dumps(row(number, chance), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        number += 1
    return made


def every_cut(lines: bytes) -> Iterator[Cut]:
    """Each framing, each encoding, each byte: from nothing to everything."""
    for gzipped in (False, True):
        body = Body(lines, gzipped)
        for framing in Framing:
            for kept in range(len(body.sent) + 1):
                yield Cut(body, framing, kept)


def some_cuts(cuts: Sequence[Cut], wanted: int) -> list[Cut]:
    """So many of them: all around the ends of lines and of bodies, the rest evenly."""
    telling = [cut for cut in cuts if _is_telling(cut)]
    others = [cut for cut in cuts if not _is_telling(cut)]
    rest = max(0, min(wanted - len(telling), len(others)))
    return telling[:wanted] + [others[number * len(others) // rest] for number in range(rest)]


def _is_telling(cut: Cut) -> bool:
    sent = cut.body.sent
    if cut.body.gzipped:
        return cut.kept < 12 or cut.kept > len(sent) - 12
    return cut.kept < 2 or b"\n" in sent[max(0, cut.kept - 2) : cut.kept + 1]

"""Undo a body's encoding, a bounded piece at a time, to its very end."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

PIECE_BYTES = 64 * 1024
KNOWN_ENCODINGS = ("identity", "gzip")

_MAGIC = b"\x1f"
_GZIP_ONLY = 31  # zlib's code for: a gzip header and trailer, CRC and length checked


class Garbled(Exception):
    """What came is no gzip, or not only gzip."""


class EndedEarly(Exception):
    """The encoding's own end is missing."""


class Unpacker(Protocol):
    """Encoded bytes in, plain pieces of at most PIECE_BYTES out; consume the pieces before you unpack again."""

    def unpack(self, data: bytes) -> Iterator[bytes]: ...

    def finish(self) -> None: ...


def unpacker(content_encoding: str) -> Unpacker | None:
    """What undoes a `Content-Encoding`; None when we never asked for it."""
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    match [coding for coding in codings if coding not in {"", "identity"}]:
        case []:
            return Plain()
        case ["gzip" | "x-gzip"]:
            return Gunzip()
        case _:
            return None


class Plain:
    """No encoding: the pieces are only cut to size."""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), PIECE_BYTES):
            yield data[start : start + PIECE_BYTES]

    def finish(self) -> None:
        return None


class Gunzip:
    """Gzip, of one or several members, each checked to its trailer.

    HTTP libraries, and zlib itself, say nothing when the trailer is missing or something follows it.
    """

    def __init__(self) -> None:
        self._members = 0
        self._member = zlib.decompressobj(_GZIP_ONLY)
        self._begun = False

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """Raises Garbled."""
        more = bool(data)
        while more:
            self._begin_member(data)
            piece = self._decompress(data)
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                yield piece
            # a full piece may leave output inside zlib although all input is used up
            more = bool(data) or (len(piece) == PIECE_BYTES and not self._member.eof)

    def finish(self) -> None:
        """Raises EndedEarly."""
        if not (self._begun and self._member.eof):
            raise EndedEarly("the gzip trailer is missing")

    def _begin_member(self, data: bytes) -> None:
        if self._begun and not self._member.eof:
            return
        if self._begun:
            self._members += 1
            self._member = zlib.decompressobj(_GZIP_ONLY)
        self._begun = True
        if data[:1] != _MAGIC:  # zlib would wait for a second byte before it says so
            raise self._garbled("another first byte")

    def _decompress(self, data: bytes) -> bytes:
        try:
            return self._member.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            raise self._garbled(str(error)) from error

    def _garbled(self, said: str) -> Garbled:
        where = "something that is no gzip follows it" if self._members else "it is not valid gzip"
        return Garbled(f"{where} ({said})")

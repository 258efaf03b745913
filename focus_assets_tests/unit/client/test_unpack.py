"""Encodings are undone to their very end, in bounded pieces."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.client.unpack import PIECE_BYTES, EndedEarly, Garbled, Gunzip, Plain, Unpacker, unpacker

BODY = random.Random(1).randbytes(50) + b"a" * 300


def unpack(unpacking: Unpacker, *chunks: bytes) -> bytes:
    found = b"".join(piece for chunk in chunks for piece in unpacking.unpack(chunk))
    unpacking.finish()
    return found


@pytest.mark.parametrize(
    ("encoding", "kind"),
    [
        ("", Plain),
        ("identity", Plain),
        ("gzip", Gunzip),
        ("GZIP", Gunzip),
        ("x-gzip", Gunzip),
        ("identity, gzip", Gunzip),
        ("zstd", type(None)),
        ("br", type(None)),
        ("deflate", type(None)),
        ("gzip, gzip", type(None)),
    ],
)
def test_only_what_was_asked_for_is_undone(encoding: str, kind: type[object]) -> None:
    assert type(unpacker(encoding)) is kind


@given(st.lists(st.binary(max_size=2000), max_size=5), st.integers(1, 400))
def test_gzip_of_any_members_in_any_chunks_is_the_body(members: list[bytes], size: int) -> None:
    packed = b"".join(gzip.compress(member) for member in members) or gzip.compress(b"")
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert unpack(Gunzip(), *chunks) == b"".join(members)


@pytest.mark.parametrize("size", [PIECE_BYTES + 1, 3 * PIECE_BYTES + 2])
def test_what_has_come_is_unpacked_before_more_comes(size: int) -> None:
    packed = gzip.compress(b"a" * size)
    for cut in range(len(packed) - 12, len(packed)):
        unbounded = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(packed[:cut])
        assert b"".join(Gunzip().unpack(packed[:cut])) == unbounded


@pytest.mark.parametrize("size", [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 10**6])
def test_pieces_are_bounded_and_nothing_is_left_inside(size: int) -> None:
    body = b"a" * size
    pieces = list(Gunzip().unpack(gzip.compress(body)))
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= PIECE_BYTES
    assert max(len(piece) for piece in Plain().unpack(body)) <= PIECE_BYTES


def test_gzip_cut_at_any_byte_has_ended_early() -> None:
    packed = gzip.compress(BODY)
    for cut in range(len(packed)):
        with pytest.raises(EndedEarly):
            unpack(Gunzip(), packed[:cut])


def test_a_cut_second_member_has_ended_early() -> None:
    packed = gzip.compress(BODY)
    for cut in range(1, len(packed)):
        with pytest.raises(EndedEarly):
            unpack(Gunzip(), packed, packed[:cut])


@pytest.mark.parametrize("rest", [b"\x00", b"\n", b"x", b'{"error":1}'])
def test_what_follows_the_trailer_is_garbled(rest: bytes) -> None:
    for chunks in ([gzip.compress(BODY) + rest], [gzip.compress(BODY), rest]):
        with pytest.raises(Garbled, match="follows"):
            unpack(Gunzip(), *chunks)


def test_a_changed_byte_is_never_passed_over() -> None:
    packed = bytearray(gzip.compress(BODY, mtime=0))
    for place in range(10, len(packed)):  # beyond the header, which no checksum covers
        changed = packed.copy()
        changed[place] ^= 0x41
        with pytest.raises((Garbled, EndedEarly)):
            unpack(Gunzip(), bytes(changed))


@pytest.mark.parametrize("body", [b'{"id":1}\n', zlib.compress(BODY), b"\x28\xb5\x2f\xfd", b"PK\x03\x04"])
def test_what_is_no_gzip_is_garbled(body: bytes) -> None:
    with pytest.raises(Garbled):
        unpack(Gunzip(), body)


def test_nothing_at_all_is_no_gzip() -> None:
    with pytest.raises(EndedEarly):
        unpack(Gunzip())

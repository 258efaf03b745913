"""A body becomes blocks of whole lines, or an error that says where."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.client.decode import BodyDecoder, Limits, Subject
from focus_assets.model.errors import CorruptEncoding, LimitExceeded, Truncated, UnexpectedBody, UnsupportedEncoding
from focus_assets.model.feed import Block

LINES = b'{"id":1,"name":"a"}\n{"id":2}\n{"id":33}\n'
SMALL = Limits(block_bytes=16, line_bytes=64)


def decode(
    *chunks: bytes, encoding: str = "identity", limits: Limits = SMALL, total_lines: int | None = None
) -> list[Block]:
    decoder = BodyDecoder(encoding, limits, Subject("created", "https://h/lines"))
    found = [block for chunk in chunks for block in decoder.feed(chunk)]
    return found + list(decoder.finish(total_lines))


def cut(body: bytes, size: int) -> Sequence[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 2, 7, 20, 1000])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_blocks_hold_whole_lines_and_add_up_to_the_body(size: int, encoding: str) -> None:
    body = gzip.compress(LINES) if encoding == "gzip" else LINES
    blocks = decode(*cut(body, size), encoding=encoding)
    assert b"".join(block.data for block in blocks) == LINES
    assert all(block.data.endswith(b"\n") and not block.unterminated for block in blocks)


# what a line can be made of; objects are not parsed here, so that anything will do after the brace
line = st.one_of(
    st.binary(max_size=30).map(lambda rest: b"{" + rest.replace(b"\n", b"")),
    st.sampled_from([b"", b" ", b"\r", b"\t \r", b" {x}", b"{}\r"]),
)


@given(st.lists(line, max_size=20), st.booleans(), st.integers(1, 50), st.integers(1, 60))
def test_every_line_is_where_its_block_says(lines: list[bytes], newline: bool, size: int, block_bytes: int) -> None:
    body = b"\n".join(lines) + (b"\n" if newline else b"")
    blocks = decode(*cut(body, size), limits=Limits(block_bytes=block_bytes))
    found: dict[int, bytes] = {}
    for block in blocks:
        assert body[block.first_byte :].startswith(block.data)
        text = block.data if block.unterminated else block.data[:-1]
        found.update(enumerate(text.split(b"\n"), block.first_line))
    expected = {number: text for number, text in enumerate(body.split(b"\n"), 1) if text.strip(b" \t\r")}
    assert found == expected
    assert all(not block.unterminated for block in blocks[:-1])


def test_blank_lines_count_but_are_in_no_block() -> None:
    assert decode(b'\n{"a":1}\n\r\n \n{"b":2}\n\n', limits=Limits(), total_lines=2) == [
        Block(b'{"a":1}\n', 2, 1),
        Block(b'{"b":2}\n', 5, 13),
    ]


def test_an_empty_body_has_no_lines() -> None:
    assert decode() == decode(b"") == decode(b"\n\n") == []
    assert decode(gzip.compress(b""), encoding="gzip") == []


def test_a_last_line_without_its_newline_is_marked() -> None:
    assert decode(b'{"a":1}\n{"b":', limits=Limits()) == [
        Block(b'{"a":1}\n', 1, 0),
        Block(b'{"b":', 2, 8, unterminated=True),
    ]


def test_gzip_cut_at_any_byte_is_truncated_and_says_where() -> None:
    packed = gzip.compress(LINES)
    for end in range(len(packed)):
        with pytest.raises(Truncated, match=r"created, line \d, byte \d+: .*gzip trailer") as caught:
            decode(packed[:end], encoding="gzip")
        assert caught.value.repeatable
    assert (caught.value.line, caught.value.byte, caught.value.url) == (4, len(LINES), "https://h/lines")


def test_identity_cut_at_any_byte_shows_in_the_count() -> None:
    for end in range(LINES.rindex(b"{") + 1):
        with pytest.raises(Truncated, match="the server said 3"):
            decode(LINES[:end], total_lines=3)


def test_identity_cut_in_its_last_line_shows_there() -> None:
    for end in range(LINES.rindex(b"{") + 1, len(LINES)):
        assert decode(LINES[:end], total_lines=3)[-1].unterminated  # whether it is whole, its parser knows


@pytest.mark.parametrize("total_lines", [0, 2, 4])
def test_another_number_of_lines_than_the_server_counted_is_an_error(total_lines: int) -> None:
    with pytest.raises(Truncated, match="holds 3 lines"):
        decode(LINES, total_lines=total_lines)


@pytest.mark.parametrize("encoding", ["zstd", "br", "deflate", "gzip, gzip"])
def test_an_encoding_that_was_not_asked_for_is_refused_by_its_name(encoding: str) -> None:
    with pytest.raises(UnsupportedEncoding, match=encoding) as caught:
        decode(encoding=encoding)
    assert not caught.value.repeatable


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><html>", b'[{"id":1}]', b'  "x"', b"null\n", b"\xef\xbb\xbf{}", b"\n\nError", b"PK\x03"]
)
def test_what_does_not_begin_with_an_object_is_no_feed(body: bytes) -> None:
    with pytest.raises(UnexpectedBody) as caught:
        decode(*cut(body, 1000))
    assert caught.value.body_start


def test_the_error_shows_how_the_unexpected_body_begins() -> None:
    with pytest.raises(UnexpectedBody) as caught:
        decode(b" <html>\x1b[2J" + b"x" * 10_000)
    assert caught.value.body_start.startswith("<html>\\x1b[2J")
    assert len(caught.value.body_start) < 250


@pytest.mark.parametrize("rest", [b"\x00\x00", b"<html>"])
def test_what_follows_the_gzip_is_corrupt(rest: bytes) -> None:
    with pytest.raises(CorruptEncoding, match="created, line 4, byte 39"):
        decode(gzip.compress(LINES) + rest, encoding="gzip")


@pytest.mark.parametrize("block_bytes", [1, 16, 64, 65, 1000])
@pytest.mark.parametrize("size", [1, 64, 1000])
def test_a_line_is_measured_exactly(block_bytes: int, size: int) -> None:
    limits = Limits(block_bytes=block_bytes, line_bytes=64)
    fits, longer = b"{" + b"x" * 63, b"{" + b"x" * 64
    assert decode(*cut(b"{}\n" + fits + b"\n" + fits, size), limits=limits)
    for body in (b"{}\n" + longer + b"\n{}\n", b"{}\n" + longer):
        with pytest.raises(LimitExceeded, match="created, line 2: the line is longer than 64 bytes"):
            decode(*cut(body, size), limits=limits)


def test_a_body_is_measured_too() -> None:
    assert decode(LINES, limits=Limits(body_bytes=len(LINES)))
    with pytest.raises(LimitExceeded, match="longer than 38 bytes"):
        decode(LINES, limits=Limits(body_bytes=len(LINES) - 1))


def bomb(line: bytes, times: int) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return b"".join([packer.compress(b"{"), *(packer.compress(line) for _ in range(times)), packer.flush()])


def test_a_giant_line_from_a_small_body_stops_at_the_limit_in_bounded_memory() -> None:
    packed = bomb(b"x" * 2**20, 256)
    tracemalloc.start()
    with pytest.raises(LimitExceeded, match="line 1"):
        decode(packed, encoding="gzip", limits=Limits(line_bytes=2**20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


def test_a_small_body_that_decodes_to_a_huge_one_flows_in_bounded_memory() -> None:
    packed = bomb(b'"x":1}\n{' * 2**17, 64)
    assert len(packed) < 200_000
    decoder = BodyDecoder("gzip", Limits(body_bytes=48 * 2**20), Subject())
    tracemalloc.start()
    with pytest.raises(LimitExceeded, match="the body is longer"):
        for _ in decoder.feed(packed):
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20
    assert decoder.lines > 1_000_000

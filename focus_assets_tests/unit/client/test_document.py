"""A JSON answer is read strictly, or refused with its beginning."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_assets.client.decode import Subject
from focus_assets.client.document import MAX_NESTING, DocumentDecoder, read_document
from focus_assets.model.errors import CorruptEncoding, LimitExceeded, Truncated, UnexpectedBody, UnsupportedEncoding
from focus_assets.model.jsontext import MAX_PARTS

SUBJECT = Subject(asked="https://h/state")


def decode(*chunks: bytes, encoding: str = "", max_bytes: int = 1000) -> object:
    decoder = DocumentDecoder(encoding, max_bytes, SUBJECT)
    for chunk in chunks:
        decoder.feed(chunk)
    return decoder.finish()


def test_a_document_is_put_together_from_its_chunks() -> None:
    body = '{"ä": [1, 2.5, null, true]}'.encode()
    packed = gzip.compress(body)
    assert decode(body[:2], body[2:]) == {"ä": [1, 2.5, None, True]}
    assert decode(packed[:7], packed[7:], encoding="gzip") == {"ä": [1, 2.5, None, True]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<html>", "Expecting value"),
        (b'{"a":1', "Expecting"),
        (b'{"a":1}{"a":2}', "Extra data"),
        (b'{"a":1,"b":{"x":1,"x":1}}', "'x' is there twice"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "-Infinity"),
        (b'{"a":1e400}', "too large"),
        (b'{"a":' + b"9" * 5000 + b"}", "digit"),
        (b'{"a":"\xff"}', "utf-8"),
        (b'{"a":"\xed\xa0\x80"}', "utf-8"),
        ('{"a":1}'.encode("utf-16"), "utf-8"),
    ],
)
def test_what_is_not_strict_json_is_unexpected(body: bytes, said: str) -> None:
    with pytest.raises(UnexpectedBody, match=said) as caught:
        read_document(body, SUBJECT)
    assert caught.value.url == "https://h/state"


def test_nesting_is_bounded_however_deep() -> None:
    deepest = b"[" * MAX_NESTING + b"]" * MAX_NESTING
    assert read_document(deepest, SUBJECT)
    for depth in (MAX_NESTING + 1, 100_000):
        for opening in (b"[", b'{"a":'):
            with pytest.raises(LimitExceeded, match="nests deeper"):
                read_document(opening * depth, SUBJECT)


@pytest.mark.parametrize("part", [b"[]", b"{}", b"0", b'""', b"0.5"])
def test_a_document_of_too_many_parts_is_refused_before_it_is_parsed(part: bytes) -> None:
    with pytest.raises(LimitExceeded, match="more than 300,000 parts"):
        read_document(b"[" + b",".join([part] * (MAX_PARTS + 1)) + b"]", SUBJECT)
    assert read_document(b"[" + b",".join([part] * (MAX_PARTS // 2)) + b"]", SUBJECT)


def test_brackets_in_texts_and_side_by_side_are_no_nesting() -> None:
    text = b"[" + b",".join([rb'"[[\"{{\\"', b"[]", b"{}"] * 500) + b"]"
    assert len(read_document(text, SUBJECT)) == 1500  # type: ignore[arg-type]


def test_a_document_is_bounded_also_when_it_is_a_bomb() -> None:
    assert decode(b'"' + b"x" * 998 + b'"')
    with pytest.raises(LimitExceeded, match="1,000 bytes"):
        decode(b'"' + b"x" * 999 + b'"')
    with pytest.raises(LimitExceeded, match="1,000 bytes"):
        decode(gzip.compress(b'"' + b"x" * 10**7 + b'"'), encoding="gzip")


def test_a_document_cut_at_any_byte_is_never_taken_for_another() -> None:
    body = b'{"total_items":1234}'
    packed = gzip.compress(body)
    for end in range(len(body)):
        with pytest.raises(UnexpectedBody):
            decode(body[:end])
    for end in range(len(packed)):
        with pytest.raises(Truncated):
            decode(packed[:end], encoding="gzip")


def test_other_encodings_and_broken_gzip_are_named() -> None:
    with pytest.raises(UnsupportedEncoding, match="zstd"):
        decode(encoding="zstd")
    with pytest.raises(CorruptEncoding):
        decode(b"{}", encoding="gzip")


def test_a_secret_document_is_never_shown() -> None:
    with pytest.raises(UnexpectedBody) as caught:
        read_document(b'{"token":"abc",}', Subject(asked="https://h/auth", secret=True))
    assert caught.value.body_start == ""
    assert caught.value.__cause__ is None


TEXTS = st.text(alphabet='[]{}"\\,:aé\n', max_size=12)


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=MAX_NESTING + 2, max_size=MAX_NESTING + 20), st.integers(0, 3))
def test_brackets_in_texts_do_not_count_and_all_others_do(texts: list[str], over: int) -> None:
    flat = json.dumps([{text: text} for text in texts], ensure_ascii=bool(over % 2)).encode()
    assert read_document(flat, SUBJECT) == json.loads(flat)
    deep = b"[" * (MAX_NESTING - 2 + over) + json.dumps({texts[0]: texts}).encode() + b"]" * (MAX_NESTING - 2 + over)
    if over == 0:
        assert read_document(deep, SUBJECT) == json.loads(deep)
    else:
        with pytest.raises(LimitExceeded, match="nests deeper"):
            read_document(deep, SUBJECT)

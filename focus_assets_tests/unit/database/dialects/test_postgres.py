"""Rows become CSV lines that mean the same."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_assets.database.dialects.csvlines import csv_of

LETTERS = st.sampled_from([*'ab,/nrtu0"\\', *"\n\r\t\b\f\x01\x1f\x7f", "ä", "雪", "🎉", "\\n", "\\u0041", "null"])
texts = st.lists(LETTERS, max_size=6).map("".join)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(texts, st.none() | st.integers(), texts), min_size=1, max_size=4))
def test_every_text_is_read_back_as_it_was(rows: list[tuple[str, int | None, str]]) -> None:
    written = StringIO(csv_of(rows).decode(), newline="")
    found = list(csv.reader(written, doublequote=False, escapechar="\\", strict=True))
    assert found == [[first, "null" if number is None else str(number), last] for first, number, last in rows]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("null", b'"null"'),  # only without quotes is it NULL
        ("", b'""'),
        ("a\\nb", b'"a\\\\nb"'),
        ("a\nb", b'"a\nb"'),
        ("\x01", b'"\x01"'),
        ('{"a":"x\\n"}', b'"{\\"a\\":\\"x\\\\n\\"}"'),
    ],
)
def test_a_text_is_quoted_and_only_quotes_and_backslashes_are_escaped(text: str, line: bytes) -> None:
    assert csv_of([(text,)]) == line + b"\n"

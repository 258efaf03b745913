"""A page that is read quickly is what it would have been, and what is wrong with it is found all the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from focus_assets.client.decode import Subject
from focus_assets.client.discovery import quick
from focus_assets.client.discovery.codec import decode
from focus_assets.client.discovery.quick import read_decoded
from focus_assets.client.document import MAX_NESTING, read_document
from focus_assets.model.errors import ApiError, LimitExceeded, UnexpectedBody

TEXTS = st.one_of(
    st.text(alphabet='":\\ \n\tåT-P1', max_size=8), st.sampled_from(["PT1H", "2000-01-01T00:00:00.000Z", '":', " x"])
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=20,
)


def slowly(body: bytes) -> Any:
    found = read_document(body, Subject())
    if isinstance(found, dict) and isinstance(found.get("items"), list | dict):
        found["items"] = decode(found["items"])
    return found


def written(value: Any, style: int) -> bytes:
    more: dict[str, Any] = {1: {"separators": (",", ":")}, 2: {"indent": 1}, 3: {"separators": (" , ", " : ")}}
    return json.dumps(value, ensure_ascii=bool(style % 2), **more.get(style, {})).encode("utf-8", "surrogatepass")


@given(st.one_of(VALUES, st.fixed_dictionaries({"meta": VALUES, "items": VALUES})), st.integers(0, 3))
def test_it_is_what_it_would_have_been(value: Any, style: int) -> None:
    body = written(value, style)
    assert read_decoded("items", body, Subject()) == slowly(body)


ODD = st.text(alphabet='{}[],:"\\ 01.eE-+nul\n\x0cé', max_size=30).map(str.encode)


@given(ODD, st.sampled_from([b"%s", b'{"items":[%s]}']))
@example(b"1e400", b'{"items":[%s]}')
@example(b"NaN", b'{"items":[%s]}')
@example(b'"\\ud800"', b'{"items":[%s]}')
@example(b'"\xff"', b'{"items":[%s]}')
@example(b"[]\x0c", b"%s")
def test_whatever_comes_it_says_the_same_of_it(text: bytes, around: bytes) -> None:
    body = around % text
    assert said(lambda: read_decoded("items", body, Subject())) == said(lambda: slowly(body))


def said(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except ApiError as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    "body",
    [
        b'{"items":[{"a":1,"a":2}]}',
        b'{"items":[{"a":1,"a":"\\":"}]}',
        b'{"items":[{"a":1,"a" :2,"b":":"}]}',
        b'{"items":[{"a":1,"a"\n:2,"b":":"}]}',
        b'{"items":[],"items":[1]}',
        b'{"items":[],"meta":{"x":[{"n":1,"n":2}]}}',
        b'{"items":{"a":{"b":1,"\\u0062":2}}}',
    ],
)
def test_a_name_that_is_there_twice_is_never_passed_over(body: bytes) -> None:
    with pytest.raises(UnexpectedBody, match="twice"):
        read_decoded("items", body, Subject())


def test_nesting_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        read_decoded("items", b'{"items":' + b"[" * MAX_NESTING + b"]" * MAX_NESTING + b"}", Subject())


def test_what_is_not_an_item_stays_a_text() -> None:
    body = b'{"meta":{"continue":"P1D"},"items":["P1D","2000-01-01T00:00:00Z"]}\n'
    found = read_decoded("items", body, Subject())
    assert found["meta"] == {"continue": "P1D"}
    assert found["items"][1] == datetime(2000, 1, 1, tzinfo=UTC)


def test_a_usual_page_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(quick, "read_document")
    body = json.dumps({"meta": {"continue": "/x?y=1"}, "items": [{"ref": f"é:{n}", "tags": ["a"]} for n in range(100)]})
    assert len(read_decoded("items", body.encode(), Subject())["items"]) == 100

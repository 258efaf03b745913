"""Which page follows is decided by what the pages say, and driven here by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from focus_assets.config.paging import Paging
from focus_assets.model.errors import ApiError, Truncated, UnexpectedBody
from focus_assets.sources.rest.pages import Answered, Ask, Pages, pages_of, whole

ASK = Ask("https://api.example.org/things", {"lang": "en"})


def paging(**how: Any) -> Pages:
    return pages_of(TypeAdapter(Paging).validate_python(how))


def page(records: int, document: Any = None, *, came: int = 0, ask: Ask = ASK, total: int | None = None) -> Answered:
    return Answered(ask, document, [{"id": number} for number in range(records)], came, total)


def test_the_first_page_may_have_the_number_zero_and_a_size() -> None:
    pages = paging(kind="page", param="p", first=0, size_param="n", size=50)
    first = pages.first(ASK)
    assert first.params == {"lang": "en", "p": "0", "n": "50"}
    following = pages.after(page(50, ask=first))
    assert following is not None
    assert following.params == {"lang": "en", "p": "1", "n": "50"}


def test_a_known_number_of_pages_is_asked_for_at_once() -> None:
    pages = paging(kind="page", total_pages="pages")
    others = pages.others(page(10, {"pages": "3"}, ask=pages.first(ASK)))
    assert others is not None
    assert [ask.params["page"] for ask in others] == ["2", "3"]


def test_the_step_between_offsets_is_what_the_first_page_held() -> None:
    pages = paging(kind="offset", limit=100)
    others = pages.others(page(40, total=100, ask=pages.first(ASK)))
    assert others is not None
    assert [ask.params["offset"] for ask in others] == ["40", "80"]


@pytest.mark.parametrize("how", [{"kind": "page"}, {"kind": "offset"}, {"kind": "cursor", "at": "next"}])
def test_has_more_decides_where_it_is_configured(how: dict[str, Any]) -> None:
    pages = paging(**how, has_more="more")
    assert pages.after(page(3, {"more": True, "next": 4})) is not None
    assert pages.after(page(3, {"more": False, "next": 4})) is None


@pytest.mark.parametrize(
    ("how", "found", "error"),
    [
        ({"kind": "page", "has_more": "more"}, page(0, {"more": True}), Truncated),
        ({"kind": "page"}, page(0, came=5, total=6), Truncated),
        ({"kind": "offset"}, page(0, came=5, total=6), Truncated),
        ({"kind": "cursor", "at": "next"}, page(1, {"next": ""}, came=4, total=6), Truncated),
        ({"kind": "cursor", "at": "next", "has_more": "more"}, page(1, {"more": False, "next": 5}, total=6), Truncated),
        ({"kind": "cursor", "at": "next", "has_more": "more"}, page(1, {"more": True, "next": None}), UnexpectedBody),
        ({"kind": "cursor", "at": "next"}, page(1, {"next": True}), UnexpectedBody),
        ({"kind": "next_link", "at": "next"}, page(1, {"next": None}, total=2), Truncated),
        ({"kind": "link_header"}, page(1, total=2), Truncated),
        ({"kind": "page", "total_pages": "pages"}, page(1, {"pages": "many"}), UnexpectedBody),
    ],
)
def test_what_cannot_be_the_end_is_an_error(how: dict[str, Any], found: Answered, error: type[ApiError]) -> None:
    pages = paging(**how)
    with pytest.raises(error):
        _ = pages.others(found) or pages.after(found)


def test_a_link_may_be_relative_and_keeps_nothing_of_the_query_before_it() -> None:
    pages = paging(kind="next_link", at="links.next")
    following = pages.after(page(1, {"links": {"next": "?page=2"}}))
    assert following == Ask("https://api.example.org/things?page=2", {}, None)
    header = paging(kind="link_header").after(replace(page(1), link="/other?x=1"))
    assert header == Ask("https://api.example.org/other?x=1", {}, None)


@pytest.mark.parametrize(
    ("found", "count"), [(3, 3), ("12", 12), (0, 0), (True, None), (-1, None), ("x", None), (1.5, None)]
)
def test_a_count_is_a_whole_number_that_is_not_negative(found: object, count: int | None) -> None:
    assert whole(found) == count

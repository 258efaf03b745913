"""A guess from one answer: where its records are, their key, pages and total."""

from __future__ import annotations

import json
from typing import Any

import pytest

from focus_assets.client import Subject
from focus_assets.model.errors import UnexpectedBody
from focus_assets.model.records import Format
from focus_assets.sources.rest.guess import Guess, guessed

TWO = [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]


def guess(document: Any, params: dict[str, str] | None = None, *, link: str | None = None) -> Guess:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return guessed(body, Subject(asked="https://api.test/things"), params or {}, link=link)


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (TWO, None),
        ({"data": TWO}, "data"),
        ({"payload": {"items": TWO}, "errors": [{"a": 1}]}, "payload.items"),
        ({"the things": TWO}, '"the things"'),
    ],
)
def test_the_longest_list_of_objects_has_the_records(document: Any, where: str | None) -> None:
    found = guess(document)
    assert (found.records, found.count, found.key) == (where, 2, ("id",))
    assert {name: str(kind) for name, kind in found.types.items()} == {"id": "int64", "name": "string"}


@pytest.mark.parametrize(
    ("records", "key"),
    [
        ([{"name": "a", "code": "x"}, {"name": "b", "code": "y"}], ("code",)),
        ([{"note": "a", "order_id": 7}, {"note": "b", "order_id": 8}], ("order_id",)),
        ([{"day": "2024-01-02", "shop": 1}, {"day": "2024-01-02", "shop": 2}, {"day": "2024-01-03", "shop": 1}],
         ("day", "shop")),
        ([{"id": 1, "x": 1.5}, {"id": None, "x": 2.5}], ()),
        ([{"a": 1}, {"a": 1}], ()),
    ],
)  # fmt: skip
def test_the_key_is_the_fewest_columns_that_tell_records_apart(records: Any, key: tuple[str, ...]) -> None:
    assert guess(records).key == key


@pytest.mark.parametrize(
    ("envelope", "params", "pagination"),
    [
        ({"next_url": "https://api.test/things?after=2", "next": "2"}, {}, {"kind": "next_link", "at": "next_url"}),
        ({"links": {"next": "/things?page=2"}}, {}, {"kind": "next_link", "at": "links.next"}),
        ({"next_url": None}, {}, {"kind": "next_link", "at": "next_url"}),
        ({"meta": {"next_cursor": "b2"}}, {}, {"kind": "cursor", "at": "meta.next_cursor", "param": "cursor"}),
        ({"next": 10}, {}, {"kind": "cursor", "at": "next", "param": "cursor"}),
        ({"nextPageToken": "b2"}, {}, {"kind": "cursor", "at": "nextPageToken", "param": "pageToken"}),
        ({"metadata": {"continue": ""}}, {}, {"kind": "cursor", "at": "metadata.continue", "param": "continue"}),
        ({"total_pages": 9}, {"page": "1", "per_page": "2"},
         {"kind": "page", "param": "page", "size_param": "per_page", "size": 2, "total_pages": "total_pages"}),
        ({"has_more": True}, {}, {"kind": "page", "param": "page", "has_more": "has_more"}),
        ({}, {"offset": "0", "limit": "2"}, {"kind": "offset", "param": "offset", "limit_param": "limit", "limit": 2}),
        ({"status": "ok"}, {"symbol": "A"}, {"kind": "none"}),
    ],
)  # fmt: skip
def test_pages_are_guessed_from_what_the_answer_has_and_then_from_the_query(
    envelope: dict[str, Any], params: dict[str, str], pagination: dict[str, Any]
) -> None:
    assert guess({"items": TWO, **envelope}, params).pagination == pagination


def test_a_header_that_names_the_next_page_is_taken_at_its_word() -> None:
    assert guess(TWO, link="/things?page=2").pagination == {"kind": "link_header"}


@pytest.mark.parametrize(
    ("envelope", "total"),
    [
        ({"total": 2}, "total"),
        ({"filtered_table_rows_count": 1200}, "filtered_table_rows_count"),
        ({"meta": {"total_items": "9"}}, "meta.total_items"),
        ({"rowCount": 9}, "rowCount"),
        ({"count": 1}, None),
        ({"total_pages": 9}, None),
        ({"account": 99, "total": True}, None),
    ],
)
def test_a_total_is_a_number_by_its_name_that_is_not_less_than_the_page(
    envelope: dict[str, Any], total: str | None
) -> None:
    assert guess({"items": TWO, **envelope}).total == total


def test_an_object_that_is_keyed_by_days_becomes_a_row_a_day() -> None:
    found = guess({"meta": {"symbol": "A"}, "prices": {"2024-01-02": {"open": 1}, "2024-01-03": {"open": 2}}})
    assert (found.records, found.days, found.key, found.count) == ("prices", True, ("day",), 2)
    assert [str(kind) for kind in found.types.values()] == ["date", "int64"]


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b'\xef\xbb\xbf[{"id": 1}]', Format.JSON),
        (b'{"id": 1}\n{"id": 2}\n', Format.NDJSON),
        (b"<things><thing><id>1</id></thing><thing><id>2</id></thing></things>", Format.XML),
        (b"id;name\n1;a\n2;b\n", Format.CSV),
    ],
)
def test_the_format_is_told_by_how_the_body_begins(body: bytes, form: Format) -> None:
    found = guess(body)
    assert (found.format, found.key) == (form, ("id",))


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"<!DOCTYPE html><html></html>", "for people"),
        ({"items": []}, "no records from which"),
        ({"status": "ok"}, "no list of records"),
        (b"[{", "not the JSON"),
    ],
)
def test_what_has_no_records_is_refused_in_a_sentence(document: Any, problem: str) -> None:
    with pytest.raises(UnexpectedBody, match=problem):
        guess(document)

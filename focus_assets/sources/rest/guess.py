"""Guess from one answer how an API is to be read: where its records are, their key, its pages, its total, its types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

from focus_assets.client import Subject
from focus_assets.model.errors import BadValue, UnexpectedBody
from focus_assets.model.records import Format, Record
from focus_assets.model.schema import ColumnType, Kind
from focus_assets.model.values import day
from focus_assets.sources.rest.bodies import parse
from focus_assets.sources.rest.inference import Inference
from focus_assets.sources.rest.shape import TOP, Place, places

_KEYS = ("id", "uuid", "guid", "key", "code", "number", "slug", "name")
_KEY_KINDS = frozenset({Kind.INT64, Kind.TEXT, Kind.UUID, Kind.DATE, Kind.TIMESTAMP})
_WIDEST_KEY = 3
_MOST_CANDIDATES = 8
_TOTAL = re.compile(r"(?i:(?:.*[._\"])?@?(?:total|count|total_?\w+))\"?|.*\w(?:Count|Total)")
_PAGES = re.compile(r"(?i)(?:.*\.)?(?:total_?pages|page_?count|last_?page|pages)")
_MORE = re.compile(r"(?i)(?:.*\.)?has_?(?:more|next)(?:_?page)?")
_NEXT = re.compile(r"(?i)(?:.*\.)?(?:next(?:_?(?:page|url|link|href|uri))?|next\.href)")
_TOKEN = re.compile(
    r"(?i)(?:.*\.)?(?:next_?(?:page_?)?(?:token|cursor)|end_?cursor|cursor|continue|continuation(?:_?token)?)"
)
_NUMBER_PARAM = re.compile(r"(?i)_?(?:page|p|page_?(?:number|no))")
_SIZE_PARAM = re.compile(r"(?i)_?(?:per_?page|page_?size|size|limit|count)")
_OFFSET_PARAM = re.compile(r"(?i)_?(?:offset|skip|start)")
_LINK = re.compile(r"(?i)https?://|[/?]")
_LINK_NAME = re.compile(r"(?i)url|link|href|uri")
Pagination: TypeAlias = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Guess:
    """What an answer looks like; an empty `key` was not found, and a `pagination` is as focus.yaml writes it.

    `days` says that the records are an object keyed by days, each of which becomes a row.
    """

    format: Format
    records: str | None
    count: int
    key: tuple[str, ...]
    pagination: Pagination
    total: str | None
    types: Mapping[str, ColumnType]
    days: bool = False


def guessed(body: bytes, subject: Subject, params: Mapping[str, str], *, link: str | None) -> Guess:
    """What the answer to a request looks like; `link` is the next page's address in its header. Raises BodyError."""
    form, document = _read(body, subject)
    place, days = _records_of(document, subject.start_of(body), subject.url)
    records = [{"day": name, **inner} for name, inner in place.value.items()] if days else place.value
    inference = Inference(texts=form.has_texts_alone)
    for record in records:
        inference.add(record)
    types = inference.types()
    values = [found for found in places(document) if found.path != place.path]
    total = _total(values, len(records))
    return Guess(
        form,
        None if place.path == TOP else place.path,
        len(records),
        ("day",) if days else _key(records, types),
        {"kind": "link_header"} if link else _pagination(values, params),
        None if days else total,
        types,
        days,
    )


def _read(body: bytes, subject: Subject) -> tuple[Format, Any]:
    """The format is told by the first character that is no space; a page of HTML is none of them."""
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:15].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise UnexpectedBody(
            "the answer is a page of HTML, for people; give the address of the API itself", url=subject.url
        )
    if start[:1] == b"<":
        return Format.XML, parse(body, Format.XML, url=subject.url, hide=subject.hide)
    if start[:1] not in (b"{", b"["):
        return Format.CSV, parse(body, Format.CSV, url=subject.url, hide=subject.hide, delimiter=delimiter_of(body))
    try:
        return Format.JSON, parse(body, Format.JSON, url=subject.url, hide=subject.hide)
    except UnexpectedBody:
        return Format.NDJSON, parse(body, Format.NDJSON, url=subject.url, hide=subject.hide)


def delimiter_of(body: bytes) -> str:
    """What stands between the fields of a CSV: what its first line has most of.

    >>> delimiter_of(b"code;name, in full;height")
    ';'
    """
    first = body.split(b"\n", 1)[0].decode("utf-8", "replace")
    return max(",;\t|", key=first.count)


def _records_of(document: Any, start: str, url: str) -> tuple[Place, bool]:
    """The longest list of objects, else the largest object that is keyed by days. Raises UnexpectedBody."""
    found = list(places(document))
    lists = [place for place in found if place.is_list_of_records]
    if lists:
        return max(lists, key=lambda place: len(place.value)), False
    keyed = [place for place in found if _is_keyed_by_days(place.value)]
    if keyed:
        return max(keyed, key=lambda place: len(place.value)), True
    if any(place.value == [] for place in found):
        raise UnexpectedBody("the answer's list has no records from which anything could be guessed", url=url)
    raise UnexpectedBody("no list of records is found in the answer", url=url, body_start=start)


def _is_keyed_by_days(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return all(isinstance(inner, dict) and _is_day(name) for name, inner in value.items())


def _is_day(text: str) -> bool:
    try:
        day(text)
    except BadValue:
        return False
    return True


# --- the key ---


def _key(records: Sequence[Record], types: Mapping[str, ColumnType]) -> tuple[str, ...]:
    """The fewest columns that tell all records apart, such that look like a key first."""
    whole = [name for name, found in types.items() if found.kind in _KEY_KINDS and _is_whole(records, name)]
    likely = sorted(whole, key=_likelihood)[:_MOST_CANDIDATES]
    tried = (names for width in range(1, _WIDEST_KEY + 1) for names in combinations(likely, width))
    return next((names for names in tried if _tells_apart(records, names)), ())


def _is_whole(records: Iterable[Record], name: str) -> bool:
    return all(record.get(name) is not None for record in records)


def _tells_apart(records: Sequence[Record], names: tuple[str, ...]) -> bool:
    return len({tuple(str(record[name]) for name in names) for record in records}) == len(records)


def _likelihood(name: str) -> int:
    plain = name.casefold().lstrip("@_")
    if plain in _KEYS:
        return _KEYS.index(plain)
    ends = [place for place, key in enumerate(_KEYS) if plain.endswith(key)]
    return len(_KEYS) + min(ends, default=len(_KEYS))


# --- pages and total ---


def _total(values: Iterable[Place], records: int) -> str | None:
    """The first number by a name for it that is at least that of the records here."""
    for place in values:
        if _TOTAL.fullmatch(place.path) and not _PAGES.fullmatch(place.path) and _at_least(place.value, records):
            return place.path
    return None


def _at_least(value: Any, least: int) -> bool:
    text = str(value)
    return not isinstance(value, bool) and text.isascii() and text.isdigit() and int(text) >= least


def _pagination(values: Sequence[Place], params: Mapping[str, str]) -> Pagination:
    """By what the answer has, and only then by what it was asked with."""
    return _by_link(values) or _by_token(values) or _by_offset(params) or _by_number(values, params) or {"kind": "none"}


def _by_link(values: Iterable[Place]) -> Pagination:
    """An address by a name for it; null where this page is the last, if nothing else can be meant."""
    named = [place for place in values if _NEXT.fullmatch(place.path)]
    links = [place for place in named if isinstance(place.value, str) and _LINK.match(place.value)]
    ended = [place for place in named if place.value is None and _LINK_NAME.search(place.path)]
    return next(({"kind": "next_link", "at": place.path} for place in [*links, *ended]), {})


def _by_token(values: Iterable[Place]) -> Pagination:
    for place in values:
        if _is_token(place):
            return {"kind": "cursor", "at": place.path, "param": _token_param(place.path.rpartition(".")[2])}
    return {}


def _is_token(place: Place) -> bool:
    if _TOKEN.fullmatch(place.path):
        return place.value in (None, "") or _is_text_or_number(place.value)
    return _NEXT.fullmatch(place.path) is not None and _is_text_or_number(place.value)


def _is_text_or_number(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _token_param(name: str) -> str:
    """How APIs take back what they name so: `nextPageToken` as `pageToken`, `next_cursor` as `cursor`."""
    plain = re.sub(r"(?i)^(?:next|end)_?", "", name) or "cursor"
    return plain[0].lower() + plain[1:]


def _by_offset(params: Mapping[str, str]) -> Pagination:
    offset, size = _named(params, _OFFSET_PARAM), _named(params, _SIZE_PARAM)
    if not (offset and size):
        return {}
    return {"kind": "offset", "param": offset, "limit_param": size, "limit": _whole(params[size], 100)}


def _by_number(values: Iterable[Place], params: Mapping[str, str]) -> Pagination:
    found = list(values)
    pages = next((place.path for place in found if _PAGES.fullmatch(place.path) and _at_least(place.value, 0)), None)
    more = next((place.path for place in found if _MORE.fullmatch(place.path) and isinstance(place.value, bool)), None)
    param, size = _named(params, _NUMBER_PARAM), _named(params, _SIZE_PARAM)
    if not (pages or more or param):
        return {}
    sized: Pagination = {"size_param": size, "size": _whole(params[size], 100)} if size else {}
    ended: Pagination = {"total_pages": pages} if pages else {"has_more": more} if more else {}
    return {"kind": "page", "param": param or "page", **sized, **ended}


def _named(params: Iterable[str], pattern: re.Pattern[str]) -> str | None:
    return next((name for name in params if pattern.fullmatch(name)), None)


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isdigit() and int(text) else otherwise

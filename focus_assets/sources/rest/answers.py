"""Read what a body holds: the records of a page, or a count; or say what it holds in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from focus_assets.client import redact
from focus_assets.config import RestResource
from focus_assets.model.errors import UnexpectedBody
from focus_assets.model.records import Format
from focus_assets.sources.rest.bodies import parse, records_at
from focus_assets.sources.rest.pages import Answered, found_at, whole
from focus_assets.sources.rest.walk import Asked

_SHOWN = 200
Hide = Callable[[str], str]


def read_page(resource: RestResource, asked: Asked, body: bytes, *, hide: Hide) -> Answered:
    """The page that a body holds. Raises BodyError, and RowError for a record that is no object."""
    url = asked.ask.url
    document = parse(body, resource.format, url=url, hide=hide, delimiter=resource.delimiter)
    _refuse_error(resource, document, url, hide)
    records = records_at(document, resource.records, url=url, body=body, hide=hide)
    page = Answered(asked.ask, document, records, asked.came)
    if not isinstance(resource.total, str) or resource.explodes:
        return page
    return replace(page, total=whole(found_at(document, resource.total)))


def read_count(body: bytes, where: str, *, url: str, hide: Hide) -> int:
    """The count that a JSON body holds. Raises BodyError."""
    document = parse(body, Format.JSON, url=url, hide=hide)
    count = whole(found_at(document, where))
    if count is None:
        start = hide(str(document))[:_SHOWN]
        raise UnexpectedBody(f"expected a count at {where!r}", url=redact(url), body_start=start)
    return count


def _refuse_error(resource: RestResource, document: Any, url: str, hide: Hide) -> None:
    said = found_at(document, resource.error) if resource.error else None
    if said:
        raise UnexpectedBody(f"the server answers an error: {hide(str(said))[:_SHOWN]}", url=redact(url))

"""Write the request for the first page of a resource and partition, from everything or from a moment on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from focus_assets.client import Request
from focus_assets.config.rest import PLACEHOLDER, CountEndpoint, Incremental, RestResource
from focus_assets.model.errors import NameRefused
from focus_assets.model.plan import instant
from focus_assets.sources.rest.pages import Ask

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ask_for(base_url: str, resource: RestResource, partition: str, since: str | None = None) -> Ask:
    """What a resource is asked with; `since` is UTC without a zone, or a number. Raises NameRefused."""
    body = None if resource.body is None else {**resource.body}
    ask = Ask(
        address(base_url, resource.path, partition), _filled(resource.params, partition), _filled(body, partition)
    )
    if since is None or resource.incremental is None:
        return ask
    return ask.having({resource.incremental.param: written(resource.incremental, since)})


def request_of(ask: Ask, method: str) -> Request:
    """The request for a page."""
    return Request(ask.url, method, ask.params, ask.body)


def count_request(base_url: str, count: CountEndpoint, partition: str) -> Request:
    """The request for a count. Raises NameRefused."""
    return Request(address(base_url, count.path, partition), "GET", _filled(count.params, partition))


def address(base_url: str, path: str, partition: str) -> str:
    """The URL of a path with its partition, which stays within its segment."""
    if PLACEHOLDER in path and partition in {"", ".", ".."}:
        raise NameRefused(partition, "it cannot be a segment of a URL")
    inside = path.lstrip("/").replace(PLACEHOLDER, quote(partition, safe=""))
    return f"{base_url}/{inside}" if inside else base_url


def written(incremental: Incremental, since: str) -> int | str:
    """A moment, or a number, as the API wants it.

    >>> how = Incremental(cursor="at", param="since", format="epoch_ms")
    >>> written(how, "1970-01-01T00:00:01.500000")
    1500
    """
    if incremental.format == "number":
        return int(since)
    moment = instant(since)
    match incremental.format:
        case "iso":
            return f"{since}Z"
        case "date":
            return since[:10]
        case "epoch":
            return (moment - _EPOCH) // timedelta(seconds=1)
        case "epoch_ms":
            return (moment - _EPOCH) // timedelta(milliseconds=1)
        case pattern:
            return moment.strftime(pattern)


def _filled(value: Any, partition: str) -> Any:
    if isinstance(value, str):
        return value.replace(PLACEHOLDER, partition)
    if isinstance(value, Mapping):
        return {name: _filled(inner, partition) for name, inner in value.items()}
    return [_filled(inner, partition) for inner in value] if isinstance(value, list) else value

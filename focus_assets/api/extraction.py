"""Get the records of an endpoint: all of its pages, or what has changed since the last time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from pydantic import ValidationError

from focus_assets.api.client import Params, RESTClient, texts
from focus_assets.config import RestResource
from focus_assets.fetch import root_of
from focus_assets.model.errors import BadValue, InvalidConfiguration
from focus_assets.model.feed import Stamp
from focus_assets.model.records import Record, place_of, wire
from focus_assets.model.stamps import since, stamp
from focus_assets.sources.rest.asking import ask_for
from focus_assets.sources.rest.reading import PageReader
from focus_assets.sources.rest.walk import Came

_NO_KEY = ("-",)  # what is only extracted needs none
_MIDNIGHT = "T00:00:00Z"
PAGES_AT_ONCE = 4
Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answers:
    """How an endpoint gives its records, in the words of focus.yaml.

    `records` and `total` are JMESPaths: where a page has them; `format` is json, ndjson, xml or csv; a `body` is sent
    by POST; `error` is where an answer of status 200 tells of one.
    """

    records: str | None = None
    total: str | None = None
    error: str | None = None
    format: str = "json"
    body: Words | None = None


PLAIN = Answers()


class APIExtractor:
    """Extracts through a client; pages are fetched side by side where their number is known."""

    def __init__(self, client: RESTClient, *, pages_at_once: int = PAGES_AT_ONCE) -> None:
        self._client, self._width = client, pages_at_once

    def extract(
        self,
        endpoint: str,
        *,
        params: Params | None = None,
        pagination: Words | None = None,
        answers: Answers = PLAIN,
    ) -> list[Record]:
        """Every record of every page, in order; `pagination` as in focus.yaml: `{"kind": "cursor", "at": "next"}`.

        A list that ends before its own total is an error, and never an end. Raises InvalidConfiguration, ApiError and
        BadValue.
        """
        resource = _resource(endpoint, params, pagination, answers=answers)
        return _extracted(self._client, resource, None, width=self._width)


@dataclass(slots=True)
class IncrementalExtractor:
    """Extracts what has changed since the newest `cursor` that it has seen.

    `param` carries the moment, `format` says how (iso, date, epoch, epoch_ms, or a pattern). Keep `watermark` once the
    records are loaded, and give it back as the next one's start: the records of that very moment come again, and an
    upsert makes nothing of it.
    """

    client: RESTClient
    cursor: str
    param: str
    format: str = "iso"
    watermark: str | None = None
    overlap_seconds: int = 0
    pages_at_once: int = PAGES_AT_ONCE

    def extract(
        self,
        endpoint: str,
        *,
        params: Params | None = None,
        pagination: Words | None = None,
        answers: Answers = PLAIN,
    ) -> list[Record]:
        """The records since the watermark (without one: all of them); then the watermark is their newest cursor.

        An error leaves the watermark as it was. Raises what `APIExtractor.extract` raises, and BadValue for a cursor
        that is no time.
        """
        asked = since(_whole(self.watermark), self.overlap_seconds) if self.watermark else None
        incremental = {"cursor": self.cursor, "param": self.param, "format": self.format}
        resource = _resource(endpoint, params, pagination, answers=answers, incremental=incremental)
        found = _extracted(self.client, resource, asked, width=self.pages_at_once)
        stamps = [one for number, record in enumerate(found, 1) if (one := self._stamp(record, number))]
        known = [stamp(_whole(self.watermark))] if self.watermark else []
        if newest := max([*known, *stamps], default=None):
            self.watermark = newest.wire
        return found

    def _stamp(self, record: Record, number: int) -> Stamp | None:
        value = record.get(self.cursor)
        if value is None:
            return None
        try:
            return stamp(_whole(str(wire(value))))
        except BadValue as error:
            place = place_of(number, record)
            raise BadValue(error.problem, feed=place, column=self.cursor, value=error.value) from error


def _extracted(client: RESTClient, resource: RestResource, since: str | None, *, width: int) -> list[Record]:
    """Every record of every page; with `since`, of what the API gives from that moment on."""
    engine = client.engine

    async def walked() -> list[Record]:
        walk = PageReader(engine, width).walk(resource, check=since is None)
        try:
            async with anyio.create_task_group() as group:
                first = await walk.first(ask_for(client.base_url, resource, "", since))
                records = await _gathered(first, walk.rest(first, group))
        except BaseExceptionGroup as errors:
            raise root_of(errors) from None
        return records

    return client.portal.call(walked)


async def _gathered(first: Came, rest: AsyncIterator[Came]) -> list[Record]:
    records = list(first.page.records)
    async for came in rest:
        records += came.page.records
    return records


def _whole(moment: str) -> str:
    """A day is its first moment."""
    return moment + _MIDNIGHT if len(moment) == len("2025-07-01") else moment


def _resource(
    endpoint: str,
    params: Params | None,
    pagination: Words | None,
    *,
    answers: Answers,
    incremental: Words | None = None,
) -> RestResource:
    said: dict[str, Any] = {
        "path": endpoint,
        "method": "GET" if answers.body is None else "POST",
        "params": texts(params or {}),
        "body": answers.body,
        "records": answers.records,
        "total": answers.total,
        "error": answers.error,
        "format": answers.format,
        "primary_key": _NO_KEY,
        "pagination": pagination or {"kind": "none"},
        "incremental": incremental,
    }
    try:
        return RestResource.model_validate(said)
    except ValidationError as error:
        details = error.errors(include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in details["loc"])
        raise InvalidConfiguration("extract", details["msg"].removeprefix("Value error, "), path=place) from None

"""Speak the Data Exchange API: schema, full, created, updated, deleted, state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import anyio

from focus_assets.client.clock import Clock, SystemClock
from focus_assets.client.http import ApiClient
from focus_assets.client.protocol import as_it_is, join
from focus_assets.config import BadRows, ExchangeSource
from focus_assets.model.errors import (
    ApiError,
    BadValue,
    InvalidSchema,
    NotFound,
    UnexpectedBody,
    UnknownPartition,
    UnknownResource,
    UnknownType,
)
from focus_assets.model.feed import Feed
from focus_assets.model.names import check_resources
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import KNOWN_TYPES, Column, ResourceSchema, parse_type
from focus_assets.model.stamps import stamp
from focus_assets.model.state import State
from focus_assets.sources.rows import Reading, RowDecoder, Unknown
from focus_assets.sources.source import Lines, Terms

T = TypeVar("T")
SCHEMA_LIFE_SECONDS = 30.0
_SHOWN = 200  # characters of a strange answer


class ExchangeApi:
    """One business service; open it once for all of its partitions."""

    def __init__(self, name: str, settings: ExchangeSource, client: ApiClient, clock: Clock | None = None) -> None:
        self.name, self.service = name, settings.business_service
        self._settings, self._client, self._clock = settings, client, clock or SystemClock()
        self._base = join(settings.base_url, "api", "v1", settings.business_service)
        self._schemas: dict[str, ResourceSchema] | ApiError = {}
        self._asking = anyio.Lock()
        self._schemas_at: float | None = None
        self._times_asked = 0  # requests for the schema that have begun

    def terms(self, resource: str) -> Terms:
        """The knobs of its entry in the configuration, the same for all of its resources."""
        days = self._settings.full_every_days
        return Terms(
            overlap_seconds=self._settings.overlap_seconds,
            full_every=timedelta(days=days) if days else None,
            heals_per_day=self._settings.heals_per_day,
            compare_total=self._settings.compare_total,
            quarantine=self._settings.bad_rows is BadRows.QUARANTINE,
        )

    def scope(self, ref: PartitionRef) -> str:
        """Server, service, resource, country and language."""
        return "\n".join((self._base, ref.resource, ref.partition, self._settings.lang or ""))

    async def schemas(self, *, fresh: bool = False) -> dict[str, ResourceSchema]:
        """Every configured resource's schema; what was asked less than half a minute ago is not asked again.

        Those who want a fresh one while another is asked for share the next.
        """
        before = self._times_asked
        async with self._asking:
            if self._times_asked == before if fresh else self._is_old():
                self._times_asked += 1
                self._schemas = await self._ask_schemas()
                self._schemas_at = self._clock.monotonic()
        if isinstance(self._schemas, ApiError):
            raise self._schemas.with_traceback(None)
        return self._schemas

    async def resources(self) -> list[str]:
        """Those that are configured, of those that the schema has."""
        return list(await self.schemas())

    async def schema(self, resource: str, *, fresh: bool = False) -> ResourceSchema:
        """One resource's, out of the answer that has all of them; raises UnknownResource."""
        schemas = await self.schemas(fresh=fresh)
        if resource not in schemas:
            raise UnknownResource(resource, schemas)
        return schemas[resource]

    def _is_old(self) -> bool:
        return self._schemas_at is None or self._clock.monotonic() - self._schemas_at > SCHEMA_LIFE_SECONDS

    async def _ask_schemas(self) -> dict[str, ResourceSchema] | ApiError:
        """A server that was just tried in vain is not tried again for every partition: its error is remembered."""
        try:
            answer = await self._client.get_json(join(self._base, "resource", "schema"), {})
        except ApiError as error:
            return error
        return self._chosen(answer.value)

    async def state(self, ref: PartitionRef, since: str | None) -> State:
        """`total_items` at the top, under `payload`, or at both."""
        url = join(self._base, "resource", ref.resource, ref.partition, "state")
        try:
            answer = await self._client.get_json(url, {"delta_timestamp": since or ""})
        except NotFound as error:
            raise await self._named(ref, error) from error
        state = read_state(answer.value, hide=self._client.hide)
        return State(**{**state, "server_time": answer.server_time})

    @asynccontextmanager
    async def stream(self, ref: PartitionRef, feed: Feed, since: str | None) -> AsyncIterator[Lines]:
        """The lines of a feed, one attempt."""
        url = join(self._base, "resource", ref.resource, ref.partition, feed.value, "lines")
        lang = {"lang": self._settings.lang} if self._settings.lang else {}
        params = lang if feed is Feed.FULL else {"delta_timestamp": since or ""}
        async with self._client.stream(url, params, feed) as lines:
            yield lines

    def decoder(
        self, ref: PartitionRef, schema: ResourceSchema, feed: Feed, *, not_beyond: int | None, packed: bool = False
    ) -> RowDecoder:
        """Exact typed rows, or a named error."""
        quarantine = self.terms(schema.name).quarantine
        reading = Reading.PACKED if packed else Reading.FAST
        found = RowDecoder(
            schema, feed, not_beyond=not_beyond, unknown=Unknown.IGNORE, quarantine=quarantine, reading=reading
        )
        found.hide_by(self._client.hide)
        return found

    async def repeat(self, operation: Callable[[], Awaitable[T]]) -> T:
        """By the client's policy and budget."""
        return await self._client.repeat(operation)

    def _chosen(self, answer: object) -> dict[str, ResourceSchema]:
        found = read_resources(answer)
        for name in () if self._settings.resources == "all" else self._settings.resources:
            if name not in found:
                raise UnknownResource(name, found)
        chosen = {name: body for name, body in found.items() if self._settings.mirrors(name)}
        check_resources(chosen)
        return {name: read_schema(name, body, self._settings.change_columns) for name, body in chosen.items()}

    async def _named(self, ref: PartitionRef, error: NotFound) -> Exception:
        """Which of the two names the server does not know: what its schema has can only lack the country."""
        known = await self.schemas()
        if ref.resource not in known:
            return UnknownResource(ref.resource, known)
        others = [country for country in self._settings.countries if country != ref.partition]
        return UnknownPartition(ref.partition, others) if ref.partition else error


def read_resources(answer: object) -> Mapping[str, object]:
    """The resources of a schema answer, in its order, not yet understood; raises InvalidSchema."""
    if not isinstance(answer, Mapping) or not isinstance(answer.get("resources"), Mapping):
        raise InvalidSchema("the schema's answer has no object `resources`")
    resources: Mapping[str, object] = answer["resources"]
    return resources


def read_schema(name: str, body: object, change_columns: tuple[str, ...]) -> ResourceSchema:
    """One resource of a schema answer; raises InvalidSchema and UnknownType."""
    attributes = body.get("attributes") if isinstance(body, Mapping) else None
    if not isinstance(attributes, list) or not all(isinstance(one, Mapping) and len(one) == 1 for one in attributes):
        raise InvalidSchema(f"{name}: `attributes` is not a list of objects with one key each")
    described = [item for one in attributes for item in one.items()]
    columns = tuple(_column(name, column, about) for column, about in described)
    timed = {column.name for column in columns if column.type == KNOWN_TYPES["time"]}
    return ResourceSchema(
        name=name,
        columns=columns,
        key=tuple(column for column, about in described if about.get("primary_key") is True),
        changed=tuple(column for column in change_columns if column in timed),
    )


def _column(resource: str, name: str, about: object) -> Column:
    if not isinstance(about, Mapping) or not isinstance(about.get("type"), str):
        raise InvalidSchema(f"{resource}.{name}: it has no type")
    column_type = parse_type(about["type"])
    if column_type is None:
        raise UnknownType(resource, name, about["type"], KNOWN_TYPES)
    return Column(name, column_type)


def read_state(answer: object, *, hide: Callable[[str], str] = as_it_is) -> dict[str, Any]:
    """The fields of a State from either envelope; raises UnexpectedBody for anything else, shown by `hide`."""
    try:
        return _state_fields(answer)
    except _Strange as strange:
        problem, value = strange.args
    raise UnexpectedBody(problem, feed="state", body_start=hide(repr(value))[:_SHOWN])


class _Strange(Exception):
    """A problem, and the value that has it."""


def _state_fields(answer: object) -> dict[str, Any]:
    top = answer if isinstance(answer, Mapping) else {}
    payload = top.get("payload")
    inner = payload if isinstance(payload, Mapping) else {}
    total = _whole(inner, "total_items") if "total_items" in inner else _whole(top, "total_items")
    if total is None:
        raise _Strange("the state has no total_items", answer)
    counts = {name: _whole(inner, name) for name in ("created", "updated", "deleted")}
    digest = inner["digest"] if isinstance(inner.get("digest"), str) else None
    return {"total_items": total, **counts, "as_of": _moment(inner, "as_of"), "digest": digest}


def _moment(found: Mapping[str, Any], name: str) -> str | None:
    """A timestamp verbatim: it may become the watermark."""
    value = found.get(name)
    if value is None:
        return None
    try:
        stamp(value)
    except (BadValue, TypeError) as error:
        raise _Strange(f"{name} is no timestamp", value) from error
    return str(value)


def _whole(found: Mapping[str, Any], name: str) -> int | None:
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _Strange(f"{name} is no count", value)
    return value

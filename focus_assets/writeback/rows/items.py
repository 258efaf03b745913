"""Speak to the API that gets the rows, and say of each answer what it proves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from focus_assets.client import ApiClient, Request
from focus_assets.client.asking import Body
from focus_assets.model.errors import (
    ApiError,
    AuthenticationFailed,
    BadValue,
    DeltaExpired,
    NameRefused,
    NotFound,
    OriginRefused,
    RateLimited,
    TokenFailed,
)
from focus_assets.model.jsontext import Json, Members, Number, read, too_deep_at
from focus_assets.model.stamps import nanos
from focus_assets.model.values import decimal_of
from focus_assets.writeback.rows.settle import (
    Answer,
    Applied,
    Call,
    Found,
    Later,
    Lost,
    Missing,
    Refused,
    Taken,
)

_CONFLICT, _UNFULFILLED, _TOO_EARLY, _TOO_LONG = 409, 412, 425, 408
_DONE = frozenset({200, 201, 204})
Place = Callable[[tuple[str, ...]], str]


class Items(Protocol):
    """A collection at an API, whose items are named by the texts of a key."""

    async def ask(self, call: Call, key: tuple[str, ...], body: str, idempotency_key: str) -> Answer:
        """Ask once; never raises for what the API does."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a body holds an item: under a name, perhaps as the only one of a list, or as it is."""

    name: str | None = None
    listed: bool = False

    def wrapped(self, body: str) -> str:
        """The body of a request, from the item's own text."""
        inner = f"[{body}]" if self.listed else body
        return inner if self.name is None else f"{{{json.dumps(self.name)}:{inner}}}"

    def unwrapped(self, found: Json) -> Json:
        """The item in an answer; None where there is none."""
        if self.name is not None:
            found = found.get(self.name) if isinstance(found, dict) else None
        if self.listed:
            found = found[0] if isinstance(found, list) and found else None
        return found


@dataclass(frozen=True, slots=True)
class HttpItems:
    """Where the collection and its items are, and by which methods they are written."""

    client: ApiClient
    collection: str
    item: Place
    shape: Shape = field(default_factory=Shape)
    create: str = "POST"
    update: str = "PUT"
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Callable[[], Mapping[str, str]] = dict

    async def ask(self, call: Call, key: tuple[str, ...], body: str, idempotency_key: str) -> Answer:
        """A look is a GET; a write goes with its `Idempotency-Key`, a PUT that creates also with `If-None-Match`."""
        try:
            place = self.item(key)
        except NameRefused as error:
            return Refused(str(error))
        if call is Call.LOOK:
            return await self._look(place, body)
        request = self._request(call, place, body, idempotency_key)
        try:
            answer = await self.client.write(request)
        except ApiError as error:
            return Taken(str(error)) if _is_taken(error, request) else _refusal(error, call)
        if answer.status not in _DONE:
            return Lost("the server has accepted the request, and not said that it is done")
        return Applied()

    def _request(self, call: Call, place: str, body: str, idempotency_key: str) -> Request:
        headers = {**self.headers(), "idempotency-key": idempotency_key}
        method = {Call.CREATE: self.create, Call.UPDATE: self.update, Call.DELETE: "DELETE"}[call]
        url = self.collection if method == "POST" else place
        if call is Call.CREATE and method == "PUT":
            headers["if-none-match"] = "*"
        content = None if call is Call.DELETE else self.shape.wrapped(body).encode()
        return Request(url, method, self.params, headers=headers, content=content)

    async def _look(self, url: str, body: str) -> Answer:
        try:
            answer = await self.client.body(Request(url, params=self.params, headers=self.headers()))
        except ApiError as error:
            return Missing() if _is_gone(error) else _unread(error)
        return self._seen(answer, body)

    def _seen(self, answer: Body, body: str) -> Answer:
        try:
            text = answer.data.decode()
            found = None if too_deep_at(text) is not None else self.shape.unwrapped(read(text))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            return Refused("its answer is not an item")
        try:
            return Found(same=not body or holds(found, read(body)))
        except (ValueError, RecursionError):
            return Refused("what was sent of this row is not JSON, and cannot be compared")


def holds(found: Mapping[str, Json], row: Json) -> bool:
    """Whether an item has all that a row says; what it has besides is its own.

    >>> holds(read('{"id": 7, "price": 1.50, "seen": 3}'), read('{"id": 7, "price": 1.5}'))
    True
    """
    assert isinstance(row, Members)
    return all(name in found and _equal(found[name], value) for name, value in row.items())


def _equal(one: Json, other: Json) -> bool:
    if isinstance(one, Number) or isinstance(other, Number):
        return isinstance(one, Number) and isinstance(other, Number) and _same_number(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, str) and isinstance(other, str):
        return one == other or _same_moment(one, other)
    return type(one) is type(other) and one == other


def _same_number(one: Number, other: Number) -> bool:
    try:
        return decimal_of(one) == decimal_of(other)
    except BadValue:  # an exponent out of all bounds, which no row has
        return one == other


def _same_moment(one: str, other: str) -> bool:
    try:
        return nanos(one) == nanos(other)
    except BadValue:
        return False


def _is_taken(error: ApiError, request: Request) -> bool:
    return error.status == _UNFULFILLED and "if-none-match" in request.headers


def _refusal(error: ApiError, call: Call) -> Answer:
    """What an error says of a write; what is not clearly answered is lost."""
    status = error.status or 0
    if _not_let_in(error) or status == _TOO_EARLY or isinstance(error, RateLimited):
        return Later(str(error), error.retry_after or 0.0)
    if status == _CONFLICT:
        return Taken(str(error)) if call is Call.CREATE else Later(str(error))
    if _is_gone(error) and call is not Call.CREATE:
        return Missing()
    definite = 300 <= status < 500 and status != _TOO_LONG
    return (Refused if definite or isinstance(error, OriginRefused) else Lost)(str(error))


def _unread(error: ApiError) -> Answer:
    """What an error says of a look, which may be repeated."""
    status = error.status or 0
    passing = _not_let_in(error) or error.repeatable or status in (_TOO_EARLY, _TOO_LONG, _CONFLICT)
    if passing or not 300 <= status < 500:
        return Later(str(error), error.retry_after or 0.0)
    return Refused(str(error))


def _not_let_in(error: ApiError) -> bool:
    return isinstance(error, AuthenticationFailed | TokenFailed)


def _is_gone(error: ApiError) -> bool:
    return isinstance(error, NotFound | DeltaExpired)

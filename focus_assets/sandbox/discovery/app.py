"""Answer what a registry, an identity service and two services are asked."""

from __future__ import annotations

import base64
import json
import math
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlencode

from focus_assets.sandbox.discovery.shelf import Conflict, Item, Kept, Shelf
from focus_assets.sandbox.encoding import instead
from focus_assets.sandbox.exchange import Request, Response, json_response, whole_response
from focus_assets.sandbox.faults import FaultPlan
from focus_assets.sandbox.timeline import system_clock
from focus_assets.sandbox.tokens import Tokens

_MOST_PER_PAGE = 500
_FIRST = "true"  # what the first page of a listing by token is asked with


@dataclass(frozen=True, slots=True)
class _Trade:
    """A service: its name, what it keeps, and whether it pages by a continue token, and counts, or by page numbers."""

    name: str
    title: str
    collections: tuple[Kept, ...]
    by_token: bool


_IDENTITY = _Trade("identity", "Identity", (), by_token=True)


@dataclass(frozen=True, slots=True)
class DiscoveryOptions:
    """How it is set up: the same seed makes the same items; `items` is how many offers each owner has."""

    seed: int = 0
    items: int = 2000
    owners: tuple[str, ...] = ("root", "acme")
    client_id: str = "sandbox"
    client_secret: str = "sandbox"  # noqa: S105 (nothing here is secret)
    token_life: float = 1800.0
    per_page: int = 100


@dataclass(slots=True)
class DiscoverySandbox:
    """All services on one server, each below its name. `asked` are method and target of every request, in order."""

    options: DiscoveryOptions = field(default_factory=DiscoveryOptions)
    faults: FaultPlan | None = None
    clock: Callable[[], int] = system_clock
    asked: list[str] = field(default_factory=list, init=False)
    correlations: list[str] = field(default_factory=list, init=False)
    _created: dict[str, str] = field(default_factory=dict, init=False)  # by the Idempotency-Key
    _trades: dict[str, _Trade] = field(init=False)
    _shelves: dict[tuple[str, str], Shelf] = field(init=False)
    tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        options = self.options
        self.tokens = Tokens(self.clock, life=options.token_life, seed=options.seed)
        self._trades = {trade.name: trade for trade in _trades(options.items)}
        self._shelves = {
            (trade.name, kept.hyphenated): Shelf(kept, options.owners, seed=options.seed, now=self._now)
            for trade in self._trades.values()
            for kept in trade.collections
        }

    def shelf(self, service: str, collection: str) -> Shelf:
        """The items of a collection, by the names in its URL."""
        return self._shelves[service, collection]

    @property
    def catalog(self) -> dict[str, list[str]]:
        """The collections of each service, by the names in their URLs."""
        return {trade.name: [kept.hyphenated for kept in trade.collections] for trade in self._trades.values()}

    def answer(self, request: Request) -> Response:
        """The answer to one request, from any thread."""
        query = f"?{urlencode(request.query)}" if request.query else ""
        self.asked.append(f"{request.method} {request.path}{query}")
        self.correlations.append(request.headers.get("x-correlation-id", ""))
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        place = _place(parts)
        fault = self.faults.decide(place) if self.faults else None
        return instead(fault, self.clock()) or self._answer(request, place, parts)

    def _answer(self, request: Request, place: str, parts: list[str]) -> Response:
        if place == "registry":
            return self._registry(request, parts[1] if len(parts) > 1 else "root")
        if place == "token":
            return self._token(request)
        if not self.tokens.accepts(request.headers.get("authorization", "").removeprefix("Bearer ")):
            return _problem(401, "the token is not valid")
        trade = self._trades.get(parts[0]) if parts[0] != _IDENTITY.name else _IDENTITY
        if trade is None:
            return _problem(404, "there is no such service")
        if place == "descriptor":
            return json_response(200, _descriptor(trade))
        shelf = self._shelves.get((trade.name, parts[2])) if len(parts) in {3, 4} and parts[1] == "data" else None
        if shelf is None:
            return _problem(404, "there is no such resource")
        return self._collection(request, trade, shelf) if len(parts) == 3 else _item(request, shelf, parts[3])

    def _registry(self, request: Request, owner: str) -> Response:
        if owner not in self.options.owners:
            return _problem(404, "there is no such owner")
        base = f"http://{request.headers.get('host', '127.0.0.1')}"
        names = [(trade.name, trade.title) for trade in (_IDENTITY, *self._trades.values())]
        services = [
            {"owner": owner, "name": name, "location": f"{base}/{name}", "title": title} for name, title in names
        ]
        return json_response(200, {"services": services})

    def _token(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode("latin-1")))
        if form.get("grant_type") != "client_credentials":
            return json_response(400, {"error": "unsupported_grant_type"})
        shown = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode("latin-1")
        if tuple(map(unquote_plus, shown.split(":", 1))) != (self.options.client_id, self.options.client_secret):
            return json_response(401, {"error": "invalid_client"})
        life = math.floor(self.options.token_life)
        return json_response(200, {"access_token": self.tokens.issue(), "token_type": "bearer", "expires_in": life})

    def _collection(self, request: Request, trade: _Trade, shelf: Shelf) -> Response:
        if request.method == "POST":
            return self._create(request, shelf)
        if request.method != "GET":
            return _problem(405, "a collection is listed or added to")
        found = shelf.items(request.query.get("owner", ""), request.query.get("updatedAt_gte", ""))
        write = partial(_page, request=request, shelf=shelf, path=f"/{trade.name}/data/{shelf.kept.hyphenated}")
        return write(found, self.options.per_page, by_token=trade.by_token)

    def _create(self, request: Request, shelf: Shelf) -> Response:
        said = _sent(request, shelf)
        if said is None:
            return _problem(400, f"expected one item under {shelf.kept.plural!r}")
        owner = request.query.get("owner") or "root"
        key = request.headers.get("idempotency-key")
        ref = str(said.get("ref") or f"{owner}:{key or said.get('name') or uuid.uuid4().hex}")
        before = shelf.one(ref)
        if before is not None and self._created.get(key or "") != ref:
            return _problem(409, "there is such an item")
        if key is not None:
            self._created[key] = ref
        return json_response(201, {shelf.kept.plural: [before or shelf.put(ref, owner, said)]})

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock() / 1e6, UTC)


def _trades(items: int) -> tuple[_Trade, ...]:
    offers = (Kept("offers", "offers", items), Kept("contents", "contents", items))
    settings = Kept("tenancyConfigurations", "tenancy-configurations", 12)
    rights = (Kept("usageRights", "usage-rights", items // 2),)
    return (
        _Trade("metadata", "Metadata", (*offers, settings), by_token=True),
        _Trade("rights-management", "Rights management", rights, by_token=False),
    )


def _place(parts: list[str]) -> str:
    if parts[0] == "services":
        return "registry"
    if parts == ["identity", "oauth", "token"]:
        return "token"
    return "descriptor" if parts[1:] == ["descriptor", "raw"] else "items"


def _descriptor(trade: _Trade) -> Mapping[str, Any]:
    resources = {
        kept.plural: {"path": "/data", "pluralName": kept.plural, "hyphenatedPluralName": kept.hyphenated}
        for kept in trade.collections
    }
    return {"name": trade.name, "title": trade.title, "resourcefuls": resources}


def _page(found: list[Item], per_page: int, *, request: Request, shelf: Shelf, path: str, by_token: bool) -> Response:
    query = request.query
    size = min(int(query.get("perPage", per_page)), _MOST_PER_PAGE)
    start = _by_token(query) if by_token else (int(query.get("page", "1")) - 1) * size
    meta: dict[str, Any] = {"perPage": size, **({"totalCount": len(found)} if by_token else {})}
    if start + size < len(found):
        following = {"continue": _base36(start + size)} if by_token else {"page": str(start // size + 2)}
        meta["continue" if by_token else "next"] = f"{path}?{urlencode({**following, 'perPage': str(size)})}"
    return json_response(200, {"meta": meta, shelf.kept.plural: found[start : start + size]}, _dated())


def _by_token(query: Mapping[str, str]) -> int:
    token = query.get("continue", _FIRST)
    return 0 if token == _FIRST else int(token, 36)


def _dated() -> dict[str, str]:
    return {"date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())}


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"


def _item(request: Request, shelf: Shelf, ref: str) -> Response:
    found = shelf.one(ref)
    if found is None:
        return _problem(404, "there is no such item")
    match request.method:
        case "GET":
            return json_response(200, {shelf.kept.plural: [found]})
        case "PUT":
            return _update(request, shelf, ref)
        case "DELETE":
            shelf.remove(ref)
            return whole_response(204, b"", {})
    return _problem(405, "an item is read, written or deleted")


def _update(request: Request, shelf: Shelf, ref: str) -> Response:
    said = _sent(request, shelf)
    if said is None:
        return _problem(400, f"expected one item under {shelf.kept.plural!r}")
    try:
        item = shelf.put(ref, "", said, version=request.headers.get("if-match", "").strip('"'))
    except Conflict:
        return _problem(412, "the item has another version")
    return json_response(200, {shelf.kept.plural: [item]})


def _sent(request: Request, shelf: Shelf) -> Item | None:
    try:
        items = json.loads(request.body)[shelf.kept.plural]
    except (ValueError, LookupError, TypeError):
        return None
    one = items[0] if isinstance(items, list) and len(items) == 1 else None
    return one if isinstance(one, dict) else None


def _problem(status: int, said: str) -> Response:
    return json_response(status, {"error": said})

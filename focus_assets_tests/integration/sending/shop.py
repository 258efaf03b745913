"""An API that keeps items under keys that its callers choose, and applies a write now, later, never or unsaid."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from focus_assets.sandbox.cluster import Whim
from focus_assets.sandbox.exchange import Ending, Request, Response, json_response, whole_response

LATEST = 5_000_000  # microseconds after which a late write is applied
_NEVER = (Whim.FAILS_BEFORE, Whim.HANGS_BEFORE)
_LATE = (Whim.LATE, Whim.HANGS_LATE)


@dataclass
class Shop:
    """Items below `/v1/items`; `whims` are what becomes of the next writes, `statuses` what they are answered."""

    clock: Callable[[], int]
    items: dict[str, Any] = field(default_factory=dict)
    whims: list[Whim | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    honours_keys: bool = False
    hides: bool = False
    puts_create: bool = False
    knows_conditions: bool = True
    envelope: str = ""
    retry_after: str = "7"
    raw: bytes = b""
    late: list[tuple[int, Request]] = field(default_factory=list)
    when_asked: Callable[[Request], None] = lambda request: None
    decide: Callable[[Request], Whim | None] | None = None
    late_for: Callable[[], int] = lambda: LATEST
    _known: dict[str, Response] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, request: Request) -> Response:
        """One request, from any thread."""
        self.when_asked(request)
        with self._lock:
            self.asked.append(f"{request.method} {request.path}")
            self._apply_late()
            if request.method == "GET":
                return self._get(_name(request))
            self.keys.append(request.headers.get("idempotency-key", ""))
            if self.statuses:
                return json_response(self.statuses.pop(0), {"error": "so it is"}, {"retry-after": self.retry_after})
            drawn = self.decide(request) if self.decide else None
            return self._whimsical(request, self.whims.pop(0) if self.whims else drawn)

    def _whimsical(self, request: Request, whim: Whim | None) -> Response:
        if whim is None:
            return self._apply(request)
        if whim in _LATE:
            self.late.append((self.clock() + self.late_for(), request))
        elif whim not in _NEVER:
            self._apply(request)
        if whim is Whim.DROPS_AFTER:
            return Response(500, {}, iter(()), Ending.SILENT)
        delay = 600.0 if whim in (Whim.HANGS_BEFORE, Whim.HANGS_AFTER, Whim.HANGS_LATE) else 0.0
        return Response(500, {}, iter(()), Ending.SILENT if delay else Ending.NORMAL, delay=delay)

    def _apply_late(self) -> None:
        due = [request for at, request in self.late if at <= self.clock()]
        self.late = [(at, request) for at, request in self.late if at > self.clock()]
        for request in due:
            self._apply(request)

    def _apply(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key", "")
        if self.honours_keys and key in self._known:
            status = self._known[key].status
            return json_response(status, {}) if status != 204 else whole_response(204, b"", {})
        answer = self._done(request)
        self._known[key] = answer
        return answer

    def _done(self, request: Request) -> Response:
        name, body = _name(request), json.loads(request.body or b"null")
        body = body[self.envelope] if self.envelope and body else body
        if request.method == "POST":
            name = str(body["id"])
            if name in self.items:
                return json_response(409, {"error": "there is one"})
            self.items[name] = body
            return json_response(201, body)
        if name in self.items and request.headers.get("if-none-match") == "*" and self.knows_conditions:
            return json_response(412, {"error": "there is one"})
        if name not in self.items and not (self.puts_create and request.method == "PUT"):
            return json_response(404, {"error": "there is none"})
        if request.method == "DELETE":
            del self.items[name]
            return whole_response(204, b"", {})
        self.items[name] = {**(self.items[name] if request.method == "PATCH" else {}), **body}
        return json_response(200, self.items[name])

    def _get(self, name: str) -> Response:
        if self.hides:
            return json_response(503, {"error": "not now"})
        if not name:
            return json_response(200, list(self.items.values()))
        if self.raw:
            return whole_response(200, self.raw, {"content-type": "application/json"})
        found = self.items.get(name)
        if found is None:
            return json_response(404, {"error": "there is none"})
        return json_response(200, {self.envelope: found} if self.envelope else found)


def _name(request: Request) -> str:
    return unquote(request.path.removeprefix("/v1/items").strip("/"))

"""A REST API on a real socket: one list of things in every way of paging, with hands to spoil an answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

Thing = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A request: its number among all of them (from 1), its path, its query, its JSON body, and who asks."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    authorization: str = ""

    def get(self, name: str, default: int) -> int:
        """A number from the body or the query."""
        return int(self.body.get(name, self.query.get(name, default)))


@dataclass(frozen=True)
class Reply:
    """An answer; `document` is written as JSON, unless `text` is given."""

    document: Any = None
    status: int = 200
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """What goes over the wire."""
        return (json.dumps(self.document) if self.text is None else self.text).encode()

    def having(self, **members: Any) -> Reply:
        """The same with other members in its document."""
        return replace(self, document={**self.document, **members})

    def first(self, records: int) -> Reply:
        """The same with so many of its records alone."""
        return replace(self, document=self.document[:records])


Spoil = Callable[[Call, Reply], Reply]


def untouched(call: Call, reply: Reply) -> Reply:
    """Nothing is spoiled."""
    return reply


def thing(number: int, revision: int = 0, *, at: int = 0) -> Thing:
    """A thing, last changed `at` seconds past the hour."""
    return {
        "id": number,
        "name": f"thing {number} r{revision}",
        "price": float(f"{number}.25"),
        "updated_at": f"2025-07-01T16:{at // 60:02}:{at % 60:02}.000000Z",
    }


@dataclass
class Api:
    """What is served: the things, prices by symbol, whole texts by path; at most `cap` records a page."""

    things: list[Thing] = field(default_factory=lambda: [thing(number) for number in range(1, 26)])
    prices: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    cap: int = 10
    spoil: Spoil = untouched
    asked: list[Call] = field(default_factory=list)
    base: str = ""
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def paths(self) -> list[str]:
        """What was asked, in order: the path and its query."""
        return [f"{call.path}?{urlencode(call.query)}" if call.query else call.path for call in self.asked]

    def answer(self, method: str, target: str, body: bytes, authorization: str) -> Reply:
        """The answer to a request."""
        parts = urlsplit(target)
        with self._guard:
            given = json.loads(body) if body else {}
            call = Call(len(self.asked) + 1, method, parts.path, dict(parse_qsl(parts.query)), given, authorization)
            self.asked.append(call)
        return self.spoil(call, self._reply(call))

    def _reply(self, call: Call) -> Reply:
        if call.path in self.texts:
            return Reply(text=self.texts[call.path])
        made = _WAYS.get(call.path)
        return made(self, call) if made else Reply({"error": "no such thing"}, status=404)

    def _changed(self, call: Call) -> list[Thing]:
        """The things that a call asks for: all, or those changed since."""
        since = call.query.get("since", call.body.get("since", ""))
        return [one for one in self.things if one.get("updated_at", "~") >= since]

    def slice(self, call: Call, start: int, size: int) -> list[Thing]:
        """So many things from one on, and never more than the cap."""
        return self._changed(call)[start : start + min(size, self.cap)]

    def numbered(self, call: Call) -> Reply:
        page, size = call.get("page", 1), min(call.get("per_page", 10), self.cap)
        found = self._changed(call)
        records = found[(page - 1) * size : page * size]
        pages = -(-len(found) // size)
        return Reply({"data": records, "has_more": page < pages, "meta": {"total": len(found), "pages": pages}})

    def offset(self, call: Call) -> Reply:
        start = call.get("offset", 0)
        records = self.slice(call, start, call.get("limit", 10))
        return Reply({"items": records, "count": len(self._changed(call))})

    def token(self, call: Call) -> Reply:
        start = call.get("cursor", 0)
        records = self.slice(call, start, 10)
        more = start + len(records) < len(self._changed(call))
        return Reply(
            {"items": records, "next": start + len(records) if more else None, "all": len(self._changed(call))}
        )

    def linked(self, call: Call) -> Reply:
        start = call.get("from", 0)
        records = self.slice(call, start, 10)
        more = start + len(records) < len(self.things)
        link = f"/linked?from={start + len(records)}" if more else None
        return Reply({"rows": records, "next_url": link, "filtered_table_rows_count": len(self.things)})

    def header(self, call: Call) -> Reply:
        start = call.get("from", 0)
        records = self.slice(call, start, 10)
        more = start + len(records) < len(self.things)
        link = f'<{self.base}/header?from={start + len(records)}>; rel="next"'
        return Reply(records, headers={"link": link} if more else {})

    def everything(self, call: Call) -> Reply:
        return Reply(self._changed(call))

    def after(self, call: Call) -> Reply:
        return Reply([one for one in self.things if one["id"] >= call.get("after", 0)])

    def counted(self, call: Call) -> Reply:
        return Reply({"things": {"count": str(len(self.things))}})

    def historical(self, call: Call) -> Reply:
        return Reply({"prices": self.prices.get(call.query["symbol"], {})})


_WAYS: dict[str, Callable[[Api, Call], Reply]] = {
    "/numbered": Api.numbered,
    "/offset": Api.offset,
    "/token": Api.token,
    "/linked": Api.linked,
    "/header": Api.header,
    "/all": Api.everything,
    "/after": Api.after,
    "/count": Api.counted,
    "/historical": Api.historical,
}


@contextmanager
def serving(api: Api) -> Iterator[Api]:
    """The API on a port of its own, until the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            reply = api.answer(self.command, self.path, body, self.headers.get("authorization", ""))
            self.send_response(reply.status)
            for name, value in {**reply.headers, "content-length": str(len(reply.data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.data)

        do_GET = do_POST = handle_any  # noqa: N815 (the names that the library calls)

        def log_message(self, *arguments: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        api.base = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()

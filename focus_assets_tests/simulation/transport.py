"""Serve the model world to httpx: streams, faults by chance, and a world that goes on between any two calls."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from urllib.parse import unquote

import httpx

from focus_assets.model.feed import Feed
from focus_assets.model.stamps import floor_micros, nanos
from focus_assets_tests.simulation.faults import CALM, INSTEAD, Fault, Weather
from focus_assets_tests.simulation.world import SECOND, START, FeedName, Key, World

Log = Callable[[str], None]
BASE_URL = "https://model.example"
SERVICE = "shop"
PAGE = 5
_NEWLINE = 10
LONG = 2 * 3600 * SECOND  # longer than any deadline


class SimulatedClock:
    """The client's clock: while it sleeps, the world goes on."""

    def __init__(self, world: World) -> None:
        self._world = world

    def monotonic(self) -> float:
        return (self._world.now - START) / SECOND

    async def sleep(self, seconds: float) -> None:
        self._world.live(int(seconds * SECOND))

    def now(self) -> datetime:
        """Our calendar, an hour off: it must not matter."""
        return datetime.fromtimestamp(self._world.now // SECOND + 3600, UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer as the oracle wants to know it: which feed (or state), and when the server read it."""

    at: int
    what: str
    country: str
    total: int | None = None
    served: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer."""

    status: int
    headers: dict[str, str]


@dataclass(slots=True)
class Kept:
    """What a cache remembers of an address."""

    head: Head
    body: bytes
    reading: Reading


@dataclass(slots=True)
class Bustle:
    """How much happens between two calls: the chance of writes, and how many at most."""

    chance: float = 0.0
    most: int = 3


@dataclass(slots=True)
class Answer:
    """What is about to be sent."""

    head: Head
    pieces: Iterator[bytes]
    reading: Reading
    fault: Fault | None = None
    length: int | None = None
    ends: tuple[int, ...] = ()  # where a line begins: there a cut is hardest to see


@dataclass
class SimulatedServer(httpx.AsyncBaseTransport):
    """The transport. `readings` are this run's answers; `note` hears of each fault that was dealt."""

    world: World
    chance: Random
    log: Log
    weather: Weather = CALM
    bustle: Bustle = field(default_factory=Bustle)
    auth: bool = False
    token_life: int = 1800 * SECOND
    readings: list[Reading] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    cache: dict[str, list[Kept]] = field(default_factory=dict)
    requests: int = 0
    losses: int = 0
    tells_age: float = 0.7  # how often a cache says how old its answer is
    meanwhile: Callable[[str], None] = lambda place: None  # a test's own doings: before each request, before each page

    # --- between the calls ---

    def pause(self) -> None:
        """A moment between two things that the client sees."""
        busy = self.chance.random() < self.bustle.chance
        self.world.live(self.chance.randrange(20_000, 2 * SECOND), self.chance.randint(1, self.bustle.most) * busy)
        if self.world.column_due and self.chance.random() < 0.2:
            self.world.column_due = False
            self.world.add_column()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body not yet read."""
        self.pause()
        self.requests += 1
        path = unquote(request.url.raw_path.decode())
        self.meanwhile(path)
        fault = self.weather.draw(self.chance, lines="/lines" in path)
        self.log(f"{self.world.now} {path} {fault or ''}")
        if fault:
            self.world.note(fault.value)
        if fault in INSTEAD:
            self._break(fault, request)
        answer = self._denied(request, fault) or self._instead(path, fault) or self._data(request, path, fault)
        answer.fault = fault
        self.readings.append(replace(answer.reading, served=self.world.now))
        await asyncio.sleep(0)
        return httpx.Response(answer.head.status, headers=answer.head.headers, stream=Body(self, answer, request))

    def _break(self, fault: Fault | None, request: httpx.Request) -> None:
        if fault is Fault.STALLED_HEAD:
            self.world.live(60 * SECOND)
            raise httpx.ReadTimeout("nothing came", request=request)
        if fault is Fault.SILENT:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        raise httpx.ConnectError("connection refused", request=request)

    def lose(self, hidden: bool) -> None:
        """Lines are lost, and nothing on the wire shows it."""
        self.losses += hidden

    def hide_loss(self, answer: Answer, chunk: bytes, place: int) -> None:
        """Cut where nothing frames the body: between two lines only the counts can show it."""
        between = chunk[:place].endswith(b"\n") or chunk[place : place + 1] == b"\n" or not place
        self.lose(between and "x-total-lines" not in answer.head.headers)

    # --- what is answered instead ---

    def _denied(self, request: httpx.Request, fault: Fault | None) -> Answer | None:
        if request.url.path.endswith("/auth"):
            return None if fault else self._login()
        token = request.headers.get("authorization", "")
        if fault is Fault.UNAUTHORISED:
            self.tokens.pop(token, None)
        expired = self.auth and self.tokens.get(token, 0) < self.world.now
        if expired or fault is Fault.UNAUTHORISED:
            return self._plain(401, b'{"error":"who are you?"}')
        return None

    def _login(self) -> Answer:
        token = f"token-{len(self.tokens)}-{self.requests}"
        self.tokens[token] = self.world.now + self.token_life
        return self._plain(201, json.dumps({"token": token}).encode())

    def _instead(self, path: str, fault: Fault | None) -> Answer | None:
        chance = self.chance
        match fault:
            case Fault.FORBIDDEN:
                return self._plain(403, b"no")
            case Fault.TOO_MANY:
                return self._plain(429, b"slow down", {"retry-after": str(chance.randint(0, 5))})
            case Fault.FAILED:
                return self._plain(chance.choice((500, 502, 503, 504)), b"<h1>oops</h1>")
            case Fault.REDIRECT:
                return self._plain(302, b"", {"location": "https://elsewhere.example/"})
            case Fault.HTML:
                return self._plain(200, b"<!doctype html><p>Please log in", {"content-type": "text/html"})
            case Fault.ERROR_OBJECT:
                return self._plain(200, b'{"error":"database is down"}')
            case Fault.EMPTY:
                self.lose("/lines" in path)
                return self._plain(200, b"")
        return None

    def _plain(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        head = Head(status, {**self._date(), "content-length": str(len(body)), **(headers or {})})
        return Answer(head, iter((body,)), Reading(self.world.now, "nothing", ""), length=len(body))

    def _date(self) -> dict[str, str]:
        if not self.world.options.tells_time:
            return {}
        second = self.world.clock(self.world.any_node()) // SECOND
        return {"date": format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)}

    # --- what is asked for ---

    def _data(self, request: httpx.Request, path: str, fault: Fault | None) -> Answer:
        if request.url.path.endswith("/auth"):
            return self._plain(500, b"no logins now")
        if fault is Fault.STALE and (stale := self._stale(path)):
            return stale
        segments = request.url.path.split("/")
        if segments[-1] == "schema":
            return self._document(path, "schema", "", self.world.schema())
        country, endpoint = segments[6], segments[7]
        asked = request.url.params.get("delta_timestamp")
        since = floor_micros(nanos(asked)) if asked else None
        if since is not None and self._gone(endpoint, since):
            self.world.note("410")
            return self._plain(410, b"too old")
        if endpoint == "state":
            return self._document(path, "state", country, self.world.state(country, since))
        return self._lines(path, country, Feed(endpoint), since, fault)

    def _gone(self, endpoint: str, since: int) -> bool:
        options = self.world.options
        if not self.world.forgotten(since):
            return False
        if options.clamps:
            self.world.note("clamped delta")
            return False
        return endpoint != "state" or options.state_expires

    def _stale(self, path: str) -> Answer | None:
        kept = self.cache.get(path)
        if not kept:
            return None
        old = self.chance.choice(kept)
        age = {"age": str(max(0, (self.world.now - old.reading.at) // SECOND))}
        head = Head(old.head.status, {**old.head.headers, **(age if self.chance.random() < self.tells_age else {})})
        self.world.note("stale answer served")
        # a row that changed meanwhile comes with the next delta; a column that came meanwhile comes with no delta
        known = self.world.states(old.reading.at, old.reading.at)[-1].columns
        self.lose(old.reading.what != "state" and known < self.world.columns)
        return Answer(head, iter((old.body,)), old.reading, length=len(old.body))

    def _document(self, path: str, what: str, country: str, value: object) -> Answer:
        body = json.dumps(value).encode()
        total = len(self.world.current.rows[country]) if what == "state" else None
        return self._ready(path, body, Reading(self.world.now, what, country, total))

    def _lines(self, path: str, country: str, feed: Feed, since: int | None, fault: Fault | None) -> Answer:
        reading = Reading(self.world.now, feed.value, country)
        if self.world.options.paging:
            return self._paged(country, feed, since or 0, reading)
        lines = self._lines_of(feed, country, self._keys(feed, country, since or 0))
        total = {"x-total-lines": str(len(lines))} if self.world.options.total_lines else {}
        lines = self._spoilt(lines, fault)
        body = "".join(f"{line}\n" for line in lines).encode()
        return self._ready(path, body, reading, total)

    def _keys(self, feed: Feed, country: str, since: int) -> list[Key]:
        if feed is Feed.FULL:
            return sorted(self.world.current.rows[country])
        name: FeedName = feed.value  # type: ignore[assignment]
        return list(self.world.feed(name, country, since))

    def _lines_of(self, feed: Feed, country: str, keys: list[Key]) -> list[str]:
        rows = self.world.current.rows[country]
        if feed is Feed.DELETED:
            return [self.world.tombstone(key) for key in keys]
        return [self.world.line(key, rows[key]) for key in keys]

    def _spoilt(self, lines: list[str], fault: Fault | None) -> list[str]:
        if not lines:
            return lines
        place = self.chance.randrange(len(lines))
        match fault:
            case Fault.CLEAN_CUT:
                self.lose(not self.world.options.total_lines)
                return lines[:place]
            case Fault.DUPLICATE:
                return [*lines, lines[place]]
            case Fault.WRONG_TYPE if '"qty":' in lines[place]:
                spoilt = lines[place].replace('"qty":', '"qty":"many","was":')
                return [*lines[:place], spoilt, *lines[place + 1 :]]
        return lines

    def _ready(self, path: str, body: bytes, reading: Reading, headers: dict[str, str] | None = None) -> Answer:
        """A body that stands: framed as this server frames, and remembered by a cache."""
        options, said = self.world.options, {**self._date(), **(headers or {})}
        ends = tuple(place + 1 for place, byte in enumerate(body[:-1]) if byte == _NEWLINE)
        if options.gzip:
            body, said, ends = _gzipped(body), {**said, "content-encoding": "gzip"}, ()
        head = Head(200, said | self._framing(len(body)))
        self.cache.setdefault(path, []).append(Kept(head, body, reading))
        return Answer(head, iter((body,)), reading, length=len(body), ends=ends)

    def _framing(self, length: int) -> dict[str, str]:
        match self.world.options.framing:
            case "length":
                return {"content-length": str(length)}
            case "chunked":
                return {"transfer-encoding": "chunked"}
        return {"connection": "close"}

    def _paged(self, country: str, feed: Feed, since: int, reading: Reading) -> Answer:
        """A feed that is read page by page while it is sent: the world may change under it."""
        head = Head(200, {**self._date(), "transfer-encoding": "chunked"})
        return Answer(head, self._pages(country, feed, since), reading)

    def _pages(self, country: str, feed: Feed, since: int) -> Iterator[bytes]:
        last: Key | None = None
        offset, by_offset, before = 0, self.world.options.paging == "offset", self.world.current
        while True:
            self.meanwhile(f"{feed.value} after {offset}")
            keys = self._keys(feed, country, since)
            rest = keys[offset:] if by_offset else [key for key in keys if last is None or key > last]
            if before is not self.world.current:
                self.world.note("change between two pages")
            if not rest:
                return
            page, before = rest[:PAGE], self.world.current
            offset, last = offset + len(page), page[-1]
            yield "".join(f"{line}\n" for line in self._lines_of(feed, country, page)).encode()


def _gzipped(body: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


class Body(httpx.AsyncByteStream):
    """A body in pieces, and how it ends."""

    def __init__(self, server: SimulatedServer, answer: Answer, request: httpx.Request) -> None:
        self._server, self._answer, self._request = server, answer, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        end = self._end()
        sent = 0
        for chunk in self._chunks():
            await asyncio.sleep(0)  # another stream may come first
            if end is not None and sent + len(chunk) > end:
                yield chunk[: end - sent]
                self._stop(chunk, end - sent)
                return
            sent += len(chunk)
            yield chunk

    def _end(self) -> int | None:
        """After how many bytes the fault strikes."""
        if self._answer.fault not in (Fault.RESET, Fault.CUT, Fault.STALLED_BODY):
            return None
        chance, places = self._server.chance, self._answer.ends
        if places and chance.random() < 0.5:
            return chance.choice(places)
        return chance.randrange(self._answer.length or 600)

    def _chunks(self) -> Iterator[bytes]:
        for number, piece in enumerate(self._answer.pieces):
            if number:
                self._server.pause()
            if not piece:
                continue
            middle = self._server.chance.randrange(len(piece))
            yield from (part for part in (piece[:middle], piece[middle:]) if part)

    def _stop(self, chunk: bytes, place: int) -> None:
        server, request = self._server, self._request
        if self._answer.fault is Fault.STALLED_BODY:
            server.world.live(LONG)
            raise httpx.ReadTimeout("nothing more came", request=request)
        if self._answer.fault is Fault.RESET:
            raise httpx.ReadError("connection reset by peer", request=request)
        headers = self._answer.head.headers
        if "transfer-encoding" in headers:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
        if "content-length" not in headers and "content-encoding" not in headers:
            server.hide_loss(self._answer, chunk, place)

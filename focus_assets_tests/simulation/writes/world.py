"""A cluster that answers as it likes, a database that may be lost, a process that may die or stand still anywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random

import anyio.lowlevel
import httpx
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.client import ApiClient, HttpSettings, NoAuth, NoPace, Repeater, RetryPolicy
from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseBusy, DatabaseUnreachable
from focus_assets.sandbox.cluster import ClusterNode, NodeOptions, Whim
from focus_assets.sandbox.exchange import Ending, Request, json_response
from focus_assets.writeback.cluster import HttpCluster
from focus_assets.writeback.saga import SECOND

START = 1_750_000_000 * SECOND
CALL_SECONDS = 10.0
LATEST = 40.0


class Crashed(BaseException):
    """The process is gone, as by kill -9: nothing of it runs any more."""


@dataclass
class Weather:
    """How often what goes wrong: shares of requests, of commits, and of points at which the process dies or stands."""

    rate: float = 0.0
    whims: tuple[Whim, ...] = tuple(Whim)
    database: float = 0.0
    crash: float = 0.0
    pause: float = 0.0
    forbids: bool = False  # deletions are answered by 403


def draw_weather(chance: Random) -> Weather:
    """Of the servers, the databases and the processes of one schedule."""
    return Weather(
        rate=chance.choice((0.1, 0.4, 0.7)),
        whims=tuple(sorted(chance.sample(list(Whim), chance.choice((1, 3, len(Whim)))))),
        database=chance.choice((0.0, 0.0, 0.05)),
        crash=chance.choice((0.0, 0.02, 0.05)),
        pause=chance.choice((0.0, 0.0, 0.1)),
    )


@dataclass
class World:
    """Time, nodes, and whatever happens between two things that a worker does."""

    chance: Random
    nodes: tuple[str, ...]
    unique_names: bool
    weather: Weather = field(default_factory=Weather)
    now: int = START
    meanwhile: Callable[[float], Awaitable[None]] | None = None  # what others do while our process stands still
    stood_still: bool = False
    events: list[str] = field(default_factory=list)
    happened: set[str] = field(default_factory=set)
    arrive: list[Callable[[], None]] = field(default_factory=list)  # what comes by itself as time passes
    cluster: dict[str, ClusterNode] = field(init=False)

    def __post_init__(self) -> None:
        options = NodeOptions(latest=LATEST, hangs=CALL_SECONDS * 2, unique_names=self.unique_names)
        self.cluster = {
            node: ClusterNode(self._whim, options=options, clock=lambda: self.now, chance=self.chance.random)
            for node in self.nodes
        }

    def _whim(self, request: Request) -> Whim | None:
        if self.chance.random() >= self.weather.rate:
            return None
        whim = self.chance.choice(self.weather.whims)
        self.note(whim.value)
        return whim

    def note(self, what: str) -> None:
        """One more thing that happened."""
        self.happened.add(what)
        self.events.append(f"{(self.now - START) / SECOND:.1f} {what}")

    def pass_time(self, seconds: float) -> None:
        """Nothing else happens meanwhile, but for what was on its way."""
        self.now += round(seconds * SECOND)
        for arrive in self.arrive:
            arrive()

    def point(self, where: str) -> None:
        """Here the process may die; not where it has stood still, as nobody could make up for both."""
        if not self.stood_still and self.chance.random() < self.weather.crash:
            self.note(f"crash {where}")
            raise Crashed(where)

    async def stand_still(self) -> None:
        """Here it may be stopped, and go on later; others do their work."""
        if self.meanwhile is None or self.chance.random() >= self.weather.pause:
            return
        others, self.meanwhile, self.stood_still = self.meanwhile, None, True
        self.note("pause")
        await others(self.chance.choice((15.0, 40.0, 200.0, 400.0)))
        self.meanwhile = others

    def monotonic(self) -> float:
        return (self.now - START) / SECOND

    async def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)

    def client(self) -> ApiClient:
        """The client as it is, over a wire of ours."""
        origins = [f"https://{node}.example" for node in self.nodes]
        repeat = Repeater(RetryPolicy(attempts=1), self, self.chance)
        settings = HttpSettings(origins=origins)
        return ApiClient(settings, NoAuth(), pace=NoPace(), repeat=repeat, clock=self, transport=Wire(self))

    def http_cluster(self, client: ApiClient) -> HttpCluster:
        """The nodes as a writer knows them."""
        urls = {node: f"https://{node}.example" for node in self.nodes}
        return HttpCluster(client, urls, seconds=CALL_SECONDS)


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """Takes time both ways; before a request leaves and after it came back the process may die."""

    world: World

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        world = self.world
        world.point("before a request")
        await world.stand_still()
        world.pass_time(world.chance.uniform(0.001, 1.0))
        await anyio.lowlevel.checkpoint()
        node = world.cluster[(request.url.host or "").partition(".")[0]]
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Request(request.method, request.url.path, {}, headers, await request.aread())
        if world.weather.forbids and request.method == "DELETE":
            answer = json_response(403, {"error": "no right"})
        else:
            answer = node.answer(asked)
        world.point("after a request")
        world.pass_time(min(answer.delay, CALL_SECONDS) + world.chance.uniform(0.001, 1.0))
        await anyio.lowlevel.checkpoint()
        if answer.ending is Ending.SILENT:
            raise (httpx.ReadTimeout if answer.delay else httpx.RemoteProtocolError)("no answer")
        return httpx.Response(answer.status, headers=answer.headers, stream=httpx.ByteStream(b"".join(answer.body)))


class Seam(Database):
    """SQLite as it is; around each write transaction the process may die, and the connection may be lost."""

    world: World

    @cached_property
    def _one(self) -> sa.Connection:
        return self._engine.connect()

    @contextmanager
    def connection(self, doing: str = "connect") -> Iterator[sa.Connection]:
        """One for all: nobody else has this file, and no worker lets another in between the ends of a transaction."""
        with self.translated(doing):
            yield self._one

    def close(self) -> None:
        """Give the connection back."""
        self._one.close()

    @contextmanager
    def writing(self, doing: str) -> Iterator[sa.Connection]:
        world = self.world
        world.point(f"before: {doing}")
        self._fail(DatabaseBusy, doing)
        with super().writing(doing) as connection:
            yield connection
            world.point(f"before the commit: {doing}")
        world.point(f"after: {doing}")
        self._fail(DatabaseUnreachable, doing)

    def _fail(self, kind: type[DatabaseBusy] | type[DatabaseUnreachable], doing: str) -> None:
        if self.world.chance.random() < self.world.weather.database:
            self.world.note(f"{kind.__name__}: {doing}")
            raise kind(f"{doing}: lost")


def database(folder: Path) -> Seam:
    """One file for all schedules of a process."""
    return Seam(Destination(url=SecretStr(f"sqlite:///{folder / 'writes.db'}"), lock_timeout_seconds=1))

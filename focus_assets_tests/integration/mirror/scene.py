"""Set a scene for the mirror: a server to be moved and meddled with, a database, and a time that a test decides."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import anyio.lowlevel
import httpx
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Config, Destination, ExchangeSource, FocusAuth
from focus_assets.database.open import Database
from focus_assets.load.ledger import entries
from focus_assets.mirror import mirror
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.wish import AS_PLANNED, Wish
from focus_assets.run import Tools
from focus_assets.sandbox import (
    ANCHOR,
    Attribute,
    Change,
    FaultPlan,
    Request,
    Resource,
    Response,
    Sandbox,
    SandboxOptions,
)
from focus_assets.sandbox.data import Key
from focus_assets.sandbox.exchange import json_response
from focus_assets.sandbox.routing import route
from focus_assets.sandbox.world import Table
from focus_assets.sources.open import open_source
from focus_assets.sources.source import Source
from focus_assets_tests.transport import SandboxTransport, Sleep

PASSWORD = "p4ssw0rd-that-nobody-may-see"
THINGS = (
    Attribute("id", "string", key=True),
    Attribute("name", "string"),
    Attribute("amount", "int64"),
    Attribute("price", "decimal(18,4)"),
    Attribute("weight", "float64"),
    Attribute("extra", "json"),
    Attribute("created_at", "time"),
    Attribute("updated_at", "time"),
)
E = TypeVar("E", bound=Exception)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Time:
    """The one time of server and client; sleeping makes it pass."""

    micros: int = ANCHOR + 3_600_000_000
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> int:
        return self.micros

    def monotonic(self) -> float:
        return self.micros / 1e6

    async def sleep(self, seconds: float) -> None:
        if seconds:
            self.slept.append(seconds)
        self.pass_by(seconds)
        await anyio.lowlevel.checkpoint()

    def pass_by(self, seconds: float) -> None:
        self.micros += int(seconds * 1e6)

    def now(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.micros)


@dataclass
class Things:
    """Rows whose every value a test can spoil: `spoiled[number]` maps a column to the very text of its value."""

    size: int
    spoiled: dict[int, dict[str, str]] = field(default_factory=dict)
    appended: dict[int, str] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    def key(self, index: int) -> Key:
        return (self.keys.get(index, f"k{index:05d}"),)

    def line(self, index: int, revision: int, created: str, updated: str) -> str:
        (key,) = self.key(index)
        members = {
            "id": json.dumps(key),
            "name": f'"thing {index} r{revision}"',
            "amount": str(index * 1000 + revision),
            "price": f"{index}.2500",
            "weight": f"{index}.1",
            "extra": f'{{"r":{revision}}}',
            "created_at": created,
            "updated_at": updated,
        }
        members |= self.spoiled.get(index, {})
        inner = ",".join(f'"{name}":{text}' for name, text in members.items() if name not in self.without)
        return f"{{{inner}{self.appended.get(index, '')}}}"


class Stage(Sandbox):
    """A sandbox with hands behind the scene: `before` hears of each request, `edits` change the answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before: list[Callable[[str], None]] = []
        self.edits: dict[str, Callable[[Response], Response]] = {}
        self.asked: list[tuple[str, str]] = []

    def answer(self, request: Request) -> Response:
        target = route(request.path)
        endpoint = target.endpoint if target else ""
        self.asked.append((endpoint, request.query.get("delta_timestamp", "")))
        for hear in list(self.before):
            hear(endpoint)
        answer = super().answer(request)
        edit = self.edits.get(endpoint)
        return edit(answer) if edit and answer.status == 200 else answer

    @property
    def tokens(self) -> list[str]:
        """Every token that is still known."""
        return list(self._tokens._until)

    def feeds(self) -> list[str]:
        """The endpoints that were asked, in their order; what is only for getting in left out."""
        return [endpoint for endpoint, _ in self.asked if endpoint not in ("auth", "schema")]


async def _open(endpoint: str) -> None:
    """Whoever asks gets through at once."""


class Gate(SandboxTransport):
    """Requests that wait until a test lets them through."""

    def __init__(self, server: Stage, *, sleep: Sleep, open_for: Callable[[str], Awaitable[None]]) -> None:
        super().__init__(server, sleep=sleep)
        self._open_for = open_for

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, once the gate has opened."""
        target = route(request.url.path)
        await self._open_for(target.endpoint if target else "")
        return await super().handle_async_request(request)


class Scene:
    """One API, one database, and what lies between them."""

    def __init__(
        self,
        database: Database,
        home: Path,
        *,
        rows: int = 30,
        options: SandboxOptions | None = None,
        attributes: tuple[Attribute, ...] = THINGS,
        **settings: Any,
    ) -> None:
        self.database, self.home, self.settings = database, home, settings
        self.time = Time()
        self.shelves = {country: Things(rows) for country in ("DE", "FR")}
        things = Resource("things", attributes, lambda country: self.shelves[country])
        base = options or SandboxOptions()
        self.options = dataclasses.replace(base, countries=("DE", "FR"), password=PASSWORD)
        self.server = Stage(self.options, clock=self.time, services={"retail": (things,)})
        self.runs = 0
        self.gate: Callable[[str], Awaitable[None]] = _open

    @property
    def config(self) -> Config:
        """One source called `shop`."""
        given: dict[str, Any] = {
            "kind": "exchange",
            "base_url": "https://api.test",
            "business_service": "retail",
            "auth": FocusAuth(kind="focus", username="demo", password=SecretStr(PASSWORD)),
            "countries": ("DE", "FR"),
            "retry": {"attempts": 3, "budget_seconds": 60},
        }
        source = ExchangeSource(**{**given, **self.settings})
        return Config(sources={"shop": source}, destination=Destination(), home=self.home)

    @asynccontextmanager
    async def source(self) -> AsyncIterator[Source]:
        """The open source, as the product opens it."""
        transport = Gate(self.server, sleep=self.time.sleep, open_for=self.gate)
        async with open_source(
            "shop", self.config, clock=self.time, chance=random.Random(0), transport=transport
        ) as source:
            yield source

    @property
    def tools(self) -> Tools:
        """Nothing of the real world; each run has its own name."""
        self.runs += 1
        name = f"run-{self.runs}"
        return Tools(clock=self.time, now=self.time.now, new_run_id=lambda: name)

    async def mirror(
        self, country: str = "DE", *, wish: Wish = AS_PLANNED, resource: str = "things", after: float = 60
    ) -> Outcome:
        """One run, `after` so many seconds."""
        self.time.pass_by(after)
        self.server.asked.clear()
        async with self.source() as source:
            ref = self.ref(country, resource)
            return await mirror(source, self.database, ref, wish=wish, tools=self.tools)

    async def loaded(self, country: str = "DE") -> Outcome:
        """A run that must end well."""
        outcome = await self.mirror(country)
        assert outcome.error is None, outcome.error
        assert outcome.healthy
        return outcome

    async def refused(self, kind: type[E], country: str = "DE", *, wish: Wish = AS_PLANNED, **how: Any) -> E:
        """A run that must fail by that name, change nothing, be written down with its stack, and give nothing away."""
        before = self.dump()
        outcome = await self.mirror(country, wish=wish, **how)
        assert isinstance(outcome.error, kind), repr(outcome.error)
        assert (outcome.verdict, outcome.healthy) == (None, False)
        assert self.dump() == before
        self._check_written(outcome)
        return outcome.error

    def _check_written(self, outcome: Outcome) -> None:
        run, error = self.history()[-1], self.errors()[-1]
        named = type(outcome.error).__name__
        assert (run.run_id, run.error, run.verdict) == (outcome.run_id, named, None)
        assert (error.run_id, error.type, error.message) == (outcome.run_id, named, str(outcome.error))
        assert "Traceback (most recent call last)" in error.stack
        assert f"{named}: " in error.stack
        cause = outcome.error.__cause__ if outcome.error else None
        assert cause is None or error.cause.startswith(type(cause).__name__)
        told = repr((run, error, outcome))
        assert not [secret for secret in (PASSWORD, *self.server.tokens) if secret in told]

    def ref(self, country: str = "DE", resource: str = "things") -> PartitionRef:
        """The partition's name."""
        return PartitionRef("shop", self.config.source("shop").business_service, resource, country)

    def table(self, country: str = "DE") -> Table:
        """The server's partition, to be changed row by row."""
        return self.server.table("things", country)

    def change(self, country: str = "DE", **counts: int) -> None:
        """Let the server's world change now."""
        self.server.world.change(("retail", "things", country), Change(**counts))

    def faults(self, *script: Any, **more: Any) -> None:
        """What goes wrong from now on."""
        self.server.faults = FaultPlan(script, **more)

    def edit_state(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Change what `state` says: `edit` may change the payload, or return another answer."""

        def edited(answer: Response) -> Response:
            said = json.loads(b"".join(answer.body))
            other = edit(said["payload"])
            said["total_items"] = said["payload"]["total_items"]
            return json_response(200, said if other is None else other, _dated(answer))

        self._in_plain()
        self.server.edits["state"] = edited

    def edit_lines(self, feed: str, edit: Callable[[list[bytes]], list[bytes]]) -> None:
        """Change a feed's lines; its count goes along."""

        def edited(answer: Response) -> Response:
            lines = edit(b"".join(answer.body).splitlines(keepends=True))
            headers = {**answer.headers, "x-total-lines": str(len(lines))}
            return dataclasses.replace(answer, headers=headers, body=iter(lines))

        self._in_plain()
        self.server.edits[feed] = edited

    def _in_plain(self) -> None:
        self.server.options = dataclasses.replace(self.server.options, gzip=False)

    # --- what there is at both ends ---

    def served(self, country: str = "DE") -> dict[str, tuple[str, int]]:
        """Name and amount by key, as the server has them now."""
        lines = b"".join(self.server.view("things", country).full()).splitlines()
        return {row["id"]: (row["name"], row["amount"]) for row in map(json.loads, lines)}

    def stored(self, country: str = "DE") -> dict[str, tuple[str, int]]:
        """The same of the mirror; before its first load nothing is there."""
        inside, _, name = self.shown.rpartition(".")
        with self.database.reading("look for the table") as connection:
            if not sa.inspect(connection).has_table(name, schema=inside or None):
                return {}
        query = f"SELECT id, name, amount FROM {self.shown} WHERE _country = :country"
        return {row[0]: (row[1], row[2]) for row in self.sql(query, country=country)}

    @property
    def shown(self) -> str:
        """The mirror's table, for a statement."""
        return "retail.things" if self.database.dialect.has_schemas else "retail__things"

    def sql(self, statement: str, **values: object) -> list[Any]:
        """Run a statement behind the mirror's back; its rows."""
        with self.database.writing("meddle") as connection:
            done = connection.execute(sa.text(statement), values)
            return list(done) if done.returns_rows else []

    def entry(self, country: str = "DE") -> LedgerEntry:
        """What the ledger says."""
        return entries(self.database)[self.ref(country)]

    def dump(self) -> dict[str, object]:
        """Every table's layout and rows but the history's: what a failed run must leave as it was."""
        with self.database.reading("dump") as connection:
            inspector = sa.inspect(connection)
            schemas = [None, "retail"] if self.database.dialect.has_schemas else [None]
            names = [(schema, name) for schema in schemas for name in inspector.get_table_names(schema=schema)]
            return {
                name: _content(connection, sa.Table(name, sa.MetaData(), schema=schema, autoload_with=connection))
                for schema, name in names
                if name not in ("_focus_runs", "_focus_errors")
            }

    def columns(self) -> list[str]:
        """The columns of the mirror's table."""
        schema = "retail" if self.database.dialect.has_schemas else None
        with self.database.reading("look") as connection:
            found = sa.inspect(connection).get_columns(self.shown.split(".")[-1], schema=schema)
        return [column["name"] for column in found]

    def history(self) -> list[Any]:
        """The runs, oldest first."""
        return self.sql("SELECT * FROM _focus_runs ORDER BY started_at, run_id")

    def errors(self) -> list[Any]:
        """The errors, oldest first."""
        return self.sql("SELECT * FROM _focus_errors ORDER BY happened_at, run_id")


def _dated(answer: Response) -> dict[str, str]:
    return {name: text for name, text in answer.headers.items() if name == "date"}


def _content(connection: sa.Connection, table: sa.Table) -> object:
    columns = [(column.name, str(column.type)) for column in table.columns]
    return columns, sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))

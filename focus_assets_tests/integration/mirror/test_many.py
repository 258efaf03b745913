"""Many partitions over a real socket: what they share is asked for and opened once, and none waits for a slow one."""

from __future__ import annotations

import logging
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Concurrency, Config, Destination, ExchangeSource, FocusAuth, RateLimit
from focus_assets.database.open import Database
from focus_assets.database.threads import in_thread
from focus_assets.fleet import Fleet, open_fleet
from focus_assets.model.outcome import Outcome
from focus_assets.model.verdict import Verdict
from focus_assets.sandbox import Request, Response, Sandbox, SandboxOptions, SandboxServer, Sizes
from focus_assets.sandbox.routing import route
from focus_assets_tests.effort import effort

COUNTRIES = tuple(f"C{number:03}" for number in range(effort(40, 250)))
PER_SECOND = 400
AT_ONCE = 8
ROWS = 5
PATIENCE = 300.0  # seconds
IDLE_SECONDS = 5  # after which the HTTP library closes a socket that nobody uses


class Door:
    """Where requests wait until it is opened; it tells that one has come."""

    def __init__(self) -> None:
        self.came, self.opened = threading.Event(), threading.Event()

    def wait(self, seconds: float) -> None:
        self.came.set()
        self.opened.wait(seconds)


class Watched(Sandbox):
    """A sandbox whose answers a test may hold back."""

    def __init__(self, countries: tuple[str, ...] = COUNTRIES) -> None:
        super().__init__(SandboxOptions(countries=countries, sizes=Sizes(promotions=ROWS), log_size=100_000))
        self.held: dict[tuple[str, str], Door | threading.Event | threading.Barrier] = {}

    def answer(self, request: Request) -> Response:
        target = route(request.path)
        gate = self.held.get((target.endpoint, target.country)) if target else None
        if gate is not None:
            gate.wait(PATIENCE)
        return super().answer(request)

    def asked(self) -> list[str]:
        """The endpoints, in the order of their answers; what was asked is forgotten."""
        seen = [one.endpoint for one in self.log]
        self.log.clear()
        return seen


class Connections:
    """How many connections to a database are open, how many were at most, and how many were opened in all."""

    def __init__(self, database: Database) -> None:
        self.open = self.most = self.opened = 0
        self._lock = threading.Lock()
        sa.event.listen(database._engine, "connect", lambda *_: self._count(1))
        sa.event.listen(database._engine, "close", lambda *_: self._count(-1))

    def _count(self, change: int) -> None:
        with self._lock:
            self.open += change
            self.opened += change > 0
            self.most = max(self.most, self.open)


def statements(database: Database) -> list[str]:
    """What SQLite is told from now on, each in one line."""
    told: list[str] = []

    def note(statement: str) -> None:
        told.append(" ".join(statement.split()))

    sa.event.listen(database._engine, "connect", lambda connection, _: connection.set_trace_callback(note))
    return told


@pytest.fixture
def sandbox() -> Iterator[SandboxServer[Watched]]:
    with SandboxServer(Watched()) as server:
        yield server


@asynccontextmanager
async def fleet_of(server: SandboxServer[Watched], home: Path, **settings: Any) -> AsyncIterator[Fleet]:
    """Everything that the server has, into SQLite."""
    source = ExchangeSource(
        kind="exchange",
        base_url=server.url,
        business_service="retail",
        auth=FocusAuth(kind="focus", username="demo", password=SecretStr("demo")),
        countries=server.sandbox.options.countries,
        resources=["promotions"],
        rate_limit=RateLimit(per_second=PER_SECOND),
        timeouts={"connect": PATIENCE, "read": PATIENCE},
        **settings,
    )
    config = Config(
        sources={"shop": source},
        destination=Destination(url=SecretStr(f"sqlite:///{home / 'many.db'}")),
        concurrency=Concurrency(partitions=AT_ONCE),
        home=home,
    )
    async with open_fleet(config) as fleet:
        yield fleet


async def test_many_partitions_share_login_schema_sockets_and_pace(
    sandbox: SandboxServer[Watched], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="httpcore.connection"):
        async with fleet_of(sandbox, tmp_path) as fleet:
            connections = Connections(fleet.database)
            outcomes = await fleet.mirror(await fleet.refs())
    moments = [one.at for one in sandbox.sandbox.log]
    counts = Counter(sandbox.sandbox.asked())
    sockets = [record for record in caplog.records if "connect_tcp.started" in record.message]

    assert {outcome.verdict for outcome in outcomes} == {Verdict.PROVEN}
    assert [outcome.rows for outcome in outcomes] == [ROWS] * len(COUNTRIES)
    assert counts["auth"] == 1
    assert counts["schema"] <= 1 + len(COUNTRIES)  # after each load that brought rows, the server's own word
    assert counts["full"] == len(COUNTRIES)
    took = (max(moments) - min(moments)) / 1e6
    assert len(sockets) <= 2 * AT_ONCE * (1 + took // IDLE_SECONDS)  # created and updated come side by side
    assert connections.most == connections.opened <= 2 * AT_ONCE  # one partition leaves them to the next
    assert connections.open == 0
    assert took >= 0.99 * (len(moments) - 1) / PER_SECOND


async def test_a_slow_country_does_not_hold_the_others(sandbox: SandboxServer[Watched], tmp_path: Path) -> None:
    slow, others_ended = COUNTRIES[0], threading.Event()
    sandbox.sandbox.held["full", slow] = others_ended
    ended: list[str] = []

    def told(outcome: Outcome) -> None:
        ended.append(outcome.ref.partition)
        if len(ended) == len(COUNTRIES) - 1:
            others_ended.set()

    async with fleet_of(sandbox, tmp_path) as fleet:
        outcomes = await fleet.mirror(await fleet.refs(), told=told)
    assert all(outcome.healthy for outcome in outcomes)
    assert ended[-1] == slow
    assert sorted(ended) == sorted(COUNTRIES)


async def test_a_quiet_delta_costs_five_requests(tmp_path: Path) -> None:
    with SandboxServer(Watched(("DE",))) as server:
        async with fleet_of(server, tmp_path) as fleet:
            refs = await fleet.refs()
            await fleet.mirror(refs)
            server.sandbox.asked()
            (outcome,) = await fleet.mirror(refs)
            asked = server.sandbox.asked()
    assert (outcome.load, outcome.fetched, outcome.healthy) == ("delta", 0, True)
    assert [asked[0], asked[1], {*asked[2:4]}, asked[4:]] == ["state", "deleted", {"created", "updated"}, ["state"]]


async def test_a_load_like_the_last_looks_for_no_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for: list[str] = []

    class Looking:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            looked_for.append(name)

    with SandboxServer(Watched(("DE",))) as server:
        async with fleet_of(server, tmp_path) as fleet:
            refs = await fleet.refs()
            for _ in range(2):
                await fleet.mirror(refs)
            monkeypatch.setattr(sys, "meta_path", [Looking, *sys.meta_path])
            await fleet.mirror(refs)
    assert looked_for == []


async def told_by_a_second_load(folder: Path) -> tuple[Outcome, list[str]]:
    """What came of a load after which nothing had changed, and the statements that it sent."""
    with SandboxServer(Watched(("DE",))) as server:
        async with fleet_of(server, folder) as fleet:
            refs = await fleet.refs()
            await fleet.mirror(refs)
            told = statements(fleet.database)
            (outcome,) = await fleet.mirror(refs)
    return outcome, told


async def test_a_quiet_delta_makes_no_table_for_what_does_not_come(tmp_path: Path) -> None:
    outcome, told = await told_by_a_second_load(tmp_path)
    assert (outcome.load, outcome.healthy) == ("delta", True)
    assert any("_focus_base" in line for line in told)
    assert not any("_focus_fresh" in line for line in told)


async def test_a_table_that_was_found_whole_is_looked_for_once(tmp_path: Path) -> None:
    _, told = await told_by_a_second_load(tmp_path)
    looked = [line for line in told if line.startswith("PRAGMA") and "table_xinfo" in line and "promotions" in line]
    assert len(looked) == len({*looked}) > 0, looked


async def test_a_schema_that_stands_as_it_is_is_not_read_again(tmp_path: Path) -> None:
    _, told = await told_by_a_second_load(tmp_path)
    assert any("_focus_ledger.schema_hash" in line for line in told)
    assert not any(line.startswith("SELECT _focus_ledger.schema ") for line in told)


async def test_created_and_updated_are_fetched_together(tmp_path: Path) -> None:
    with SandboxServer(Watched(("DE",))) as server:
        async with fleet_of(server, tmp_path, retry={"attempts": 1}) as fleet:
            refs = await fleet.refs()
            await fleet.mirror(refs)
            both = threading.Barrier(2)  # broken where one waits for the end of the other
            server.sandbox.held = {("created", "DE"): both, ("updated", "DE"): both}
            server.sandbox.change("promotions", "DE", creates=1, updates=1, deletes=1)
            server.sandbox.asked()
            (outcome,) = await fleet.mirror(refs)
            asked = server.sandbox.asked()
    assert outcome.healthy
    assert outcome.load == "delta"
    assert asked.index("deleted") < min(asked.index("created"), asked.index("updated"))


async def test_those_who_want_a_fresh_schema_while_another_is_asked_for_share_the_next(tmp_path: Path) -> None:
    door, found = Door(), []
    with SandboxServer(Watched(("DE",))) as server:
        server.sandbox.held["schema", ""] = door
        async with fleet_of(server, tmp_path) as fleet, anyio.create_task_group() as group:

            async def ask() -> None:
                found.append(await fleet.sources["shop"].schema("promotions", fresh=True))

            group.start_soon(ask)
            await in_thread(door.came.wait, PATIENCE)
            for _ in range(4):
                group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            door.opened.set()
    assert len(found) == 5
    assert server.sandbox.asked().count("schema") == 2

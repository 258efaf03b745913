"""Make a schedule of sendings out of one seed, run the real senders through it, and compare the API with the rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random

import anyio
import sqlalchemy as sa

from focus_assets.client import join
from focus_assets.model.errors import FocusError
from focus_assets.writeback import intents
from focus_assets.writeback.intent import Intent, State
from focus_assets.writeback.rows import sent
from focus_assets.writeback.rows.items import HttpItems
from focus_assets.writeback.rows.outgoing import Selection
from focus_assets.writeback.rows.send import Sender, drain_rows, send
from focus_assets.writeback.rows.settle import Rules, replayed
from focus_assets.writeback.saga import SECOND, Terms
from focus_assets_tests.integration.sending.shop import Shop
from focus_assets_tests.simulation.writes.schedule import EVERY, at_once
from focus_assets_tests.simulation.writes.world import LATEST, Crashed, Seam, Weather, World, draw_weather

TERMS = Terms(lifetime=70, lease=20, give_up=20_000, base=1, cap=60)
KEYS = ("alpha", "beta", "gamma", "delta", "theirs")
THEIRS = {"id": "theirs", "v": -1}
SELECTION = Selection(sa.text("SELECT id, v FROM wares"), None, {}, ("id",))
ENTRY = "items"
RESTING_PASSES = 60


@dataclass
class Report:
    """How one schedule ended: items that are not as their rows, and those of others that were touched."""

    seed: int
    differing: int = 0
    touched: int = 0
    wrong: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    happened: set[str] = field(default_factory=set)
    events: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """What the table has from now on, how many processes send it at once, and seconds until the next."""

    rows: dict[str, int]
    processes: int
    gap: float
    drains_beside: bool
    forbids: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in a schedule."""

    rules: Rules
    weather: Weather
    rounds: tuple[Round, ...]


def draw_plan(chance: Random) -> Plan:
    """Everything that is decided before the first sending."""
    weather = draw_weather(chance)
    rules = Rules(TERMS, adopt=chance.random() < 0.3, keys_kept=chance.choice((None, None, 1000.0)))
    rounds = tuple(_round(chance) for _ in range(chance.randint(2, 7)))
    return Plan(replace(rules, puts_new=chance.random() < 0.3), weather, rounds)


def _round(chance: Random) -> Round:
    chosen = chance.sample(KEYS, chance.randint(0, len(KEYS)))
    return Round(
        rows={key: chance.randint(0, 2) for key in chosen},
        processes=chance.choice((1, 1, 2)),
        gap=chance.choice((0.0, 1.0, 20.0, 35.0, 100.0)),
        drains_beside=chance.random() < 0.2,
        forbids=chance.random() < 0.05,
    )


class ShopWorld(World):
    """The API instead of a cluster."""

    def __post_init__(self) -> None:
        self.shop = Shop(
            lambda: self.now,
            items={"theirs": THEIRS},
            decide=self._whim,
            late_for=lambda: round(self.chance.random() * LATEST * SECOND),
        )
        self.cluster = {"shop": self.shop}  # type: ignore[dict-item]


class Schedule:
    """One seed's world, senders and judgement."""

    def __init__(self, seed: int, database: Seam, terms: Terms | None = None) -> None:
        self.seed, self.database = seed, database
        self.chance = Random(seed)
        self.plan = draw_plan(self.chance)
        self.rules = replace(self.plan.rules, terms=terms) if terms else self.plan.rules
        self.world = ShopWorld(self.chance, ("shop",), unique_names=True, weather=self.plan.weather)
        self.world.shop.honours_keys = self.rules.keys_kept is not None
        self.world.shop.puts_create = self.rules.puts_new
        self.world.meanwhile = self._others
        database.world = self.world
        self.rows: dict[str, int] = {}
        self._serial = 0

    async def play(self) -> Report:
        """All of it."""
        tables = (intents.INTENTS, sent.SENT, sent.DESTINATIONS)
        self._calmly(lambda connection: [connection.execute(sa.delete(table)) for table in tables])
        async with self.world.client() as client:
            collection = "https://shop.example/v1/items"
            self.sender = Sender(
                ENTRY,
                self.database,
                HttpItems(
                    client,
                    collection,
                    lambda key: join(collection, *key),
                    create="PUT" if self.rules.puts_new else "POST",
                ),
                self.rules,
                at_once=2,
                now=lambda: self.world.now,
                chance=self.chance.random,
                new_operation=self._operation,
                blocking=at_once,
                sleep=self.world.sleep,
            )
            for each in self.plan.rounds:
                await self._round(each)
            await self._rest()
        return self._judged()

    def _operation(self) -> str:
        self._serial += 1
        return f"operation-{self._serial:012}"

    def _calmly(self, change: Callable[[sa.Connection], object]) -> None:
        weather, self.world.weather = self.world.weather, Weather()
        with self.database.writing("change it by hand") as connection:
            change(connection)
        self.world.weather = weather

    def _fill(self, rows: dict[str, int]) -> None:
        self.rows = rows

        def change(connection: sa.Connection) -> None:
            connection.execute(sa.text("DELETE FROM wares"))
            for key, value in rows.items():
                connection.execute(sa.text("INSERT INTO wares VALUES (:id, :v)"), {"id": key, "v": value})

        self._calmly(change)

    async def _round(self, each: Round) -> None:
        self.world.weather.forbids, self.world.stood_still = each.forbids, False
        self._fill(each.rows)
        works: list[Callable[[], Awaitable[None]]] = [self._send] * each.processes
        works += [self._drain] if each.drains_beside else []
        await self._survive(works)
        await self._others(each.gap)

    async def _survive(self, works: list[Callable[[], Awaitable[None]]]) -> None:
        try:
            async with anyio.create_task_group() as group:
                for work in works:
                    group.start_soon(work)
        except BaseExceptionGroup as died:
            if died.split(Crashed)[1] is not None:
                raise

    async def _send(self) -> None:
        with suppress(FocusError):
            report = await send(self.sender, SELECTION)
            self.world.happened.update(name for name, count in report.figures.items() if count)

    async def _drain(self) -> None:
        with suppress(FocusError):
            await drain_rows(self.sender)

    async def _others(self, seconds: float) -> None:
        """Time passes, and every 30 s a drain works in a process of its own."""
        while seconds > 0:
            self.world.pass_time(min(seconds, EVERY))
            seconds -= EVERY
            await self._survive([self._drain])

    async def _rest(self) -> None:
        """All goes well from now on: what is dead is replayed once, and the rows are sent until nothing is left."""
        self.world.weather, self.world.stood_still = Weather(), False
        for dead in intents.find(self.database, states=[State.DEAD]):
            again = replayed(dead, self.world.now, self.rules)
            intents.save(self.database, again, now=self.world.now)
        for _ in range(RESTING_PASSES):
            self.world.pass_time(self.rules.terms.lifetime + self.rules.terms.lease)
            report = await send(self.sender, SELECTION)
            moving = any(intent.next_at is not None for intent in self._intents()) or self.world.shop.late
            if not moving and not report.plan.changes and not report.plan.waiting:
                return

    def _intents(self) -> list[Intent]:
        return intents.find(self.database, limit=1000)

    def _judged(self) -> Report:
        report, items = Report(self.seed, happened=self.world.happened), dict(self.world.shop.items)
        ours = {key: {"id": key, "v": value} for key, value in self.rows.items()}
        if not self.rules.adopt:
            ours.pop("theirs", None)
            report.touched = int(items.pop("theirs", None) != THEIRS)
        elif "theirs" not in ours and items.get("theirs") == THEIRS:
            items.pop("theirs")  # it was never ours
        different = {key for key in {*items, *ours} if items.get(key) != ours.get(key)}
        report.differing = len(different)
        report.wrong += [f"{key}: the API has {items.get(key)}, the table {ours.get(key)}" for key in sorted(different)]
        report.wrong += ["an item of others was touched"] * report.touched
        report.wrong += [
            f"{one.operation_id} rests as {one.state}" for one in self._intents() if one.next_at is not None
        ]
        report.states.update(one.state.value for one in self._intents())
        told = self.world.events + [str(one) for one in self._intents()]
        report.events = hashlib.sha256("\n".join(told).encode()).hexdigest()
        return report

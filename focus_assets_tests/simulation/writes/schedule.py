"""Make a schedule of writes out of one seed, run the real writers through it, and compare the cluster with DONE."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import ParamSpec, TypeVar

import anyio.lowlevel
import sqlalchemy as sa

from focus_assets.model.errors import DatabaseError, KeyBusy, OvertakenWrite
from focus_assets.writeback import intents, outbox
from focus_assets.writeback.drain import drain, replay
from focus_assets.writeback.intent import Intent, Kind, State
from focus_assets.writeback.saga import Terms
from focus_assets.writeback.sinks import Post, undo_of
from focus_assets.writeback.writes import Writer, create, delete
from focus_assets_tests.simulation.writes.brokers import Log, Manners, Queue, draw_manners
from focus_assets_tests.simulation.writes.world import Crashed, Seam, Weather, World, draw_weather

P = ParamSpec("P")
T = TypeVar("T")
TERMS = Terms(lifetime=70, lease=20, give_up=20_000, base=1, cap=60)
EVERY = 30.0
NAMES = ("alpha", "beta", "gamma")
RESTING_PASSES = 400


@dataclass
class Report:
    """How one schedule ended: groups that nobody owes, groups that are missing, words that were not kept."""

    seed: int
    orphans: int = 0
    wrongly_deleted: int = 0
    wrong: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    happened: set[str] = field(default_factory=set)
    events: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in a schedule: rounds of writes, in some weather, with time between them."""

    nodes: tuple[str, ...]
    unique_names: bool
    weather: Weather
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """Some writes at once, and seconds until the next."""

    creates: tuple[str, ...]
    deletes: int
    gap: float
    drains_beside: bool
    forbids: bool


def draw_plan(chance: Random) -> Plan:
    """Everything that is decided before the first write."""
    rounds = tuple(_round(chance) for _ in range(chance.randint(2, 7)))
    weather = draw_weather(chance)
    return Plan(("a", "b", "c")[: chance.choice((1, 2, 2, 3))], chance.random() < 0.5, weather, rounds)


def _round(chance: Random) -> Round:
    return Round(
        creates=tuple(chance.choice(NAMES) for _ in range(chance.choice((0, 1, 1, 2, 3)))),
        deletes=chance.choice((0, 0, 1, 1)),
        gap=chance.choice((0.0, 1.0, 20.0, 35.0, 100.0)),
        drains_beside=chance.random() < 0.2,
        forbids=chance.random() < 0.05,
    )


async def at_once(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A blocking call in the one thread there is: two would draw from the seed in an order that no seed decides."""
    await anyio.lowlevel.checkpoint()
    return function(*args, **kwargs)


class Schedule:
    """One seed's world, writers and judgement."""

    def __init__(self, seed: int, database: Seam, terms: Terms = TERMS, *, brokers: bool | None = None) -> None:
        self.seed, self.database, self.terms = seed, database, terms
        self.chance = Random(seed)
        self.plan = draw_plan(self.chance)
        self.world = World(self.chance, self.plan.nodes, self.plan.unique_names, self.plan.weather)
        self.world.meanwhile = self._others
        self.told: dict[str, str] = {}
        self.deleting: set[str] = set()
        database.world = self.world
        self._serial = 0
        # A chance of their own: without them the same seed is the same schedule. In half of all seeds there are none,
        # as a message that comes late heals what somebody forgot.
        chance = Random(f"{seed} brokers")
        told = chance.random() < 0.5 if brokers is None else brokers
        self.queue, self.log = self._brokers(chance) if told else (None, None)

    async def play(self) -> Report:
        """All of it."""
        calm, self.world.weather = self.world.weather, Weather()
        with self.database.writing("empty it") as connection:
            connection.execute(sa.delete(intents.INTENTS))
            connection.execute(sa.delete(outbox.OUTBOX))
        self.world.weather = calm
        async with self.world.client() as client:
            self.writer = Writer(
                self.database,
                self.world.http_cluster(client),
                self.terms,
                now=lambda: self.world.now,
                chance=self.chance.random,
                new_operation=self._operation,
                blocking=at_once,
                sleep=self.world.sleep,
                undos=self.queue,
                news=self.log,
            )
            for each in self.plan.rounds:
                await self._round(each)
            await self._rest()
        return self._judged()

    def _brokers(self, chance: Random) -> tuple[Queue, Log]:
        queue = Queue(self.world, draw_manners(chance, loses=True), chance)
        log = Log(self.world, draw_manners(chance, loses=False), chance)
        self.world.arrive += [queue.arrive, log.arrive]
        return queue, log

    def _operation(self) -> str:
        self._serial += 1
        return f"operation-{self._serial:012}"

    async def _round(self, each: Round) -> None:
        self.world.weather.forbids, self.world.stood_still = each.forbids, False
        writes: list[Callable[[], Awaitable[None]]] = [lambda name=name: self._create(name) for name in each.creates]
        writes += [lambda one=one: self._delete(one) for one in self._some_done(each.deletes)]
        if each.drains_beside:
            writes.append(self._drain)
        await self._survive(writes)
        await self._others(each.gap)

    async def _survive(self, writes: list[Callable[[], Awaitable[None]]]) -> None:
        """All at once in one process: where it dies, all die."""
        try:
            async with anyio.create_task_group() as group:
                for write in writes:
                    group.start_soon(write)
        except BaseExceptionGroup as died:
            if died.split(Crashed)[1] is not None:
                raise

    async def _create(self, name: str) -> None:
        try:
            intent = await create(self.writer, name, {"description": f"the group {name}"})
        except KeyBusy:
            self.world.note("busy")
        except OvertakenWrite as error:
            self.world.note("overtaken")
            self.told[error.operation_id] = "failed"
        except DatabaseError:
            self.world.note("told nothing")
        else:
            self.told[intent.operation_id] = "done" if intent.state is State.DONE else "failed"
            await self._tell(intent)

    async def _delete(self, group: Intent) -> None:
        try:
            intent, _ = await delete(self.writer, group.key, group.target)
        except KeyBusy:
            self.world.note("busy")
        except (OvertakenWrite, DatabaseError):
            self.world.note("told nothing of a delete")
        else:
            self.told[intent.operation_id] = "done" if intent.state is State.DONE else "will be done"
            await self._tell(intent)

    async def _tell(self, intent: Intent) -> None:
        """As the gateway's courier does it, or else the drain."""
        if self.queue and not intent.ended and self.queue.chance.random() < 0.5:
            await Post(self.queue).send(undo_of(intent))

    def _some_done(self, most: int) -> list[Intent]:
        done = intents.find(self.database, states=[State.DONE])
        groups = [one for one in done if one.kind is Kind.CREATE]
        return self.chance.sample(groups, min(most, len(groups)))

    async def _others(self, seconds: float) -> None:
        """Time passes, and every 30 s a drain works in a process of its own."""
        while seconds > 0:
            self.world.pass_time(min(seconds, EVERY))
            seconds -= EVERY
            await self._survive([self._drain])

    async def _drain(self) -> None:
        try:
            passed = await drain(self.writer, workers=2)
        except DatabaseError:
            return
        if passed.broken:
            self.world.note("broken")

    async def _rest(self) -> None:
        """All goes well from now on; what is dead is replayed once."""
        self.world.weather, self.world.stood_still = Weather(), False
        if self.queue and self.log:  # the queue goes on losing
            self.queue.manners = replace(self.queue.manners, dies=0.0)
            self.log.manners = Manners()
        for dead in intents.find(self.database, states=[State.DEAD]):
            self.world.note("replayed")
            await replay(self.writer, dead.operation_id)
        for _ in range(RESTING_PASSES):
            due = [intent.next_at for intent in self._intents() if intent.next_at is not None]
            if not due and not self._on_their_way():
                return
            self.world.now = max(self.world.now, min(due, default=0))
            await self._others(EVERY)

    def _on_their_way(self) -> int:
        told = len(self.queue.coming) + len(self.log.coming) if self.queue and self.log else 0
        return sum(node.on_their_way for node in self.world.cluster.values()) + told + outbox.count(self.database)

    def _intents(self) -> list[Intent]:
        return intents.find(self.database, limit=1000)

    def _judged(self) -> Report:
        found, report = self._intents(), Report(self.seed, happened=self.world.happened)
        gone = {one.target for one in found if one.kind is Kind.DELETE and one.state is State.DONE}
        made = {one.target for one in found if one.kind is Kind.CREATE and one.state is State.DONE}
        for name, node in self.world.cluster.items():
            there = {str(group["transaction_id"]) for group in node.groups}
            report.orphans += len(there - (made - gone))
            report.wrongly_deleted += len((made - gone) - there)
            if there != made - gone:
                report.wrong.append(f"node {name} holds {sorted(there)}, DONE says {sorted(made - gone)}")
        report.wrong += [f"{one.operation_id} rests as {one.state}" for one in found if one.next_at is not None]
        report.wrong += [said for one in found if (said := self._unkept(one))]
        report.wrong += list(self._untold(found))
        report.states.update(one.state.value for one in found)
        report.events = hashlib.sha256("\n".join(self.world.events + [str(one) for one in found]).encode()).hexdigest()
        return report

    def _untold(self, found: list[Intent]) -> Iterator[str]:
        """Where the log lacks an end, tells one that is none, or has two of a key in the wrong order."""
        if self.log is None:
            return
        told = {one["event_id"]: one["state"] for one in self.log.kept}
        for one in found:
            if told.get(f"{one.operation_id}.{one.revision}") != one.state:
                yield f"{one.operation_id} ended {one.state}, and nobody was told"
        serials = {one.operation_id: serial for serial, one in enumerate(found)}
        first = dict.fromkeys((one["key"], one["operation_id"]) for one in self.log.kept)
        for key in NAMES:
            order = [serials[operation] for name, operation in first if name == key]
            if order != sorted(order):
                yield f"the ends of {key} were told in another order than they came: {order}"

    def _unkept(self, one: Intent) -> str:
        told = self.told.get(one.operation_id)
        right = {"done": State.DONE, "will be done": State.DONE, "failed": State.COMPENSATED, None: one.state}[told]
        return "" if one.state is right else f"{one.operation_id}: its caller was told {told!r}, it ended {one.state}"

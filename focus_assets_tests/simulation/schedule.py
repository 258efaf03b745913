"""Make a whole schedule out of one seed, and run the real mirror through it."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from focus_assets.database.open import Database
from focus_assets.mirror import mirror
from focus_assets.model.errors import ShrinkRefused
from focus_assets.model.feed import Feed
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.stamps import floor_micros, nanos
from focus_assets.model.verdict import SHRINK_RATIO, SHRINK_ROWS
from focus_assets.model.wish import Wish
from focus_assets.run import Tools
from focus_assets.sources.open import open_source
from focus_assets_tests.simulation.faults import CALM
from focus_assets_tests.simulation.oracle import Image, Oracle, Ran, Reader, published
from focus_assets_tests.simulation.plan import Plan, draw_plan
from focus_assets_tests.simulation.transport import BASE_URL, SERVICE, Bustle, SimulatedClock, SimulatedServer
from focus_assets_tests.simulation.world import World

RESOURCE = "items"
_FEEDS = frozenset(feed.value for feed in Feed)


@dataclass
class Report:
    """How one schedule went: `events` is a digest of all that happened, `wrong` what the oracle found."""

    seed: int
    wrong: list[str] = field(default_factory=list)
    diverged: bool = False
    false_verdicts: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    windows: list[frozenset[str]] = field(default_factory=list)
    events: str = ""


class Schedule:
    """One seed's world, server, mirror and oracle."""

    def __init__(
        self, seed: int, database: Database, *, trace: list[str] | None = None, plan: Plan | None = None
    ) -> None:
        self.seed, self.database, self.trace = seed, database, trace
        self.chance = Random(seed)
        self.plan = plan or draw_plan(self.chance)
        self.happened: set[str] = set()
        self.world = World(self.plan.server, self.chance, self.happened.add)
        self.server = SimulatedServer(self.world, self.chance, self.log, auth=self.plan.auth)
        self.clock = SimulatedClock(self.world)
        self.report = Report(seed)
        self.oracle = Oracle(self.world, self.plan.overlap, self.plan.keeps_contract)
        self._digest = hashlib.sha256()
        self._runs = count(1)

    def log(self, event: str) -> None:
        """One more thing that happened."""
        self._digest.update(event.encode() + b"\n")
        if self.trace is not None:
            self.trace.append(event)

    async def play(self) -> Report:
        """All of it."""
        key = ("id", "part") if self.plan.server.composite else ("id",)
        with self.database.connection("look on") as connection:
            self.reader = Reader(self.database, connection, SERVICE, key)
            self.image = self.reader.image()
            return await self._play()

    async def _play(self) -> Report:
        self.log(repr(self.plan))
        self.world.populate()
        for step in self.plan.steps:
            step.prepare(self.world)
            self.server.weather, self.server.bustle = step.weather, step.bustle
            await self._run(step.country, step.wish)
            self._close_window()
        await self._finish()
        self.report.events = self._digest.hexdigest()
        return self.report

    def _close_window(self) -> None:
        self.report.windows.append(frozenset(self.happened))
        self.happened.clear()

    async def _finish(self) -> None:
        """The world rests; one full load; everything must be equal, and stay so in a delta."""
        self.world.column_due = False
        self.world.rest()
        self.world.live(self.plan.rest)
        self.server.weather, self.server.bustle = CALM, Bustle()
        for wish in (Wish(full=True, accept_shrink=True), Wish()):
            for country in self.plan.server.countries:
                outcome = await self._run(country, wish)
                wrong = self.oracle.equal(self.image, country)
                if not published(outcome) and not self.oracle.may_give_up(outcome, heals=self.plan.heals):
                    wrong.append(f"{country}: a quiet world cannot be mirrored: {outcome.error!r}")
                self.report.diverged |= bool(wrong)
                self._blame(wrong)

    async def _run(self, country: str, wish: Wish) -> Outcome:
        before = self.image
        self.server.readings.clear()
        self.world.watched, self.world.beyond_deltas = True, False
        losses, start = self.server.losses, self.world.now
        outcome = await self._mirror(country, wish)
        self.world.watched = False
        self.image = self.reader.image()
        lossy = self.server.losses > losses
        ran = replace(self._ran(country, outcome, before, wish, start), lossy=lossy)
        self._note_losses(outcome, country, lossy=lossy)
        wrong = self.oracle.judge(ran)
        if outcome.healed:
            self.happened.add("heal")
        if _shrank(ran, country):
            self.happened.add("shrink")
        self.report.false_verdicts += bool(wrong)
        self._blame(wrong)
        self._tell(outcome, ran.after)
        return outcome

    async def _mirror(self, country: str, wish: Wish) -> Outcome:
        tools = Tools(clock=self.clock, now=self.clock.now, new_run_id=lambda: f"run{next(self._runs):03}")
        ref = PartitionRef("model", SERVICE, RESOURCE, country)
        opened = open_source(
            "model", self.plan.config(BASE_URL), clock=self.clock, chance=self.chance, transport=self.server
        )
        async with opened as source:
            return await mirror(source, self.database, ref, wish=wish, tools=tools)

    def _ran(self, country: str, outcome: Outcome, before: Image, wish: Wish, start: int) -> Ran:
        readings = self.server.readings
        states = tuple(reading.served for reading in readings if reading.what == "state") or (start, self.world.now)
        fed = max((reading.served for reading in readings if reading.what in _FEEDS), default=start)
        return Ran(country, outcome, before, self.image, wish, states[0], states[-1], states, fed)

    def _note_losses(self, outcome: Outcome, country: str, *, lossy: bool) -> None:
        """What no client could know: lines lost without a trace, a restore. Only a full load makes up for it."""
        if self.world.restored:
            self.oracle.holes_may_be.update(self.plan.server.countries)
            self.world.restored = False
        elif published(outcome) and lossy:
            self.oracle.holes_may_be.add(country)
        elif published(outcome) and outcome.load == "full":
            self.oracle.holes_may_be.discard(country)
        if outcome.watermark is not None:
            self.world.watermarks[country] = floor_micros(nanos(outcome.watermark))

    def _tell(self, outcome: Outcome, after: Image) -> None:
        kind = type(outcome.error).__name__ if outcome.error else ""
        self.report.verdicts[outcome.verdict.value if outcome.verdict else "failed"] += 1
        if kind:
            self.report.errors[kind] += 1
        said = f"{outcome.load} ({outcome.reason}) {outcome.verdict} {outcome.error!r}"
        self.log(f"{self.world.now} {outcome.ref.partition} {said}")
        self.log(f"{outcome.changes} {outcome.watermark} {outcome.notes}")
        self.log(repr(after))

    def _blame(self, wrong: list[str]) -> None:
        for said in wrong:
            self.log(f"WRONG {said}")
            self.report.wrong.append(said)


def _shrank(ran: Ran, country: str) -> bool:
    """The guard had something to judge."""
    before, after = len(ran.before.rows.get(country, ())), len(ran.after.rows.get(country, ()))
    refused = isinstance(ran.outcome.error, ShrinkRefused)
    return refused or (before - after > max(before * SHRINK_RATIO, SHRINK_ROWS))

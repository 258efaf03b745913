"""Draw a schedule: what kind of server, how the mirror is configured, and what happens before and during each run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from focus_assets.config import Config
from focus_assets.model.wish import Wish
from focus_assets_tests.simulation.faults import CALM, SILENT, Fault, Weather
from focus_assets_tests.simulation.transport import SERVICE, Bustle
from focus_assets_tests.simulation.world import SECOND, Options, World

HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
CALM_KINDS = ("create", "create", "update", "update", "delete")
ODD_KINDS = ("bulk", "recreate", "arrive", "leave", "poison", "mass_delete", "restore")


@dataclass(frozen=True, slots=True)
class Step:
    """What happens before a run, and what the run is; `gap` and `rest` in µs."""

    gap: int
    writes: int
    country: str
    wish: Wish
    weather: Weather
    bustle: Bustle
    rest: int = 0
    restores: bool = False
    adds_column: bool = False
    adds_column_during: bool = False

    def prepare(self, world: World) -> None:
        """What happens before the run; what is to happen during it is laid ready."""
        world.live(self.gap, self.writes)
        if self.restores:
            world.restore()
        if self.adds_column:
            world.add_column()
        world.live(self.rest)
        world.column_due = self.adds_column_during


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule. `keeps_contract`: every change shows in a delta whose overlap is longer than it was late."""

    server: Options
    knobs: dict[str, object]
    auth: bool
    keeps_contract: bool
    steps: tuple[Step, ...]
    rest: int

    @property
    def overlap(self) -> int:
        """Seconds that a delta asks again for."""
        return int(str(self.knobs["overlap_seconds"]))

    @property
    def heals(self) -> bool:
        """Whether a mismatch may force a full diff."""
        return self.knobs.get("heals_per_day") != 0

    def config(self, base_url: str) -> Config:
        """The configuration of the mirror."""
        login = {"kind": "focus", "username": "u", "password": "p"} if self.auth else {"kind": "none"}
        source = {
            "kind": "exchange",
            "base_url": base_url,
            "business_service": SERVICE,
            "auth": login,
            "countries": list(self.server.countries),
            **self.knobs,
        }
        return Config.model_validate({"home": Path("/"), "sources": {"model": source}})


def draw_plan(chance: Random) -> Plan:
    """Everything that is decided before the first run."""
    overlap = chance.choice((60, 120, 300))
    server = _server(chance, overlap)
    unsaid = not server.scope_tombstones and "leave" in server.kinds
    breaks = unsaid or server.clamps or server.paging == "offset" or not server.tells_time
    steps = tuple(_steps(chance, server))
    keeps = not breaks and server.latest <= server.covered
    return Plan(server, _knobs(chance, overlap), _maybe(chance, 0.3), keeps, steps, DAY)


def _maybe(chance: Random, share: float) -> bool:
    return chance.random() < share


def _server(chance: Random, overlap: int) -> Options:
    nodes = tuple(chance.randrange(-5, 6) * SECOND for _ in range(chance.choice((1, 1, 3))))
    tick = chance.choice((1, 1000, SECOND))
    covered = overlap * SECOND - 3 * SECOND - tick - 2 * max(map(abs, nodes))
    late = chance.choice((0.0, 0.0, 0.2, 0.6))
    large = chance.randint(180, 260) if _maybe(chance, 0.08) else 0
    says = chance.choice(("flat", "payload", "both"))
    extended = says != "flat"
    return Options(
        countries=("DE", "FR") if _maybe(chance, 0.25) else ("DE",),
        keys=large or chance.randint(16, 60),
        composite=_maybe(chance, 0.2),
        nodes=nodes,
        tick=tick,
        late_share=late,
        latest=chance.choice((covered, covered, covered, 3 * overlap * SECOND)) if late else 0,
        covered=covered,
        inclusive=_maybe(chance, 0.5),
        disjoint=_maybe(chance, 0.7),
        keeps_tombstones=_maybe(chance, 0.5),
        scope_tombstones=_maybe(chance, 0.8),
        retention=chance.choice((None, None, HOUR, 2 * DAY)),
        clamps=_maybe(chance, 0.2),
        state_expires=_maybe(chance, 0.3),
        envelope=says,
        as_of=chance.choice(("", "", "newest", "horizon")) if extended else "",
        counts=extended and _maybe(chance, 0.4),
        digest=extended and _maybe(chance, 0.4),
        total_lines=_maybe(chance, 0.5),
        tells_time=_maybe(chance, 0.95),
        writing=chance.choice(("z", "z", "naive", "offset", "short")),
        paging=chance.choice(("", "", "keyset", "offset")),
        updated_is_null=_maybe(chance, 0.5),
        gzip=_maybe(chance, 0.2),
        framing=chance.choice(("length", "chunked", "close")),
        kinds=_kinds(chance, ("flood", "mass_delete", "mass_delete") if large else ()),
    )


def _kinds(chance: Random, more: tuple[str, ...]) -> tuple[str, ...]:
    return (*more, *CALM_KINDS * chance.choice((1, 3)), *(kind for kind in ODD_KINDS if _maybe(chance, 0.25)))


def _knobs(chance: Random, overlap: int) -> dict[str, object]:
    return {
        "overlap_seconds": overlap,
        "retry": {"attempts": chance.randint(1, 4), "budget_seconds": 300},
        "heals_per_day": chance.randint(0, 3),
        "bad_rows": chance.choice(("refuse", "refuse", "quarantine")),
        "compare_total": _maybe(chance, 0.95),
    }


def _steps(chance: Random, server: Options) -> list[Step]:
    weathers = [_weather(chance) for _ in range(2)]
    dense = chance.choice((0.0, 0.05, 0.2, 0.5))
    runs = min(chance.randint(3, 12), chance.randint(3, 12))
    return [_step(chance, server, chance.choice(weathers), dense) for _ in range(runs)]


def _weather(chance: Random) -> Weather:
    """Some schedules see a few kinds of faults, and often; others a little of everything."""
    rate = chance.choice((0.0, 0.0, 0.05, 0.15, 0.3))
    few = chance.choice((1, 2, 4, len(Fault)))
    return Weather(rate, tuple(sorted(chance.sample(list(Fault), few)) + list(SILENT) * (few > 2))) if rate else CALM


def _step(chance: Random, server: Options, weather: Weather, dense: float) -> Step:
    gap = chance.choice((SECOND, 60 * SECOND, 600 * SECOND, 3 * HOUR, 3 * DAY))
    return Step(
        gap=chance.randint(1, gap),
        writes=chance.choice((0, 1, 3, 10)),
        country=chance.choice(server.countries),
        wish=Wish(full=_maybe(chance, 0.15), accept_shrink=_maybe(chance, 0.1)),
        weather=weather,
        bustle=Bustle(dense),
        rest=chance.choice((0, 0, 0, HOUR)),
        restores=_maybe(chance, 0.04),
        adds_column=_maybe(chance, 0.04),
        adds_column_during=_maybe(chance, 0.04),
    )

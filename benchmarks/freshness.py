"""Measure how fresh the mirror is: `python -m benchmarks.freshness [--partitions N] [--changes N] [--seconds N]`.

Rows change at a server while Dagster's daemon does by itself what the project's settings say. A third of them change
alone, the others in bursts: one in each of a third of the partitions, then one in each of all, and so on. Measured are
the seconds until a row stands in its table as it is at the server, and the ledger has the verdict of a load that began
to look at the server after the change.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import accumulate, cycle, pairwise
from pathlib import Path
from statistics import median, quantiles
from subprocess import Popen

from rich.console import Console
from rich.table import Table

from benchmarks.changes import MICROS, ROWS, Changed, Mirror, Server
from benchmarks.daemon import Home, Ran
from benchmarks.meter import CommandFailed
from benchmarks.startup import CONFIGURATION, USER
from focus_assets.config.document import Schedules
from focus_assets.sandbox import Sandbox, SandboxOptions, SandboxServer, Sizes

SEED = 20_260_701
LOOK_SECONDS = 0.5
GIVE_UP_SECONDS = 600.0
SWITCHED_ON = "schedules:\n  running: true\n  poll_seconds: {poll_seconds}\n"
STAGES = (
    "… until the sensor looks",
    "… until there is a run",
    "… until the run has started",
    "… until the row is verified",
)

Lines = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many partitions, and how many changes over how many seconds."""

    partitions: int
    changes: int
    seconds: float
    poll_seconds: int

    @property
    def countries(self) -> tuple[str, ...]:
        """Of one resource: a partition each."""
        return tuple(f"C{number:03}" for number in range(self.partitions))


@dataclass(frozen=True, slots=True)
class Moment:
    """So many seconds after the start a row changes in each of these countries."""

    after: float
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """Look again and again at a daemon that must not end; `loads` are the machine's load averages meanwhile."""

    home: Home
    daemon: Popen[bytes]
    loads: list[float] = field(default_factory=list)

    def pause(self) -> None:
        """Until the next look; raises CommandFailed."""
        if self.daemon.poll() is not None:
            raise CommandFailed(f"the daemon ended with {self.daemon.returncode}:\n{self.home.said()}")
        self.loads.append(os.getloadavg()[0])
        time.sleep(LOOK_SECONDS)

    def wait_for(self, ready: Callable[[], bool], what: str) -> None:
        """Raises CommandFailed where it does not come."""
        until = time.monotonic() + GIVE_UP_SECONDS
        while not ready():
            if time.monotonic() > until:
                raise CommandFailed(f"{what} was waited for in vain, {GIVE_UP_SECONDS:.0f} s:\n{self.home.said()}")
            self.pause()


def main() -> int:
    """Exit code 1 where a change was not verified in time; how long the others took is told, and no failure."""
    asked = _arguments()
    wanted = Wanted(asked.partitions, asked.changes, asked.seconds, asked.poll_seconds)
    changed, runs, loads = _measured(wanted)
    lines = dict(_lines(changed))
    _show(wanted, lines, runs, loads)
    asked.out.mkdir(parents=True, exist_ok=True)
    file = asked.out / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-freshness.json"
    said = {
        "wanted": asdict(wanted),
        "load": {"least": min(loads), "most": max(loads)},
        "lines": lines,
        "changes": [{**asdict(one), "ref": str(one.ref)} for one in changed],
        "runs": [asdict(run) for run in runs],
    }
    file.write_text(json.dumps(said, indent=1), encoding="utf-8")
    late = [f"{one.ref}: row {one.key}" for one in changed if one.verified is None]
    for row in late:
        sys.stderr.write(f"{row} was not verified within {GIVE_UP_SECONDS:.0f} s of the last change\n")
    return 1 if late else 0


def _measured(wanted: Wanted) -> tuple[list[Changed], list[Ran], list[float]]:
    sizes, looks = Sizes(promotions=ROWS), 10**6
    options = SandboxOptions(sizes=sizes, username=USER, password=USER, countries=wanted.countries, log_size=looks)
    sandbox = Sandbox(options)
    with tempfile.TemporaryDirectory(prefix="focus-bench-") as folder, SandboxServer(sandbox) as answering:
        text = CONFIGURATION.format(url=answering.url, countries=", ".join(wanted.countries))
        home = Home(Path(folder), text + SWITCHED_ON.format(poll_seconds=wanted.poll_seconds))
        home.load()
        sandbox.log.clear()
        server = Server(sandbox, random.Random(SEED))
        with home.daemon() as daemon:
            watch = Watch(home, daemon)
            watch.wait_for(lambda: bool(sandbox.log), "the sensor's first look")
            changed = _watched(planned(wanted), server, Mirror(home.configured), watch)
        runs, asked = home.runs(), server.looks()
    for one in changed:
        one.stages = stages_of(one, runs, asked[one.ref.partition])
    return changed, runs, watch.loads


def planned(wanted: Wanted) -> list[Moment]:
    """In their order; the same for the same numbers."""
    rng = random.Random(SEED)
    moments = [_moment(wanted, rng, size) for size in _sizes(wanted)]
    return sorted(moments, key=lambda moment: moment.after)


def _sizes(wanted: Wanted) -> Iterator[int]:
    alone = wanted.changes // 3
    yield from [1] * alone
    left, bursts = wanted.changes - alone, cycle((-(-wanted.partitions // 3), wanted.partitions))
    while left:
        size = min(left, next(bursts))
        yield size
        left -= size


def _moment(wanted: Wanted, rng: random.Random, size: int) -> Moment:
    return Moment(rng.uniform(0, wanted.seconds), tuple(rng.sample(wanted.countries, size)))


def _watched(moments: Sequence[Moment], server: Server, mirror: Mirror, watch: Watch) -> list[Changed]:
    """Change what is due, and look, until all is verified or it has taken too long."""
    changed: list[Changed] = []
    left, began = list(moments), time.monotonic()
    until = began + moments[-1].after + GIVE_UP_SECONDS
    while time.monotonic() < until:
        while left and began + left[0].after <= time.monotonic():
            countries = left.pop(0).countries
            changed += [server.change(country, len(countries)) for country in countries]
        waiting = [one for one in changed if one.verified is None]
        if not (left or waiting):
            break
        mirror.look(waiting)
        watch.pause()
    return changed


def stages_of(one: Changed, runs: Sequence[Ran], looks: Sequence[float]) -> list[float]:
    """The seconds of each of STAGES; 0 where it was over when the row changed."""
    if one.verified is None:
        return []
    at = one.at / MICROS
    end = at + one.verified
    run = [run for run in runs if str(one.ref) in run.partitions and run.created <= end][-1]
    look = max([at, *(look for look in looks if look <= run.created)])
    times = accumulate((at, look, run.created, run.started or end, end), max)
    return [later - earlier for earlier, later in pairwise(times)]


def _lines(changed: Sequence[Changed]) -> Iterator[tuple[str, dict[str, float]]]:
    verified = {one.key: one.verified for one in changed if one.verified is not None}
    found = [one for one in changed if one.key in verified]
    yield from _line("the row stands", [one.stood for one in changed if one.stood is not None])
    yield from _line("the row is verified", list(verified.values()))
    for name, seconds in zip(STAGES, zip(*(one.stages for one in found), strict=True), strict=False):
        yield from _line(name, seconds)
    for together in sorted({one.together for one in found}):
        name = "verified, changed alone" if together == 1 else f"verified, {together} changed at once"
        yield from _line(name, [verified[one.key] for one in found if one.together == together])


def _line(name: str, seconds: Sequence[float]) -> Iterator[tuple[str, dict[str, float]]]:
    if seconds:
        p95 = quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
        yield name, {"changes": len(seconds), "p50": median(seconds), "p95": p95, "max": max(seconds)}


def _show(wanted: Wanted, lines: Lines, runs: Sequence[Ran], loads: Sequence[float]) -> None:
    sizes = [len(run.partitions) for run in runs]
    table = Table(
        *("seconds from a change", "changes", "p50", "p95", "max"),
        title=f"{wanted.changes} changes in {wanted.partitions} partitions, looked for every {wanted.poll_seconds} s",
        min_width=90,
    )
    for name, found in lines.items():
        table.add_row(name, f"{found['changes']:.0f}", *(f"{found[figure]:.1f}" for figure in ("p50", "p95", "max")))
    console = Console(width=110)
    console.print(table)
    console.print(f"Dagster made {len(runs)} runs, of {min(sizes, default=0)} to {max(sizes, default=0)} partitions.")
    console.print(f"The load average was {min(loads):.1f} to {max(loads):.1f}, on {os.cpu_count()} processors.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness", description=__doc__)
    parser.add_argument("--partitions", type=int, default=30, help=f"of {ROWS} rows each")
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=360, help="over which the changes are spread")
    parser.add_argument("--poll-seconds", type=int, default=Schedules().poll_seconds, help="how often the sensor looks")
    parser.add_argument("--out", type=Path, default=Path(".artifacts/bench"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

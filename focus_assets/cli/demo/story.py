"""Tell the story: an empty database, a mirror, a changing world, a lie that a count believes, and its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from focus_assets.cli.call import Call
from focus_assets.cli.demo.databases import Place, fresh_database
from focus_assets.cli.demo.interrupts import Interrupts, kept
from focus_assets.cli.demo.runs import Runs, opened
from focus_assets.cli.demo.tampering import COLUMN, Row, tamper, written
from focus_assets.cli.demo.world import config_of, let_it_change, sandbox
from focus_assets.cli.ending import FAILED, OK, sentence
from focus_assets.cli.history import outcome_of
from focus_assets.cli.instance import dagster_home
from focus_assets.cli.sync import print_outcomes, totals
from focus_assets.cli.tables import number, print_hanging
from focus_assets.config import Config
from focus_assets.database.open import Database
from focus_assets.database.tables import Mirrored, mirrored
from focus_assets.defs.catalog import Catalog
from focus_assets.defs.work import audit_partitions
from focus_assets.history.errors import errors
from focus_assets.history.runs import recent
from focus_assets.model.audit import Audit
from focus_assets.model.errors import FocusError
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Verdict
from focus_assets.sandbox import Sandbox, SandboxServer

QUERY = "SELECT _country, count(*) FROM {table} GROUP BY 1 ORDER BY 1"
MANY = 10_000


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the story plays with."""

    call: Call
    world: Sandbox
    config: Config
    database: Database
    runs: Runs
    refs: list[PartitionRef]
    interrupts: Interrupts

    def say(self, line: str = "", *, style: str = "") -> None:
        """One line, at once."""
        print_hanging(self.call.out, Text(line, style=style), indent=3)

    @contextmanager
    def act(self, line: str) -> Iterator[None]:
        """A line, and after it how long it took."""
        began = time.monotonic()
        self.call.out.print(Text(line), end=" … ", soft_wrap=True)
        yield
        self.call.out.print(Text(f"{time.monotonic() - began:.1f} s", style="dim"))
        self.interrupts.heed()

    def walk(self, work: Callable[[], object]) -> list[Outcome]:
        """What became of each partition, as the history has it afterwards; a failed run tells there how."""
        before = {row["run_id"] for row in recent(self.database, limit=MANY)}
        work()
        new = [row for row in recent(self.database, limit=MANY) if row["run_id"] not in before]
        messages = {row["run_id"]: row["message"] for row in errors(self.database, limit=MANY)}
        outcomes = {row["run_id"]: outcome_of(row, messages.get(row["run_id"], "")) for row in new}
        return sorted(outcomes.values(), key=lambda outcome: self.refs.index(outcome.ref))

    def target(self, ref: PartitionRef) -> Mirrored:
        """The table of a partition."""
        schema = next(item.schema for item in Catalog.of(self.config).items if item.schema.name == ref.resource)
        return mirrored(self.database, ref, schema)


def demo(call: Call, kind: str) -> int:
    """Exit code 0 where in the end everything is in sync, and the changed row was found and healed."""
    began = time.monotonic()
    home = Path.cwd() / ".focus" / "demo"
    with fresh_database(kind, home, call.environ) as place, _set_up(call, place, home) as scene:
        healthy = _story(scene)
        matching, proven = _compare(scene)
        _tell_where(scene, place)
        scene.say(f"seconds   {time.monotonic() - began:.0f}")
        scene.say()
    complete = healthy and matching == len(scene.refs)
    said, style = ("IN SYNC", "bold green") if complete else ("NOT IN SYNC", "bold red")
    scene.say(f"{said} {matching}/{len(scene.refs)} (proven {proven})", style=style)
    return OK if complete else FAILED


@contextmanager
def _set_up(call: Call, place: Place, home: Path) -> Iterator[Scene]:
    dagster = dagster_home(Path.cwd(), call.environ)
    with kept() as interrupts, SandboxServer(sandbox()) as server:
        config = config_of(server.url, place.url, home)
        with opened(config, dagster) as runs:
            refs = Catalog.of(config).refs
            scene = Scene(call, server.sandbox, config, Database(config.destination), runs, refs, interrupts)
            scene.say(f"A sandbox serves the Data Exchange API at {server.url}: {_described(config, refs)}.")
            yield scene


def _described(config: Config, refs: list[PartitionRef]) -> str:
    resources = len({(ref.source, ref.resource) for ref in refs})
    return f"{resources} resources of {len(config.sources)} services in {len(refs) // resources} countries"


def _story(scene: Scene) -> bool:
    with scene.act("1. Dagster materialises every resource × country into an empty database"):
        first = scene.walk(scene.runs.materialize_everything)
    scene.say(f"   {sum(outcome.changes.inserted for outcome in first):,} rows inserted; {totals(first)}")
    happened = [f"{n} {word.replace('_', ' ')}" for word, n in let_it_change(scene.world).items()]
    scene.say(f"2. The world changes: {', '.join(happened)}")
    with scene.act("3. Dagster materialises everything again"):
        second = scene.walk(scene.runs.materialize_everything)
    scene.say()
    print_outcomes(scene.call, second)
    scene.say()
    healthy = all(outcome.healthy for outcome in (*first, *second))
    complete = len(first) == len(second) == len(scene.refs)
    return _lie_and_heal(scene) and healthy and complete


def _lie_and_heal(scene: Scene) -> bool:
    """One wrong value: a count believes it, a full diff finds it."""
    victim = next(ref for ref in scene.refs if ref.resource == "promotions")
    statement, truth = tamper(scene.database, scene.target(victim), victim.partition)
    scene.say("4. Somebody changes one row of the mirror behind its back:")
    for line in statement.splitlines():
        scene.say(f"   {line}", style="yellow")
    [found] = audit_partitions(scene.config, [victim])
    scene.say(f"   {_count_says(found)}")
    with scene.act("5. The full diff compares every value of every partition"):
        diffs = scene.walk(scene.runs.full_diff)
    wrong = [outcome for outcome in diffs if outcome.changes.written]
    healed = _tell_wrong(scene, wrong, truth)
    return healed and len(wrong) == 1 and all(outcome.verdict is Verdict.PROVEN for outcome in diffs)


def _count_says(found: Audit | FocusError) -> str:
    if isinstance(found, FocusError):
        return sentence(found)
    opinion = "a count sees nothing" if found.agrees else "they differ"
    return f"COUNT(*) is {found.held:,}, the server's total {number(found.total_items)}: {opinion}."


def _tell_wrong(scene: Scene, wrong: list[Outcome], truth: Row) -> bool:
    """Name each row that was wrong; whether the one that was changed is among them, and is what it was."""
    healed = False
    for outcome in wrong:
        row = written(scene.database, scene.target(outcome.ref), outcome.ref.partition, outcome.started_at)
        healed = healed or row == truth
        scene.say(f"   wrong in {outcome.ref}: {row}", style="bold")
        scene.say(f"   {COLUMN} was {truth.value + 1:,}, is {row.value if row else 0:,} again", style="green")
    if not wrong:
        scene.say("   it found nothing", style="red")
    return healed


def _compare(scene: Scene) -> tuple[int, int]:
    """How many partitions hold what the server says now, and of how many the content is proven."""
    found = [one for one in audit_partitions(scene.config, scene.refs) if isinstance(one, Audit)]
    matching = [one for one in found if one.agrees]
    proven = [one for one in matching if one.entry and one.entry.verdict is Verdict.PROVEN]
    return len(matching), len(proven)


def _tell_where(scene: Scene, place: Place) -> None:
    table = scene.target(next(ref for ref in scene.refs if ref.resource == "promotions")).shown
    query = QUERY.format(table=table)
    with scene.database.reading("try the query") as connection:
        answer = ", ".join(f"{country} {count:,}" for country, count in connection.exec_driver_sql(query))
    scene.say()
    scene.say(f"database  {place.shown}")
    attempt = f'try       {place.shell} "{query}"' if place.shell else f"query     {query}"
    scene.call.out.print(Text(attempt), soft_wrap=True)  # to be copied as one line
    scene.say(f"          {answer}")

"""Bring the mirror up to date, and show what became of each partition."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio
from rich.text import Text

from focus_assets.cli.call import Call, print_json
from focus_assets.cli.ending import FAILED, OK, sentence
from focus_assets.cli.progress import ProgressLine
from focus_assets.cli.records import outcome_record
from focus_assets.cli.retries import tell_retry
from focus_assets.cli.selection import Selection, Wanted, select
from focus_assets.cli.tables import Column, Line, number, print_partitions, sentences, together
from focus_assets.fleet import open_fleet
from focus_assets.model.errors import ApiError, ApiTimeout, ApiUnreachable, DatabaseUnreachable, FocusError
from focus_assets.model.outcome import Outcome
from focus_assets.model.wish import Wish
from focus_assets.run import Tools

COLUMNS = (
    Column("load"),
    Column("inserted", "ins", number=True),
    Column("updated", "upd", number=True),
    Column("deleted", "del", number=True),
    Column("unchanged", "same", number=True),
    Column("rows", number=True),
    Column("server total", "server", number=True),
    Column("verdict"),
    Column("seconds", "s", number=True),
)
UNREACHABLE = (ApiUnreachable, ApiTimeout, DatabaseUnreachable)
STYLES = {"proven": "green", "counted": "green", "unverified": "yellow", "moving": "yellow", "diverged": "bold red"}


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of every partition, and which sources could not be asked."""

    outcomes: list[Outcome]
    failed: dict[str, FocusError]

    @property
    def healthy(self) -> bool:
        """Nothing that somebody must look at."""
        return not self.failed and all(outcome.healthy for outcome in self.outcomes)


def sync(call: Call, wanted: Wanted, wish: Wish, *, as_json: bool) -> int:
    """Exit code 1 where anything failed, diverged or is moving."""
    told = _print_record if as_json else _nobody
    synced = anyio.run(partial(run, call, wanted, wish, told))
    if not as_json:
        print_outcomes(call, synced.outcomes)
    sentences(call.err, ((name, sentence(error)) for name, error in synced.failed.items()), style="red")
    return OK if synced.healthy else FAILED


async def run(call: Call, wanted: Wanted, wish: Wish, told: Callable[[Outcome], None]) -> Synced:
    """Mirror what is wanted; `told` hears each outcome as it comes."""

    def retried(error: ApiError, attempt: int, seconds: float) -> None:
        line.clear()
        tell_retry(call, error, attempt, seconds)

    line = ProgressLine(sys.stderr, 0, width=call.err.width)
    async with open_fleet(call.config, heard=retried) as fleet:
        selection: Selection = await select(fleet, wanted)
        line = ProgressLine(sys.stderr, len(selection.refs), width=call.err.width)

        def ended(outcome: Outcome) -> None:
            line.ended(outcome)
            told(outcome)

        try:
            outcomes = await fleet.mirror(selection.refs, wish=wish, tools=Tools(progress=line.heard), told=ended)
        finally:
            line.clear()
    return Synced(outcomes, selection.failed)


def print_outcomes(call: Call, outcomes: Sequence[Outcome]) -> None:
    """The table; beneath it what went wrong, and what is worth knowing."""
    if not outcomes:
        return
    print_partitions(call.out, COLUMNS, [Line(outcome.ref, _cells(outcome)) for outcome in outcomes])
    failed = together((str(o.ref), sentence(o.error)) for o in outcomes if o.error)
    noted = together((str(o.ref), note) for o in outcomes for note in o.notes)
    if failed or noted:
        call.out.print()
    sentences(call.out, failed, style="red")
    sentences(call.out, noted)
    if any(isinstance(outcome.error, UNREACHABLE) for outcome in outcomes):
        call.out.print("`focus doctor` looks at each part, and says what to do.")
    call.out.print(f"\n{_summary(outcomes)}")


def _cells(outcome: Outcome) -> tuple[str | Text, ...]:
    changes, failed = outcome.changes, outcome.error is not None
    counts = (changes.inserted, changes.updated, changes.deleted, changes.unchanged)
    said = outcome.verdict.value if outcome.verdict else "failed"
    return (
        f"{outcome.load or '–'}{' (healed)' if outcome.healed and not failed else ''}",
        *("–" if failed else number(count) for count in counts),
        number(outcome.rows),
        number(outcome.total_items),
        Text(said, style=STYLES.get(said, "bold red")),
        f"{outcome.seconds:.1f}",
    )


def _summary(outcomes: Sequence[Outcome]) -> str:
    return f"{len(outcomes)} partition{'s' if len(outcomes) != 1 else ''}: {totals(outcomes)}"


def totals(outcomes: Sequence[Outcome]) -> str:
    """How many ended how: `14 counted, 1 failed`."""
    said = Counter(outcome.verdict.value if outcome.verdict else "failed" for outcome in outcomes)
    return ", ".join(f"{count} {word}" for word, count in said.most_common()) or "nothing was loaded"


def _print_record(outcome: Outcome) -> None:
    print_json(outcome_record(outcome))
    if outcome.error:
        sys.stderr.write(f"{outcome.ref}: {sentence(outcome.error)}\n")


def _nobody(outcome: Outcome) -> None:
    del outcome

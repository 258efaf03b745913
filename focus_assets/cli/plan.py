"""Foresee what `sync` would do: full or delta, why, and how many rows are expected."""

from __future__ import annotations

from rich.text import Text

from focus_assets.audit import Foresight, foresee
from focus_assets.cli.call import Call, print_json
from focus_assets.cli.each import Answers, for_each, tell_errors
from focus_assets.cli.ending import FAILED, OK
from focus_assets.cli.records import Record, error_record, partition_record
from focus_assets.cli.selection import Wanted
from focus_assets.cli.tables import Column, Line, number, print_partitions
from focus_assets.fleet import Fleet
from focus_assets.model.errors import FocusError
from focus_assets.model.partition import PartitionRef
from focus_assets.model.plan import DeltaLoad
from focus_assets.model.wish import Wish

COLUMNS = (Column("load"), Column("expected rows", "rows", number=True), Column("why", wraps=True))


def plan(call: Call, wanted: Wanted, wish: Wish, *, as_json: bool) -> int:
    """Exit code 1 where a partition could not be foreseen."""

    async def work(fleet: Fleet, ref: PartitionRef) -> Foresight:
        return await foresee(fleet.sources[ref.source], fleet.database, ref, wish=wish)

    answers = for_each(call, wanted, work)
    if as_json:
        for ref, answer in answers.found:
            print_json(plan_record(ref, answer))
    else:
        _print(call, answers)
    tell_errors(call, answers.errors)
    return FAILED if answers.errors else OK


def _print(call: Call, answers: Answers[Foresight]) -> None:
    lines = [Line(seen.ref, (_load(seen), number(seen.lines), _why(seen))) for seen in answers.good]
    if lines:
        print_partitions(call.out, COLUMNS, lines)


def plan_record(ref: PartitionRef, answer: Foresight | FocusError) -> Record:
    """`since` is what a delta asks from; `expected_rows` is null where the server does not tell."""
    if isinstance(answer, FocusError):
        nothing = dict.fromkeys(("load", "reason", "since", "expected_rows"))
        return {**partition_record(ref), **nothing, "error": error_record(answer)}
    return {
        **partition_record(ref),
        "load": _load(answer),
        "reason": answer.plan.reason,
        "since": answer.plan.since if isinstance(answer.plan, DeltaLoad) else None,
        "expected_rows": answer.lines,
        "error": None,
    }


def _load(seen: Foresight) -> str:
    return "delta" if isinstance(seen.plan, DeltaLoad) else "full"


def _why(seen: Foresight) -> Text:
    since = f", since {seen.plan.since}" if isinstance(seen.plan, DeltaLoad) else ""
    return Text(f"{seen.plan.reason}{since}")

"""Show what ran, what it did, and what failed with which cause."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

import sqlalchemy as sa
from rich.text import Text

from focus_assets.cli.call import Call, print_json
from focus_assets.cli.sync import STYLES
from focus_assets.cli.tables import Column, Line, number, print_partitions, sentences
from focus_assets.database.open import Database
from focus_assets.history.errors import errors
from focus_assets.history.runs import Summary, recent, summary
from focus_assets.model.errors import FocusError
from focus_assets.model.outcome import Changes, Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Verdict

Row = sa.RowMapping
COLUMNS = (
    Column("started", "started"),
    Column("load"),
    Column("inserted", "ins", number=True),
    Column("updated", "upd", number=True),
    Column("deleted", "del", number=True),
    Column("rows", number=True),
    Column("verdict"),
    Column("seconds", "s", number=True),
)


def show_runs(call: Call, limit: int, *, as_json: bool) -> int:
    """The latest runs, newest first, and a summary of all of them."""
    database = Database(call.config.destination)
    found = recent(database, limit=limit)
    if as_json:
        return _print_all(found)
    if found:
        print_partitions(call.out, COLUMNS, [Line(_ref(row), _cells(row)) for row in found])
        call.out.print()
    call.out.print(_summary(summary(database)))
    return 0


def show_errors(call: Call, limit: int, *, stacks: bool, as_json: bool) -> int:
    """The latest errors, newest first, with their causes."""
    found = errors(Database(call.config.destination), limit=limit)
    if as_json:
        return _print_all(found)
    for row in found:
        _print_error(call, row, stacks=stacks)
    if not found:
        call.out.print("No run has failed.")
    return 0


def outcome_of(row: Row, message: str) -> Outcome:
    """A run as it was recorded; `message` is its error's, which is recorded beside it."""
    names = ("run_id", "load", "reason", "healed", "rows", "total_items", "quarantined", "generation", "watermark")
    counts = {name: row[name] or 0 for name in ("inserted", "updated", "deleted", "unchanged")}
    return Outcome(
        ref=PartitionRef(row["source"], row["service"], row["resource"], row["partition"]),
        changes=Changes(**counts),
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        started_at=row["started_at"],
        seconds=row["seconds"] or 0.0,
        notes=tuple(row["notes"].splitlines()) if row["notes"] else (),
        error=_recorded(row["error"], message) if row["error"] else None,
        **{name: row[name] for name in names},
    )


def _recorded(name: str, message: str) -> FocusError:
    """An error of an earlier run: its name and its sentence are what is left of it."""
    return cast(FocusError, type(name, (FocusError,), {})(message))


def _print_all(rows: Sequence[Row]) -> int:
    for row in rows:
        print_json(dict(row))
    return 0


def _ref(row: Row) -> PartitionRef:
    return PartitionRef(row["source"], "", row["resource"], row["partition"])


def _cells(row: Row) -> tuple[str | Text, ...]:
    said = row["verdict"] or row["error"] or "failed"
    counts = (row[name] for name in ("inserted", "updated", "deleted"))
    return (
        _moment(row["started_at"]),
        row["load"] or "–",
        *("–" if row["error"] else number(count) for count in counts),
        number(row["rows"]),
        Text(said, style=STYLES.get(said, "bold red")),
        f"{row['seconds'] or 0:.1f}",
    )


def _moment(text: str) -> str:
    return text[:19].replace("T", " ") + "Z" if text else "–"


def _summary(found: Summary) -> str:
    if not found.runs:
        return "Nothing has run yet: focus sync"
    by_name = ", ".join(f"{count} {name}" for name, count in sorted(found.by_error.items()))
    return f"{found.runs:,} runs, {found.failed:,} failed{f': {by_name}' if by_name else ''}"


def _print_error(call: Call, row: Row, *, stacks: bool) -> None:
    who = f"{_moment(row['happened_at'])} {_ref(row)}"
    sentences(call.out, [(who, f"{row['type']}: {row['message']}")])
    if row["cause"]:
        call.out.print(Text(f"  cause: {row['cause']}"))
    if (row["attempts"] or 1) > 1:
        call.out.print(Text(f"  tried {row['attempts']} times"))
    if context := json.loads(row["context"] or "{}"):
        call.out.print(Text("  " + ", ".join(f"{name}: {value}" for name, value in context.items())))
    if stacks:
        call.out.print(Text(row["stack"]), soft_wrap=True)

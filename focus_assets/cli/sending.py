"""Send rows to their APIs, or say what would be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import anyio
from rich.text import Text

from focus_assets.cli.call import Call, print_json
from focus_assets.cli.ending import FAILED, OK
from focus_assets.cli.records import Record, error_record
from focus_assets.database.open import Database
from focus_assets.model.errors import FocusError
from focus_assets.writeback.owed import insist_on_writes
from focus_assets.writeback.rows.open import entry_of, open_sender, plan_of
from focus_assets.writeback.rows.outgoing import selection_of
from focus_assets.writeback.rows.plan import SendPlan
from focus_assets.writeback.rows.send import Report
from focus_assets.writeback.rows.send import send as send_rows

_SHOWN = 20


def send(call: Call, names: Sequence[str], *, accept_deletions: bool, as_json: bool) -> int:
    """Exit code 1 where an API has not all the rows after it. Raises UnknownEntry."""
    codes = []
    for name in _chosen(call, names):
        try:
            report = anyio.run(_send, call, name, accept_deletions)
        except FocusError as error:
            codes.append(_failed(call, name, error, as_json=as_json))
        else:
            print_json(sent_record(name, report)) if as_json else _print(call, name, report)
            codes.append(OK if report.whole else FAILED)
    return max(codes, default=OK)


def foresee(call: Call, names: Sequence[str], *, accept_deletions: bool, as_json: bool) -> int:
    """What would be sent now; no API is asked. Raises UnknownEntry."""
    codes = []
    for name in _chosen(call, names):
        try:
            plan = plan_of(call.config, name, accept_deletions=accept_deletions)
        except FocusError as error:
            codes.append(_failed(call, name, error, as_json=as_json))
        else:
            print_json(foreseen_record(name, plan)) if as_json else _print_plan(call, name, plan)
            codes.append(OK)
    return max(codes, default=OK)


def sent_record(name: str, report: Report) -> Record:
    """What one entry's sending did."""
    return {"entry": name, **report.figures, "whole": report.whole, "broken": report.broken, "error": None}


def foreseen_record(name: str, plan: SendPlan) -> Record:
    """What one entry's sending would do; `changes` are keys with what is to be done."""
    return {
        "entry": name,
        **plan.figures,
        "changes": [{"kind": change.kind.value, "key": change.key} for change in plan.changes],
        "error": None,
    }


def _chosen(call: Call, names: Sequence[str]) -> tuple[str, ...]:
    insist_on_writes(call.config)
    for name in names:
        entry_of(call.config, name)
    return tuple(names) or tuple(call.config.writes)


async def _send(call: Call, name: str, accept_deletions: bool) -> Report:
    selection = selection_of(name, entry_of(call.config, name), Database(call.config.destination))
    async with open_sender(call.config, name) as sender:
        return await send_rows(sender, selection, accept_deletions=accept_deletions)


def _print(call: Call, name: str, report: Report) -> None:
    call.out.print(Text(f"{name}: {_said(report.figures)}"), soft_wrap=True)
    for key, problem in report.broken.items():
        call.err.print(Text(f"{name} {key}: {problem}"), soft_wrap=True)


def _print_plan(call: Call, name: str, plan: SendPlan) -> None:
    call.out.print(Text(f"{name}: {_said(plan.figures)}"), soft_wrap=True)
    for line in _lines(plan):
        call.out.print(Text(line), soft_wrap=True)


def _lines(plan: SendPlan) -> Iterator[str]:
    for change in plan.changes[:_SHOWN]:
        yield f"  {change.kind} {change.key}"
    if len(plan.changes) > _SHOWN:
        yield f"  … and {len(plan.changes) - _SHOWN:,} more"


def _said(figures: Mapping[str, int]) -> str:
    """All that is not nothing; what is unchanged always."""
    told = ((value, name) for name, value in figures.items() if value or name == "unchanged")
    return ", ".join(f"{value:,} {name.replace('_', ' ')}" for value, name in told)


def _failed(call: Call, name: str, error: FocusError, *, as_json: bool) -> int:
    if as_json:
        print_json({"entry": name, "error": error_record(error)})
    else:
        call.err.print(Text(f"{name}: {type(error).__name__}: {error}"), soft_wrap=True)
    return FAILED

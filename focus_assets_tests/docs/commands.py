"""Render the commands, their options and what they print for machines."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import typer

from focus_assets.audit import Foresight
from focus_assets.cli.app import app
from focus_assets.cli.doctor import Finding
from focus_assets.cli.plan import plan_record
from focus_assets.cli.records import outcome_record
from focus_assets.cli.verify import Compared, verify_record
from focus_assets.model.audit import Audit
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.plan import FullLoad
from focus_assets_tests.docs.pages import described, table

REF = PartitionRef("retail", "retail", "promotions", "DE")
PARTITION = {
    "source": "the source's name in `focus.yaml`",
    "resource": "the resource",
    "partition": "the partition: the country or identifier",
    "country": "the same; null for a resource that has none",
}
SYNC = PARTITION | {
    "load": "`full` or `delta`; null where it failed before that was decided",
    "inserted": "rows that were new",
    "updated": "rows whose values differed",
    "deleted": "rows that the server no longer has",
    "unchanged": "rows that were fetched and found equal; they are not written",
    "rows": "`COUNT(*)` of the partition; null where it failed",
    "total_items": "the server's total after the load; null where it failed or has none",
    "verdict": "`proven`, `counted`, `moving`, `unverified` or `diverged`; null where it failed",
    "status": "`loaded`, `skipped` (nothing came, and the mode deletes nothing) or `failed` (nothing was published)",
    "seconds": "wall time",
    "error": "null, or `{type, message}`",
}
PLAN = PARTITION | {
    "load": "`full` or `delta`",
    "reason": "why",
    "since": "from when on a delta asks; null for a full load",
    "expected_rows": "how many lines would be fetched; null where the server does not tell",
    "error": "null, or `{type, message}`",
}
VERIFY = PARTITION | {
    "rows": "`COUNT(*)` of the partition; null where there is no table",
    "quarantined": "its lines in `_focus_rejects`",
    "total_items": "the server's total",
    "difference": "`rows + quarantined - total_items`; null where there is nothing to compare",
    "agrees": "whether they are equal; null where there is nothing to compare",
    "moving": "whether the server's total changed during every comparison",
    "proven_at": "the server's clock at the start of the last full diff that proved the content",
    "proof_age_seconds": "how long ago that was",
    "error": "null, or `{type, message}`",
}
DOCTOR = {
    "about": "`configuration`, a source, or `destination`",
    "check": "what was looked at",
    "ok": "whether there is nothing to do",
    "says": "what was found",
    "do": "what to do; null where it is ok",
}


def commands() -> dict[str, Any]:
    """Every command by what a person types; the group `schema` is its commands."""
    return dict(_walk(typer.main.get_command(app), "focus"))


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    if not inner or path == "focus":
        yield path, command
    for name, child in inner.items():
        yield from _walk(child, f"{path} {name}")


def reference() -> str:
    """Every command with its arguments and options."""
    return "\n\n".join(_described(path, command) for path, command in commands().items())


def _described(path: str, command: Any) -> str:
    arguments = "".join(f" {_shown(parameter)}" for parameter in command.params if not _is_option(parameter))
    said = [f"### `{path}{arguments}`", inspect.cleandoc(command.help or "")]
    rows = [_row(parameter) for parameter in command.params]
    return "\n\n".join([*said, table(("", "default", ""), rows)] if rows else said)


def _row(parameter: Any) -> tuple[str, str, str]:
    return (f"`{_spelled(parameter)}`", _default(parameter), parameter.help or "")


def _is_option(parameter: Any) -> bool:
    return bool(parameter.opts[0].startswith("-"))


def _spelled(parameter: Any) -> str:
    if not _is_option(parameter):
        return _shown(parameter)
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return names if parameter.is_flag else f"{names} {_shown(parameter)}"


def _shown(parameter: Any) -> str:
    if parameter.metavar:
        inner = parameter.metavar.strip("[]")
        return inner if _is_option(parameter) else f"[{inner}]{'…' if parameter.nargs == -1 else ''}"
    annotation = parameter.type_descriptor.annotation
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return "|".join(member.value for member in annotation)
    return {int: "N", float: "NUMBER"}[annotation]


def _default(parameter: Any) -> str:
    default = parameter.default
    if default is None or default is False:
        return ""
    if default is True:
        return f"`{parameter.opts[0]}`"
    return f"`{default.value if isinstance(default, enum.Enum) else default}`"


def sync_fields() -> str:
    """What `sync --json` prints."""
    return _fields(outcome_record(Outcome(REF, "1")), SYNC)


def plan_fields() -> str:
    """What `plan --json` prints."""
    return _fields(plan_record(REF, Foresight(REF, FullLoad("why"), 1)), PLAN)


def verify_fields() -> str:
    """What `verify --json` prints."""
    compared = Compared(Audit(REF, 1, 0, 1, False, None), comparable=True)
    return _fields(verify_record(REF, compared, datetime.now(UTC)), VERIFY)


def doctor_fields() -> str:
    """What `doctor --json` prints."""
    return _fields(Finding("a", "b", "c").record, DOCTOR)


def _fields(record: dict[str, object], meanings: dict[str, str]) -> str:
    return table(("field", ""), described(record, meanings))

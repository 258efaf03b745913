"""Keep the snapshots of the schemas current, and show how the server's schema differs from them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import anyio
from rich.text import Text

from focus_assets.cli.call import Call, print_json
from focus_assets.cli.each import tell_errors
from focus_assets.cli.ending import FAILED, OK
from focus_assets.defs.snapshots import read_snapshot
from focus_assets.fleet import open_fleet
from focus_assets.model.errors import FocusError, InvalidSchema
from focus_assets.model.schema import Column, SchemaDrift, compare
from focus_assets.sources.snapshots import Schemas, write_snapshot

Drifts = dict[str, SchemaDrift | str]
NEW, GONE = "new", "gone"


def refresh(call: Call) -> int:
    """Write each source's snapshot; exit code 1 where a source could not be asked."""
    found, failed = anyio.run(partial(_fetch, call))
    for name, schemas in found.items():
        drifts = drift_of(_snapshot(call, name), schemas)
        path = write_snapshot(call.config, name, schemas)
        call.out.print(Text(f"{path}: {len(schemas)} resources"), soft_wrap=True)
        _print(call, name, drifts)
    tell_errors(call, list(failed.items()))
    return FAILED if failed else OK


def diff(call: Call, *, as_json: bool) -> int:
    """Exit code 1 where a schema differs from its snapshot, or could not be asked."""
    found, failed = anyio.run(partial(_fetch, call))
    drifts = {name: drift_of(_snapshot(call, name), schemas) for name, schemas in found.items()}
    for name, of_source in drifts.items():
        if as_json:
            _print_json(name, of_source)
        else:
            _print(call, name, of_source)
    tell_errors(call, list(failed.items()))
    different = any(of_source for of_source in drifts.values())
    if not (different or failed or as_json):
        call.out.print("The snapshots are what the server says.")
    return FAILED if different or failed else OK


async def _fetch(call: Call) -> tuple[dict[str, Schemas], dict[str, FocusError]]:
    found: dict[str, Schemas] = {}
    failed: dict[str, FocusError] = {}
    async with open_fleet(call.config) as fleet:
        for name, source in fleet.sources.items():
            try:
                found[name] = await source.schemas(fresh=True)
            except FocusError as error:
                failed[name] = error
    return found, failed


def _snapshot(call: Call, source: str) -> Schemas:
    try:
        return read_snapshot(call.config, source) or {}
    except InvalidSchema as error:
        call.err.print(Text(f"{error}: taken for none", style="yellow"), soft_wrap=True)
        return {}


def drift_of(old: Schemas, new: Schemas) -> Drifts:
    """How each resource differs; those that do not are left out."""
    changed: Drifts = {name: compare(old[name], new[name]) for name in old if name in new}
    differing: Drifts = {name: drift for name, drift in changed.items() if drift}
    return differing | dict.fromkeys(new.keys() - old.keys(), NEW) | dict.fromkeys(old.keys() - new.keys(), GONE)


def _print(call: Call, source: str, drifts: Drifts) -> None:
    for resource, drift in sorted(drifts.items()):
        call.out.print(Text(f"  {source}/{resource}: {drift}"))


def _print_json(source: str, drifts: Drifts) -> None:
    for resource, drift in sorted(drifts.items()):
        print_json({"source": source, "resource": resource, **dict(_fields(drift))})


def _fields(drift: SchemaDrift | str) -> Iterator[tuple[str, object]]:
    if isinstance(drift, str):
        yield "change", drift
        return
    yield "change", "changed"
    for what, columns in (("added", drift.added), ("removed", drift.removed), ("retyped", drift.retyped)):
        yield what, [_column(column) for column in columns]
    yield "key_changed", drift.key_changed


def _column(column: Column) -> dict[str, str]:
    return {"name": column.name, "type": str(column.type)}

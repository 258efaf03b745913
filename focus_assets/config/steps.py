"""Make the steps of a transformation from what focus.yaml says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from focus_assets.config.transform import ALL, CleanStep, DateFormat, Names
from focus_assets.model.errors import InvalidConfiguration
from focus_assets.model.schema import KNOWN_TYPES, ColumnType, Kind, parse_type
from focus_assets.transform import (
    Cast,
    Clean,
    Constants,
    Dates,
    Derive,
    Drop,
    ExplodeKeys,
    Flatten,
    Moment,
    Rename,
    Select,
    Step,
    Trim,
    named,
)

_KINDS = {"date": Kind.DATE, "time": Kind.TIMESTAMP}


def made(name: str, found: Any, home: Path | None = None) -> Step:
    """The step of this name; a function's module is looked for in `home` too. Raises InvalidConfiguration."""
    return named(found, home) if name == "function" else _STEPS[name](found)


def _chosen(names: Literal["all"] | Names) -> Names | None:
    return None if names == ALL else tuple(names)


def _clean(found: CleanStep) -> Step:
    return Clean(
        _chosen(found.columns),
        collapse_spaces=found.collapse_spaces,
        remove_control=found.remove_control,
        empty_as_null=found.empty_as_null,
    )


def _dates(found: Mapping[str, str | DateFormat]) -> Step:
    written = {name: DateFormat(format=one) if isinstance(one, str) else one for name, one in found.items()}
    return Dates({name: _moment(one) for name, one in written.items()})


def _moment(written: DateFormat) -> Moment:
    return Moment(written.format, written.zone, written.ambiguous, _KINDS[written.kind] if written.kind else None)


def _cast(found: Mapping[str, str]) -> Step:
    return Cast({name: _type(text) for name, text in found.items()})


def _type(text: str) -> ColumnType:
    found = parse_type(text)
    if found is None:
        raise InvalidConfiguration(text, f"expected a type: {', '.join(KNOWN_TYPES)}, decimal(p,s)")
    return found


def _exact(value: Any) -> Any:
    """YAML's 1.5 is meant as it is written."""
    return Decimal(repr(value)) if isinstance(value, float) else value


_STEPS: Mapping[str, Callable[[Any], Step]] = {
    "rename": Rename,
    "select": Select,
    "drop": Drop,
    "flatten": lambda found: Flatten(found.separator, found.depth, found.keep),
    "explode_keys": lambda found: ExplodeKeys(found.into, found.at, found.value),
    "dates": _dates,
    "trim": lambda found: Trim(_chosen(found)),
    "clean": _clean,
    "cast": _cast,
    "constants": lambda found: Constants({name: _exact(value) for name, value in found.items()}),
    "derive": Derive,
}

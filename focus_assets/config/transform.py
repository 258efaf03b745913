"""Say how records are transformed: a list of steps, each under its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from focus_assets.config.knobs import Count, Knobs
from focus_assets.model.errors import InvalidConfiguration
from focus_assets.model.schema import KNOWN_TYPES, ColumnType, Kind, parse_type
from focus_assets.transform import (
    Ambiguous,
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

Names = tuple[str, ...]
_ALL: Literal["all"] = "all"
_KINDS = {"date": Kind.DATE, "time": Kind.TIMESTAMP}


class FlattenStep(Knobs):
    """How the members of objects become attributes."""

    separator: str = Field(default="_", description="Stands between the names.")
    depth: Count | None = Field(default=None, description="How many levels are opened; without, all of them.")
    keep: Names = Field(default=(), description="Attributes that stay whole, for a json column.")


class ExplodeKeysStep(Knobs):
    """How an object that is keyed by a time, or anything else, becomes rows."""

    into: str = Field(alias="as", min_length=1, description="The attribute that takes the key.")
    at: str | None = Field(default=None, description="The attribute that holds the object; without, the record is it.")
    value: str | None = Field(
        default=None, description="The attribute that takes what is under a key, where that is no object."
    )


class CleanStep(Knobs):
    """What is taken out of texts."""

    columns: Literal["all"] | Names = Field(default=_ALL, description="Which attributes.")
    collapse_spaces: bool = Field(default=False, description="Any run of white space becomes one space.")
    remove_control: bool = Field(default=False, description="Control characters, and NUL, are left out.")
    empty_as_null: bool = Field(default=False, description="A text without a character becomes null.")


class DateFormat(Knobs):
    """How an attribute writes its dates."""

    format: str = Field(default="iso", description="`iso`, `unix`, `unix_ms`, or a format of Python's strptime.")
    zone: str = Field(default="UTC", description="The zone of times that have none, such as Europe/Berlin.")
    ambiguous: Ambiguous = Field(
        default=Ambiguous.REFUSE, description="What a local time means that comes twice as the clocks go back."
    )
    kind: Literal["date", "time"] | None = Field(
        default=None, alias="as", description="Without, a date where the format has no time of day."
    )

    def moment(self) -> Moment:
        """What `dates` needs; raises InvalidConfiguration."""
        return Moment(self.format, self.zone, self.ambiguous, _KINDS[self.kind] if self.kind else None)


class TransformStep(Knobs):
    """One step, under its name; each sees what the step before it made."""

    rename: dict[str, str] | None = Field(default=None, description="The name in the API, and the column's.")
    select: Names | None = Field(default=None, description="The attributes to keep, in their order.")
    drop: Names | None = Field(default=None, description="The attributes to leave out.")
    flatten: FlattenStep | None = Field(default=None, description="Make the members of objects into attributes.")
    explode_keys: ExplodeKeysStep | None = Field(default=None, description="Make an object's keys into rows.")
    dates: dict[str, str | DateFormat] | None = Field(
        default=None, description="The attribute, and its format: `iso`, `unix`, `unix_ms`, strptime, or keys as below."
    )
    trim: Literal["all"] | Names | None = Field(default=None, description="Texts that lose the spaces at their ends.")
    clean: CleanStep | None = Field(default=None, description="Clean texts of what nobody meant to write.")
    cast: dict[str, str] | None = Field(default=None, description="The attribute, and its type: exactly, or an error.")
    constants: dict[str, Any] | None = Field(
        default=None, description="The attribute, and its value; `{partition}` in it stands for the partition."
    )
    derive: dict[str, str] | None = Field(default=None, description="The attribute, and the JMESPath that finds it.")
    function: str | None = Field(
        default=None, description="`module:function` of yours: it takes a record, and returns one."
    )

    @model_validator(mode="after")
    def _is_one_step_that_can_be_taken(self) -> Self:
        if len(self.model_fields_set) != 1 or next(iter(self._said().values())) is None:
            raise ValueError("expected one step under its name, such as rename: {open: open_price}")
        if self.function is not None and not all(self.function.partition(":")):
            raise ValueError("expected module:function, such as prices:tidy")
        try:
            if self.function is None:
                self.step()
        except InvalidConfiguration as error:
            raise ValueError(f"{error.where}: {error.problem}") from None
        return self

    def step(self, home: Path | None = None) -> Step:
        """The step; a function's module is looked for in `home` too. Raises InvalidConfiguration."""
        ((name, found),) = self._said().items()
        return named(found, home) if name == "function" else _STEPS[name](found)

    def _said(self) -> Mapping[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}


def steps_of(configured: Iterable[TransformStep], home: Path | None = None) -> list[Step]:
    """The steps of a resource, for `transform.pipeline`. Raises InvalidConfiguration where a function is not there."""
    return [one.step(home) for one in configured]


def _chosen(names: Literal["all"] | Names) -> Names | None:
    return None if names == _ALL else tuple(names)


def _clean(found: CleanStep) -> Step:
    return Clean(
        _chosen(found.columns),
        collapse_spaces=found.collapse_spaces,
        remove_control=found.remove_control,
        empty_as_null=found.empty_as_null,
    )


def _dates(found: Mapping[str, str | DateFormat]) -> Step:
    written = {name: DateFormat(format=one) if isinstance(one, str) else one for name, one in found.items()}
    return Dates({name: one.moment() for name, one in written.items()})


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

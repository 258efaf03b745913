"""Say how records are transformed: a list of steps, each under its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from focus_assets.config.knobs import Count, Knobs
from focus_assets.model.errors import InvalidConfiguration
from focus_assets.model.stamps import Ambiguous

if TYPE_CHECKING:
    from focus_assets.transform import Step

Names = tuple[str, ...]
ALL: Literal["all"] = "all"


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

    columns: Literal["all"] | Names = Field(default=ALL, description="Which attributes.")
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
        from focus_assets.config.steps import made  # most files transform nothing

        ((name, found),) = self._said().items()
        return made(name, found, home)

    def _said(self) -> Mapping[str, Any]:
        return {name: getattr(self, name) for name in self.model_fields_set}


def steps_of(configured: Iterable[TransformStep], home: Path | None = None) -> list[Step]:
    """The steps of a resource, for `transform.pipeline`. Raises InvalidConfiguration where a function is not there."""
    return [one.step(home) for one in configured]

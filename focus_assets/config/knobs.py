"""Say what all configuration models share: what they refuse, and the numbers that they take."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo


class Knobs(BaseModel):
    """What all models here share: no unknown key, no change after it was read, no secret in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    @classmethod
    def spelled(cls) -> dict[str, FieldInfo]:
        """Its fields by their keys, as focus.yaml spells them."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, data: object) -> object:
        """`${NAME:-}` turns an option off."""
        if not isinstance(data, dict):
            return data
        optional = {key for key, field in cls.spelled().items() if type(None) in get_args(field.annotation)}
        return {key: None if value == "" and key in optional else value for key, value in data.items()}


def _no_switch(value: object) -> object:
    if isinstance(value, bool):  # which pydantic takes for 0 and 1
        raise ValueError("expected a number")
    return value


Whole = Annotated[int, BeforeValidator(_no_switch), Field(ge=0)]
Count = Annotated[int, BeforeValidator(_no_switch), Field(ge=1)]
Seconds = Annotated[float, BeforeValidator(_no_switch), Field(gt=0)]

"""Transform the records that a script has in hand by the steps of focus.yaml, and by functions of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from focus_assets.config.transform import TransformStep, steps_of
from focus_assets.model.errors import InvalidConfiguration
from focus_assets.model.records import Record
from focus_assets.transform import Context, Function, Rename, Step, named, pipeline

_STEPS: TypeAdapter[Any] = TypeAdapter(tuple[TransformStep, ...])
Own = Callable[[Record], Record] | str


class ResponseTransformer:
    """Transforms records as a `transform:` of focus.yaml does, whose steps it may be given."""

    def __init__(self, steps: Sequence[Mapping[str, Any]] = (), *, key: Sequence[str] = ()) -> None:
        """`key` names the attributes by which errors name a record. Raises InvalidConfiguration."""
        self._steps, self._key = _steps(steps), tuple(key)

    def transform(
        self,
        records: Iterable[Record],
        *,
        field_mapping: Mapping[str, str] | None = None,
        custom_transforms: Mapping[str, Callable[[Any], Any]] | Sequence[Own] = (),
    ) -> list[Record]:
        """The records after the mapping (API → column), the steps, and the script's own functions, in this order.

        `custom_transforms` has a function for each column that it names, or is a list of functions of a whole record
        (`module:function` too). Raises RowError: the record's number and key, and the step; InvalidConfiguration.
        """
        mapping: list[Step] = [Rename(field_mapping)] if field_mapping else []
        return list(pipeline([*mapping, *self._steps, *_own(custom_transforms)])(records, Context(key=self._key)))


def _own(custom: Mapping[str, Callable[[Any], Any]] | Sequence[Own]) -> list[Step]:
    if isinstance(custom, Mapping):
        return [Function(_on(column, function), f"the function of {column!r}") for column, function in custom.items()]
    return [named(one) if isinstance(one, str) else Function(one, _name(one)) for one in custom]


def _on(column: str, function: Callable[[Any], Any]) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        return record | {column: function(record[column])} if column in record else record

    return change


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _steps(said: Sequence[Mapping[str, Any]]) -> list[Step]:
    try:
        return steps_of(_STEPS.validate_python(list(said)))
    except ValidationError as error:
        details = error.errors(include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in details["loc"])
        raise InvalidConfiguration("steps", details["msg"].removeprefix("Value error, "), path=place) from None

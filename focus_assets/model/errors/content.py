"""What is wrong with a schema or a row."""

from __future__ import annotations

from collections.abc import Iterable

from focus_assets.model.errors.root import FocusError, some, start


class SchemaError(FocusError):
    """The schema cannot be mirrored as it is."""


class InvalidSchema(SchemaError):
    """The schema's answer has not the documented shape."""


class UnknownType(SchemaError):
    """A column of a type that nobody described."""

    def __init__(self, resource: str, column: str, type_name: str, known: Iterable[str]) -> None:
        self.resource, self.column, self.type_name = resource, column, type_name
        super().__init__(f"{resource}.{column}: unknown type {type_name!r}; known: {some(tuple(known))}")


class NameRefused(SchemaError):
    """A hostile, reserved or colliding name."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"the name {start(name)} is refused: {reason}")


class SchemaChanged(SchemaError):
    """A column was removed, retyped or left the key; or the schema moved during the load."""


class RowError(FocusError):
    """One line that cannot be stored as it is: feed, line (from 1), column, start of the value.

    Of records that are no lines, `feed` names the record: its number and its key.
    """

    def __init__(self, problem: str, *, feed: str = "", line: int = 0, column: str = "", value: str = "") -> None:
        self.problem, self.feed, self.line, self.column, self.value = problem, feed, line, column, value
        places = (feed, f"line {line}" if line else "", f"column {column!r}" if column else "")
        place = ", ".join(part for part in places if part)
        found = f"; found {start(value)}" if value else ""
        super().__init__(f"{place}: {problem}{found}" if place else f"{problem}{found}")


class BadValue(RowError):
    """Wrong type, out of range, NaN, NUL, a lone surrogate, too precise."""


class DuplicateName(RowError):
    """One JSON object that names a key twice."""


class MissingKey(RowError):
    """A null or absent primary key."""


class UnknownAttribute(RowError):
    """A line has an attribute that the schema lacks."""


class FunctionFailed(RowError):
    """A user's own function raised an error for a record."""

"""Keep an error as it is told later: when, what, why, where in the code, and whether it was tried again."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field

from focus_assets.model.errors import ApiError, FocusError


@dataclass(frozen=True, slots=True)
class Failure:
    """One error. `happened_at` is a canonical timestamp; `attempts` tries were made of what failed.

    `context` says what was being done: names and values, none of them secret.
    """

    happened_at: str
    type: str
    message: str
    cause: str | None
    stack: str
    repeatable: bool = False
    attempts: int = 1
    context: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: BaseException, happened_at: str, context: Mapping[str, object] | None = None) -> Failure:
        """What an error says of itself; what is None in the context is left out."""
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        known = {**_place(error), **(context or {})}
        return cls(
            happened_at=happened_at,
            type=type(error).__name__,
            message=str(error),
            cause=f"{type(cause).__name__}: {cause}" if cause else None,
            stack="".join(traceback.format_exception(error)),
            repeatable=isinstance(error, FocusError) and error.repeatable,
            attempts=error.attempts if isinstance(error, ApiError) else 1,
            context={name: str(value) for name, value in known.items() if value not in (None, "")},
        )


def _place(error: BaseException) -> dict[str, object]:
    """Where at the API it happened, and how its people find it; the URL has no values of its query."""
    if not isinstance(error, ApiError):
        return {}
    return {"url": error.url, "status": error.status, "correlation_id": error.correlation_id}

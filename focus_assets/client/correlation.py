"""Name a request, so that the people of its server can find it, and tell the name with what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from focus_assets.model.errors import ApiError

HEADER = "x-correlation-id"


@contextmanager
def correlating(name: str | None) -> Iterator[None]:
    """Tell it with each ApiError, unless that tells another already."""
    try:
        yield
    except ApiError as error:
        correlate(error, name)
        raise


def correlate(error: ApiError, name: str | None) -> ApiError:
    """The error, which tells it from now on."""
    if name and not error.correlation_id:
        error.correlation_id = name
        error.add_note(f"X-Correlation-ID: {name}")
    return error

"""The error that all others are, and what their sentences share."""

from __future__ import annotations

from typing import ClassVar


class FocusError(Exception):
    """The root of the tree; its text is one sentence for a person."""

    repeatable: ClassVar[bool] = False


def start(text: str, limit: int = 60) -> str:
    return repr(text if len(text) <= limit else text[:limit] + "…")


def some(names: tuple[str, ...], limit: int = 12) -> str:
    if not names:
        return "none"
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"

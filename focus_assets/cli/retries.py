"""Say that something is tried again, where that takes a while: silence would pass for a command that hangs."""

from __future__ import annotations

from rich.text import Text

from focus_assets.cli.call import Call
from focus_assets.model.errors import ApiError

WORTH_A_WORD = 1.0  # seconds of waiting


def tell_retry(call: Call, error: ApiError, attempt: int, seconds: float) -> None:
    """On stderr, before the wait begins."""
    if seconds >= WORTH_A_WORD:
        said = Text(f"{error.problem} at {error.url}: try {attempt + 1} in {seconds:.0f} s")
        call.err.print(said, soft_wrap=True)

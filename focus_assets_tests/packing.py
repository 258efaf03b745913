"""Do without the compiled piece on a desk, and not in CI."""

from __future__ import annotations

from focus_assets.sources.packed import packer_type
from focus_assets_tests.services import missing


def needs_packer() -> None:
    """Skip the test where the compiled piece is not installed; with CI=true fail it."""
    if packer_type() is None:
        missing("the compiled piece (`make native` builds it, with cargo)")

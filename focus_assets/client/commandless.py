"""Import httpx without its command line, before the modules beside this one import it.

It imports that for the sake of `httpx.main` alone, and with it click, pygments and half of rich: as much again as
all the rest.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

_COMMAND_LINE = "httpx._main"


def main(*args: Any, **kwargs: Any) -> Any:
    """Stands for `httpx.main`: the command line all the same, imported when somebody calls it."""
    from httpx._main import main as command_line

    return command_line(*args, **kwargs)


def _import() -> None:
    """Whoever has imported httpx before has its command line too, and keeps it."""
    if "httpx" in sys.modules:
        return
    stand_in = ModuleType(_COMMAND_LINE)
    vars(stand_in)["main"] = main
    sys.modules[_COMMAND_LINE] = stand_in
    try:
        import httpx  # noqa: F401
    finally:
        del sys.modules[_COMMAND_LINE]


_import()

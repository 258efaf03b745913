"""Run a user's own function on records."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from focus_assets.model.errors import BadValue, FunctionFailed, InvalidConfiguration, RowError
from focus_assets.model.records import Record
from focus_assets.model.schema import ColumnType
from focus_assets.transform.pipeline import NOWHERE, Context


@dataclass(frozen=True, slots=True)
class Function:
    """Call a function with a copy of the record; it returns the record to go on with.

    >>> list(Function(lambda record: record | {"high": record["open"] * 2}, "doubled")({"open": 1}))
    [{'open': 1, 'high': 2}]
    """

    call: Callable[[Record], Record]
    shown: str
    name: ClassVar[str] = "function"

    def __call__(self, record: Record, context: Context = NOWHERE) -> Iterable[Record]:
        """Raises FunctionFailed for whatever it raises; its own RowErrors pass."""
        try:
            found: Any = self.call(dict(record))
        except RowError:
            raise
        except Exception as error:
            raise FunctionFailed(f"{self.shown} raised {type(error).__name__}: {error}") from error
        if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
            raise BadValue(f"{self.shown} returned a {type(found).__name__} and no record")
        return (found,)

    def types(self, before: Mapping[str, ColumnType]) -> Mapping[str, ColumnType]:
        """As they were: what the function does is not known."""
        return before


def named(dotted: str, beside: Path | None = None) -> Function:
    """The function of a path such as `prices:tidy`, from a module that Python finds, or that lies in `beside`.

    Raises InvalidConfiguration.
    """
    module, _, attribute = dotted.partition(":")
    if not module or not attribute:
        raise InvalidConfiguration(dotted, "expected module:function, such as prices:tidy")
    try:
        with _findable(beside):
            found: Any = importlib.import_module(module)
    except Exception as error:  # whatever somebody else's module does when it is imported
        raise InvalidConfiguration(dotted, f"the module cannot be imported: {type(error).__name__}: {error}") from error
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise InvalidConfiguration(dotted, f"the module {module} has no function {attribute!r}")
    return Function(found, dotted)


@contextmanager
def _findable(folder: Path | None) -> Iterator[None]:
    """Let modules of a folder be found for a while, after all others."""
    added = [] if folder is None or str(folder) in sys.path else [str(folder)]
    sys.path.extend(added)
    try:
        yield
    finally:
        for one in added:
            sys.path.remove(one)

"""Find values in a document by JMESPath, its numbers exact."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.parser import Parser

from focus_assets.model.errors import BadValue, InvalidConfiguration
from focus_assets.model.jsontext import MAX_DIGITS, compact
from focus_assets.model.records import wire

_DECIMALS = ("Decimal", "Scientific")
_SUMS = decimal.Context(prec=MAX_DIGITS)


class _ExactFunctions(Functions):
    """JMESPath's own functions, which know no decimals."""

    def _get_allowed_pytypes(self, types: Any) -> Any:
        allowed, inner = super()._get_allowed_pytypes(types)  # type: ignore[misc]  # the stubs leave it out
        return _with_decimals(allowed), [_with_decimals(names) for names in inner]

    def _convert_to_jmespath_type(self, name: str) -> str:
        known: str = super()._convert_to_jmespath_type(name)  # type: ignore[misc]
        return "number" if name in _DECIMALS else known

    @signature({"types": ["array-number"]})
    def _func_sum(self, numbers: list[Any]) -> Any:
        with decimal.localcontext(_SUMS):
            return sum(numbers)

    @signature({"types": ["array-number"]})
    def _func_avg(self, numbers: list[Any]) -> Any:
        with decimal.localcontext(_SUMS):
            total = Decimal(sum(numbers))
        return total / len(numbers) if numbers else None

    @signature({"types": []})
    def _func_to_number(self, found: Any) -> Any:
        if isinstance(found, bool | list | dict | None):
            return None
        return _number(found) if isinstance(found, str) else found

    @signature({"types": []})
    def _func_to_string(self, found: Any) -> str:
        return found if isinstance(found, str) else compact(wire(found))


class Path:
    """A JMESPath, compiled once; its numbers are integers and decimals, and averages have 28 digits."""

    def __init__(self, text: str) -> None:
        """Raises InvalidConfiguration."""
        self.text = text
        try:
            self._parsed = Parser().parse(text)
        except JMESPathError as error:
            problem = " ".join(str(error).split())
            raise InvalidConfiguration(text, f"expected a JMESPath ({problem})") from error
        _make_exact(self._parsed.parsed)

    def __repr__(self) -> str:
        return f"Path({self.text!r})"

    def find(self, document: object) -> Any:
        """What the path finds; None where it finds nothing. Raises BadValue where a function of it cannot work.

        >>> Path("sum(lines[].price)").find({"lines": [{"price": Decimal("0.1")}, {"price": Decimal("0.2")}]})
        Decimal('0.3')
        """
        try:
            return self._parsed.search(document, _EXACTLY)
        except (JMESPathError, ArithmeticError, TypeError, ValueError) as error:
            raise BadValue(f"the path {self.text!r} cannot be applied: {error}") from error


@lru_cache(maxsize=256)
def path(text: str) -> Path:
    """The compiled path for a text."""
    return Path(text)


_EXACTLY = jmespath.Options(custom_functions=_ExactFunctions())


def _with_decimals(names: Any) -> list[str]:
    return [*names, *_DECIMALS] if "float" in names else list(names)


def _number(text: str) -> int | Decimal | None:
    try:
        found = Decimal(text.strip())
    except ArithmeticError:
        return None
    if not found.is_finite() or abs(found.adjusted()) > MAX_DIGITS:
        return None
    return int(found) if text.strip().lstrip("+-").isdigit() else found


def _make_exact(node: Any) -> None:
    """JMESPath reads `0.1` in a path as a float, which is not the 0.1 of a document."""
    if node["type"] == "literal" and isinstance(node["value"], float) and math.isfinite(node["value"]):
        node["value"] = Decimal(repr(node["value"]))
    for child in node["children"]:
        if isinstance(child, dict):
            _make_exact(child)

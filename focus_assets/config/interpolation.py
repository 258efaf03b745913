"""Put the environment's values where a configuration asks for them.

`${NAME}` is the variable's value, `${NAME:-default}` the default where the variable is unset or empty,
`$${` a literal `${`. It works on the scalars of data that is already parsed, so that no value
(a password with `: #` in it) is ever read as YAML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<bad>\$\{)")
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Problem:
    """A key's path and what is wrong there."""

    path: str
    text: str


def spell(path: KeyPath) -> str:
    """A key's path as a person writes it: `sources.focus.countries[2]`."""
    spelled = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return spelled.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Replaces references in scalars and keeps every problem that it met."""

    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def __call__(self, value: object, path: KeyPath = ()) -> object:
        """The same data with its references replaced."""
        if len(path) > _DEEPEST:  # an alias can make YAML data contain itself
            self.problems.append(Problem(spell(path[:3]), f"expected at most {_DEEPEST} levels"))
            return None
        if isinstance(value, dict):
            return {str(key): self(inner, (*path, str(key))) for key, inner in value.items()}
        if isinstance(value, list):
            return [self(inner, (*path, index)) for index, inner in enumerate(value)]
        return _REFERENCE.sub(self._replacer(path), value) if isinstance(value, str) else value

    def _replacer(self, path: KeyPath) -> Callable[[re.Match[str]], str]:
        return lambda match: self._replace(match, path)

    def _replace(self, match: re.Match[str], path: KeyPath) -> str:
        name, default = match["name"], match["default"]
        if match["bad"]:
            self.problems.append(Problem(spell(path), "expected ${NAME}, ${NAME:-default}, or $${ for a literal ${"))
            return ""
        if name is None:
            return "${"
        if default is not None:
            return self.environ.get(name) or default
        if name not in self.environ:
            self.problems.append(Problem(spell(path), f"the environment variable {name} is not set"))
        return self.environ.get(name, "")

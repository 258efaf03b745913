"""Read a YAML text into plain data, strictly: what was written is what is meant."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from focus_assets.model.errors import InvalidConfiguration


class _StrictLoader(yaml.SafeLoader):
    """YAML's core types only: `NO`, `on`, `007`, `12:30` and `2026-01-01` stay the texts that they are."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own spelling; not shared with its parent

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that is there twice: YAML keeps the last one and says nothing."""
        seen: set[str] = set()
        for key, _ in node.value:
            _refuse_key(key, seen)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _refuse_key(key: yaml.Node, seen: set[str]) -> None:
    if not isinstance(key, yaml.ScalarNode):
        raise ConstructorError(None, None, "expected a text as the key", key.start_mark)
    if key.value in seen:
        raise ConstructorError(None, None, f"the key {key.value!r} is there twice", key.start_mark)


_CORE = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
)
for _name, _pattern, _first in _CORE:
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), _first)


def read_yaml(text: str, where: str) -> object:
    """The plain data of one YAML document; InvalidConfiguration names the line and column."""
    try:
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        # Not the error's own text: it quotes the lines around, which may hold a password.
        raise InvalidConfiguration(where, f"not YAML: {error.problem or error.context}", path=place) from None
    except yaml.YAMLError:
        raise InvalidConfiguration(where, "not YAML: it holds a character that is not allowed there") from None

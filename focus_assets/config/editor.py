"""Describe focus.yaml to editors, as a JSON Schema."""

from __future__ import annotations

from typing import Any

from focus_assets.config.document import Document

_TYPED = ("integer", "number", "boolean")
_REFERENCE = {"type": "string", "pattern": r"\$\{", "description": "from the environment: ${NAME}"}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of focus.yaml, which takes `${NAME}` wherever a scalar stands."""
    schema = _with_references(Document.model_json_schema())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "focus.yaml"
    return dict(schema)


def _with_references(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_references(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    inside = {key: _with_references(inner) for key, inner in node.items()}
    return _or_reference(inside) if _needs_one(node) else inside


def _needs_one(node: dict[str, Any]) -> bool:
    return node.get("type") in (*_TYPED, "array") or isinstance(node.get("enum"), list)


def _or_reference(node: dict[str, Any]) -> dict[str, Any]:
    """Keep the title and what it says outside, so that an editor shows them in either case."""
    outside = {key: node.pop(key) for key in ("title", "description", "default") if key in node}
    return outside | {"anyOf": [node, _REFERENCE]}

"""Say what was asked, without what must not be seen: values of the environment, and of names that speak of secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from focus_assets.client import redact
from focus_assets.config import Config, DiscoveredSource, RestSource
from focus_assets.config.reading import read_yaml
from focus_assets.sources.rest.glimpse import Glimpse

HIDDEN = "…"
_SECRET = re.compile(r"key|token|secret|passw|auth|sig|credential|session|\bpin\b", re.IGNORECASE)


def speaks_of_a_secret(name: str) -> bool:
    """Whether a parameter's name says that its value is nobody's business.

    >>> [speaks_of_a_secret(name) for name in ("apikey", "page", "access_token")]
    [True, False, True]
    """
    return _SECRET.search(name) is not None


@dataclass(frozen=True, slots=True)
class Written:
    """What focus.yaml itself says under a resource: what came into it from the environment is not shown."""

    who: str
    headers: tuple[str, ...]
    resource: Mapping[str, Any]

    @classmethod
    def of(cls, config: Config, source: str, resource: str) -> Written:
        """Read anew, as references are no longer seen in what was configured."""
        settings = config.source(source)
        if isinstance(settings, DiscoveredSource):
            entry = _entry(config, "sources", source)
            return cls(f"as client {settings.client_id}", (), {"params": {**entry, **(entry.get("params") or {})}})
        assert isinstance(settings, RestSource)
        return cls(settings.auth.who, tuple(settings.headers), _entry(config, "sources", source, "resources", resource))

    def shown(self, part: str, name: str, value: object) -> str:
        """A value of `params` or `body` for people."""
        found = self.resource.get(part)
        said = found.get(name) if isinstance(found, dict) else None
        unseen = "${" in json.dumps(said, default=str) or any(speaks_of_a_secret(one) for one in _names(name, value))
        return HIDDEN if unseen else _text(value)


def _entry(config: Config, *keys: str) -> Mapping[str, Any]:
    raw: Any = read_yaml(config.file.read_text(encoding="utf-8-sig"), str(config.file)) if config.file else {}
    for key in keys:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw or {}


def request_lines(glimpse: Glimpse, written: Written) -> Iterator[str]:
    """The request as one would write it down."""
    yield f"{glimpse.resource.method.value} {redact(glimpse.ask.url)}"
    for name, value in glimpse.ask.params.items():
        yield glimpse.hide(f"  {name} = {written.shown('params', name, value)}")
    for name, value in (glimpse.ask.body or {}).items():
        yield glimpse.hide(f"  {name}: {written.shown('body', name, value)}")
    yield from (f"  {name}: {HIDDEN}" for name in written.headers)
    yield f"  {written.who}"


def _names(name: str, value: object) -> Iterator[str]:
    yield name
    members = value.items() if isinstance(value, Mapping) else ()
    for inner, found in members:
        yield from _names(str(inner), found)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

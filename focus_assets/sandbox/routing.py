"""Say what a path names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

Endpoint = Literal["auth", "schema", "state", "full", "created", "updated", "deleted"]
_FEEDS: dict[str, Endpoint] = {"full": "full", "created": "created", "updated": "updated", "deleted": "deleted"}


@dataclass(frozen=True, slots=True)
class Target:
    """A path that was understood; its names are decoded, and empty where they do not apply."""

    endpoint: Endpoint
    service: str = ""
    resource: str = ""
    country: str = ""

    @property
    def streams(self) -> bool:
        """Whether its answer is lines, of which there may be millions."""
        return self.endpoint not in ("auth", "schema", "state")

    @property
    def where(self) -> tuple[str, str, str]:
        """The partition."""
        return self.service, self.resource, self.country


def route(path: str) -> Target | None:
    """The target of a path that is still percent-encoded; None where it names nothing."""
    match [unquote(part) for part in path.strip("/").split("/")]:
        case ["api", "v1", "auth"]:
            return Target("auth")
        case ["api", "v1", service, "resource", "schema"]:
            return Target("schema", service)
        case ["api", "v1", service, "resource", resource, country, "state"]:
            return Target("state", service, resource, country)
        case ["api", "v1", service, "resource", resource, country, feed, "lines"] if found := _FEEDS.get(feed):
            return Target(found, service, resource, country)
    return None

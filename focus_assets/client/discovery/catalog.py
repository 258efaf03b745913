"""Read what a registry and a descriptor say: which services there are, where, and which resources each has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from focus_assets.client.protocol import join, origin_of
from focus_assets.model.errors import NameRefused, ResourceNotFound
from focus_assets.model.names import python_name


class Malformed(Exception):
    """What is wrong with a document, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Service:
    """An entry of the registry; `location` has no slash at its end."""

    name: str
    location: str
    owner: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """A collection: its name in Python, the key of its lists in JSON, and its URL."""

    name: str
    key: str
    url: str


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a service says of itself."""

    service: Service
    resources: Mapping[str, Resource]

    def resource(self, name: str) -> Resource:
        """A resource by its name in Python; raises ResourceNotFound."""
        if name not in self.resources:
            raise ResourceNotFound(name, self.resources)
        return self.resources[name]


def read_registry(answer: object) -> dict[str, Service]:
    """The services of a registry by their names in Python; raises Malformed."""
    entries = answer.get("services") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise Malformed("it has no list `services`")
    found: dict[str, Service] = {}
    for number, entry in enumerate(entries, 1):
        service = _service(entry, number)
        if python_name(service.name) in found:
            raise Malformed(f"the service {service.name!r} is there twice")
        found[python_name(service.name)] = service
    return found


def _service(entry: object, number: int) -> Service:
    if not isinstance(entry, dict):
        raise Malformed(f"its entry {number} is no object")
    name, location = entry.get("name"), entry.get("location")
    if not isinstance(name, str) or not _is_a_name(name):
        raise Malformed(f"its entry {number} has no usable name")
    if not isinstance(location, str) or origin_of(location) is None or {"?", "#"} & set(location):
        raise Malformed(f"the location of {name!r} is no http or https URL")
    owner, title = entry.get("owner"), entry.get("title")
    return Service(name, location.rstrip("/"), str(owner or ""), str(title or ""))


def read_descriptor(answer: object, service: Service) -> Descriptor:
    """A service's resources by their names in Python; raises Malformed."""
    entries = answer.get("resourcefuls") if isinstance(answer, dict) else None
    if not isinstance(entries, dict):
        raise Malformed("it has no object `resourcefuls`")
    resources = [_resource(str(key), entry, service) for key, entry in entries.items()]
    names = [resource.name for resource in resources]
    if len(set(names)) != len(names):
        raise Malformed("two of its resources have one name in Python")
    return Descriptor(service, dict(zip(names, resources, strict=True)))


def _resource(key: str, entry: object, service: Service) -> Resource:
    texts = entry if isinstance(entry, dict) else {}
    path, plural, hyphenated = (texts.get(name) for name in ("path", "pluralName", "hyphenatedPluralName"))
    if not isinstance(path, str) or not isinstance(plural, str) or not isinstance(hyphenated, str):
        raise Malformed(f"{key[:80]!r} lacks its path, its pluralName or its hyphenatedPluralName")
    if not _is_a_name(plural) or not _is_a_name(hyphenated):
        raise Malformed(f"{key[:80]!r} has a name that is none")
    try:
        url = join(service.location, *(part for part in path.split("/") if part), hyphenated)
    except NameRefused as error:
        raise Malformed(f"{key[:80]!r} has a path that is none") from error
    return Resource(python_name(hyphenated), plural, url)


def _is_a_name(name: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,99}", name))

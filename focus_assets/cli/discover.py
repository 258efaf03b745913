"""Show which services a registry names, and which resources each has: what can be mirrored, and what is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial

import anyio
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from focus_assets.cli.call import Call, print_json
from focus_assets.cli.each import tell_errors
from focus_assets.cli.ending import FAILED, OK
from focus_assets.cli.retries import tell_retry
from focus_assets.cli.tables import ENDLESS
from focus_assets.client.discovery import Descriptor, Discovery, Service
from focus_assets.client.errand import Errand, errands
from focus_assets.config import DiscoveredSource
from focus_assets.config.discovered import table_of
from focus_assets.model.errors import FocusError, InvalidConfiguration, ResourceDiscoveryFailed
from focus_assets.sources.open import Tools, discovery_of


@dataclass(frozen=True, slots=True)
class Seen:
    """A service: its name in Python, its resources, each with the table that it is mirrored into (none: it is not)."""

    source: str
    service: str
    location: str
    title: str
    resources: dict[str, str | None]
    problem: str = ""


def discover(call: Call, *, as_json: bool) -> int:
    """Exit code 1 where a registry could not be asked. Raises InvalidConfiguration where there is none."""
    config = call.config
    names = [name for name, settings in config.sources.items() if isinstance(settings, DiscoveredSource)]
    if not names:
        raise InvalidConfiguration(str(config.file or "sources"), "expected a source of the kind discovered")
    failed: list[tuple[str, Exception]] = []
    for name in names:
        try:
            seen = anyio.run(partial(_look, call, name))
        except FocusError as error:
            failed.append((name, error))
        else:
            _print(call, name, seen, as_json=as_json)
    tell_errors(call, failed)
    return FAILED if failed else OK


async def _look(call: Call, name: str) -> list[Seen]:
    async with discovery_of(name, call.config, Tools(heard=partial(tell_retry, call))) as engine, errands() as group:
        asked = {service: Errand(partial(engine.descriptor, service)) for service in engine.services}
        for errand in asked.values():
            group.start_soon(errand.run)
        return [seen async for seen in _services(call, name, engine, asked)]


async def _services(
    call: Call, name: str, engine: Discovery, asked: Mapping[str, Errand[Descriptor]]
) -> AsyncIterator[Seen]:
    settings = call.config.source(name)
    assert isinstance(settings, DiscoveredSource)
    for python, service in engine.services.items():
        try:
            resources = (await asked[python].result()).resources
        except ResourceDiscoveryFailed as error:
            yield _seen(name, python, service, {}, problem=error.problem)
            continue
        wanted = {one: table_of(python, one) if settings.wants(python, one) else None for one in resources}
        yield _seen(name, python, service, wanted)


def _seen(source: str, name: str, service: Service, resources: dict[str, str | None], *, problem: str = "") -> Seen:
    return Seen(source, name, service.location, service.title, resources, problem)


def _print(call: Call, name: str, services: list[Seen], *, as_json: bool) -> None:
    if as_json:
        for seen in services:
            print_json(asdict(seen))
        return
    tree = Tree(Text(name))
    for seen in services:
        title = f" ({seen.title})" if seen.title else ""
        branch = tree.add(Text(f"{seen.service}{title} {seen.location}"))
        if seen.problem:
            branch.add(Text(seen.problem))
        for resource, table in seen.resources.items():
            branch.add(Text(f"{resource} -> {table}" if table else resource))
    # as wide as it must be: an address in two parts is none
    Console(file=call.out.file, width=ENDLESS, highlight=False).print(tree)

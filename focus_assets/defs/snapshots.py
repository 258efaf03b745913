"""Say what is known of a source's resources without asking it, so that Dagster loads while the API is down.

It is the snapshot, with the columns that focus.yaml names itself. For the sandbox a packaged one stands in until there
is one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from focus_assets.config import Config, ExchangeSource, FocusAuth, RestSource, SourceSettings
from focus_assets.model.errors import InvalidSchema
from focus_assets.model.schema import ResourceSchema
from focus_assets.sources.rest.schemas import known
from focus_assets.sources.snapshots import Schemas, schemas_from, schemas_to, stored_schemas

PACKAGED = "sandbox.json"
_SANDBOX_USER = "sandbox"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of a source without asking it; `problem` says why that is nothing, or not all."""

    schemas: Schemas
    problem: str = ""


def read_snapshot(config: Config, source: str) -> dict[str, ResourceSchema] | None:
    """The configured resources of a source as far as they are known, None where none is; raises InvalidSchema."""
    settings = config.source(source)
    stored = stored_schemas(config, source)
    if isinstance(settings, RestSource):
        return known(settings, stored or {}) or None
    found = stored or (_packaged(settings) if isinstance(settings, ExchangeSource) else None)
    return found and {name: schema for name, schema in found.items() if settings.mirrors(name)}


def known_schemas(config: Config, source: str) -> Snapshot:
    """The snapshot, or why there is none: nothing is raised, as the other sources are still to be shown."""
    try:
        found = read_snapshot(config, source)
    except InvalidSchema as error:
        return Snapshot({}, f"the schema snapshot of {source!r} cannot be read ({error})")
    if found is None:
        return Snapshot({}, f"there is no schema snapshot of {source!r} at {config.schema_path(source)} yet")
    if missing := _missing(config.source(source), found):
        where = config.schema_path(source)
        return Snapshot(found, f"the schema snapshot of {source!r} at {where} lacks {', '.join(missing)}")
    return Snapshot(found)


def _missing(settings: SourceSettings, found: Schemas) -> list[str]:
    if isinstance(settings, ExchangeSource) or settings.resources == "all":
        return []
    return [name for name in settings.resources if name not in found]


def packaged_text(services: Mapping[str, Schemas]) -> str:
    """The packaged snapshots by business service, one service a line; a test keeps them equal to the sandbox's own."""
    lines = [f" {json.dumps(name)}: {json.dumps(schemas_to(schemas))}" for name, schemas in services.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _packaged(settings: ExchangeSource) -> dict[str, ResourceSchema] | None:
    """The sandbox's own schema, known by its user: a newcomer sees everything at once."""
    if not isinstance(settings.auth, FocusAuth) or settings.auth.username != _SANDBOX_USER:
        return None
    services = json.loads(resources.files(__package__).joinpath(PACKAGED).read_text(encoding="utf-8"))
    service = services.get(settings.business_service)
    return None if service is None else schemas_from(service)

"""Keep each source's schema as a file, so that Dagster loads while the API is down.

A snapshot lies at `.focus/schema/<source>.json` beside focus.yaml; `focus schema refresh` and the asset
`refresh_schema` write it. For the sandbox a packaged one stands in until there is one.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from focus_assets.config import Config, ExchangeSource, FocusAuth
from focus_assets.model.errors import InvalidSchema
from focus_assets.model.schema import ResourceSchema

Schemas = Mapping[str, ResourceSchema]
PACKAGED = "sandbox.json"
_SANDBOX_USER = "sandbox"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of a source without asking it; `problem` says why that is nothing."""

    schemas: Schemas
    problem: str = ""


def write_snapshot(config: Config, source: str, schemas: Schemas) -> Path:
    """Replace a source's snapshot at once: a reader sees the old one or the new one."""
    path = config.schema_path(source)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(snapshot_text(source, schemas), encoding="utf-8")
    return new.replace(path)


def read_snapshot(config: Config, source: str) -> dict[str, ResourceSchema] | None:
    """The configured resources of a source's snapshot, None where there is none; raises InvalidSchema."""
    settings = config.source(source)
    found = _read(config.schema_path(source)) or _packaged(settings)
    if found is None:
        return None
    return {name: schema for name, schema in found.items() if settings.mirrors(name)}


def known_schemas(config: Config, source: str) -> Snapshot:
    """The snapshot, or why there is none: nothing is raised, as the other sources are still to be shown."""
    try:
        found = read_snapshot(config, source)
    except InvalidSchema as error:
        return Snapshot({}, f"the schema snapshot of {source!r} cannot be read ({error})")
    if found is None:
        return Snapshot({}, f"there is no schema snapshot of {source!r} at {config.schema_path(source)} yet")
    return Snapshot(found)


def snapshot_text(source: str, schemas: Schemas) -> str:
    """A snapshot as it is stored: readable in a diff."""
    return json.dumps({"source": source, **_stored(schemas)}, indent=1, ensure_ascii=False) + "\n"


def packaged_text(services: Mapping[str, Schemas]) -> str:
    """The packaged snapshots by business service, one service a line; a test keeps them equal to the sandbox's own."""
    lines = [f" {json.dumps(name)}: {json.dumps(_stored(schemas))}" for name, schemas in services.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _stored(schemas: Schemas) -> dict[str, Any]:
    return {"resources": {name: schema.to_json() for name, schema in schemas.items()}}


def _read(path: Path) -> dict[str, ResourceSchema] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSchema(f"{path}: {error}") from error
    try:
        return _schemas(json.loads(text))
    except json.JSONDecodeError as error:
        raise InvalidSchema(f"{path}: not JSON: {error}") from error


def _schemas(stored: Any) -> dict[str, ResourceSchema]:
    found = stored.get("resources") if isinstance(stored, dict) else None
    if not isinstance(found, dict):
        raise InvalidSchema("a snapshot is an object with `resources`")
    return {name: ResourceSchema.from_json(schema) for name, schema in found.items()}


def _packaged(settings: ExchangeSource) -> dict[str, ResourceSchema] | None:
    """The sandbox's own schema, known by its user: a newcomer sees everything at once."""
    if not isinstance(settings.auth, FocusAuth) or settings.auth.username != _SANDBOX_USER:
        return None
    services = json.loads(resources.files(__package__).joinpath(PACKAGED).read_text(encoding="utf-8"))
    service = services.get(settings.business_service)
    return None if service is None else _schemas(service)

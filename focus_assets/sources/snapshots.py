"""Keep each source's schema as a file: what Dagster shows without asking, and what a REST source has frozen.

A snapshot lies at `.focus/schema/<source>.json` beside focus.yaml; `focus schema refresh` and the asset
`refresh_schema` write it, and so does the first load of a resource whose columns are inferred.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from focus_assets.config import Config
from focus_assets.model.errors import InvalidSchema
from focus_assets.model.schema import ResourceSchema

Schemas = Mapping[str, ResourceSchema]


def write_snapshot(config: Config, source: str, schemas: Schemas) -> Path:
    """Replace a source's snapshot at once: a reader sees the old one or the new one."""
    path = config.schema_path(source)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(snapshot_text(source, schemas), encoding="utf-8")
    return new.replace(path)


def stored_schemas(config: Config, source: str) -> dict[str, ResourceSchema] | None:
    """All that a source's snapshot holds, None where there is none; raises InvalidSchema."""
    path = config.schema_path(source)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSchema(f"{path}: {error}") from error
    try:
        return schemas_from(json.loads(text))
    except json.JSONDecodeError as error:
        raise InvalidSchema(f"{path}: not JSON: {error}") from error


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A source's snapshot, to which schemas are added one by one as they are inferred."""

    config: Config
    source: str

    def read(self) -> Schemas:
        """All that it holds; raises InvalidSchema."""
        return stored_schemas(self.config, self.source) or {}

    def keep(self, schema: ResourceSchema) -> None:
        """Add or replace one."""
        write_snapshot(self.config, self.source, {**self.read(), schema.name: schema})


def snapshot_text(source: str, schemas: Schemas) -> str:
    """A snapshot as it is stored: readable in a diff."""
    return json.dumps({"source": source, **schemas_to(schemas)}, indent=1, ensure_ascii=False) + "\n"


def schemas_to(schemas: Schemas) -> dict[str, Any]:
    """Plain data that `schemas_from` reads."""
    return {"resources": {name: schema.to_json() for name, schema in schemas.items()}}


def schemas_from(stored: Any) -> dict[str, ResourceSchema]:
    """The schemas that `schemas_to` made plain; raises InvalidSchema on anything else."""
    found = stored.get("resources") if isinstance(stored, dict) else None
    if not isinstance(found, dict):
        raise InvalidSchema("a snapshot is an object with `resources`")
    return {name: ResourceSchema.from_json(schema) for name, schema in found.items()}

"""Set a scene: an API, an entry of focus.yaml that reads it, a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from focus_assets.audit import audit
from focus_assets.config import Config, Document
from focus_assets.database.open import Database
from focus_assets.database.tables import mirrored
from focus_assets.fleet import open_fleet
from focus_assets.load.ledger import entries
from focus_assets.model.audit import Audit
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.wish import AS_PLANNED, Wish
from focus_assets.sources.snapshots import SnapshotFile
from focus_assets_tests.integration.rest.server import Api

TYPED = {"id": "int64", "name": "string", "price": "decimal(18,4)", "updated_at": "time"}
THINGS: Mapping[str, Any] = {"path": "/all", "primary_key": ["id"], "columns": TYPED}


class Scene:
    """One resource, `things`, unless a test describes others; `source` changes the source's own entry."""

    def __init__(self, api: Api, database: Database, home: Path) -> None:
        self.api, self.database, self.home = api, database, home
        self.resources: dict[str, Mapping[str, Any]] = {"things": THINGS}
        self.source: dict[str, Any] = {"retry": {"attempts": 2, "budget_seconds": 5}}

    @property
    def config(self) -> Config:
        """What focus.yaml means."""
        entry = {"kind": "rest", "base_url": self.api.base, "resources": self.resources, **self.source}
        return Config.of(Document.model_validate({"sources": {"library": entry}}), self.home)

    def describe(self, **changes: Any) -> None:
        """Change the entry of `things`; None leaves a key out."""
        changed = {**self.resources["things"], **changes}
        self.resources = {"things": {name: value for name, value in changed.items() if value is not None}}

    async def sync(self, wish: Wish = AS_PLANNED) -> list[Outcome]:
        """Bring every partition up to date; what was asked before is forgotten."""
        self.api.asked.clear()
        async with open_fleet(self.config, self.database) as fleet:
            return await fleet.mirror(await fleet.refs(), wish=wish)

    async def load(self, wish: Wish = AS_PLANNED) -> Outcome:
        """The one outcome of the one partition."""
        (outcome,) = await self.sync(wish)
        return outcome

    async def verify(self) -> Audit:
        """Compare the one partition with the API."""
        async with open_fleet(self.config, self.database) as fleet:
            (ref,) = await fleet.refs()
            return await audit(fleet.sources["library"], self.database, ref)

    def stored(self, resource: str = "things") -> list[dict[str, Any]]:
        """The rows, in the order of their key, without the time of the load."""
        (schema,) = [found for name, found in _schemas(self.config, self.database).items() if name == resource]
        ref = PartitionRef("library", "library", resource)
        table = mirrored(self.database, ref, schema).table
        with self.database.reading("read the rows") as connection:
            rows = connection.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings()
            return [{name: value for name, value in row.items() if name != "_synced_at"} for row in rows]

    def names(self) -> dict[int, str]:
        """The names of the stored things by their identifier."""
        return {row["id"]: row["name"] for row in self.stored()}

    def ledger(self) -> dict[str, LedgerEntry]:
        """The ledger by partition."""
        return {ref.partition: entry for ref, entry in entries(self.database).items()}

    def served(self) -> dict[int, str]:
        """The names of the served things by their identifier."""
        return {one["id"]: one["name"] for one in self.api.things}


def _schemas(config: Config, database: Database) -> dict[str, Any]:
    import json

    from focus_assets.model.schema import ResourceSchema

    return {
        ref.resource: ResourceSchema.from_json(json.loads(entry.schema)) for ref, entry in entries(database).items()
    }


def frozen(scene: Scene) -> dict[str, dict[str, str]]:
    """What the snapshot holds: columns with their types."""
    kept = SnapshotFile(scene.config, "library").read()
    return {name: {column.name: str(column.type) for column in schema.columns} for name, schema in kept.items()}

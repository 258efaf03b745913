"""Say which assets there are, by the snapshots, and which partitions, by the configuration."""

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from focus_assets.config import Config
from focus_assets.defs.snapshots import Snapshot, known_schemas
from focus_assets.model.errors import UnknownPartition
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema

BATCH = 25
BACKFILL = 100  # nobody waits for the first of them
WHOLE = ("",)  # the one partition of a resource that has none
_PLAIN = re.compile(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Item:
    """One resource of one source: an asset; `names` are those of its partitions."""

    source: str
    service: str
    schema: ResourceSchema
    names: tuple[str, ...]

    @property
    def key(self) -> dg.AssetKey:
        """Business service (of a REST API: the source), resource; the table's name is in the asset's metadata."""
        return dg.AssetKey([key_part(self.service), key_part(self.schema.name)])

    def refs(self, names: Sequence[str]) -> list[PartitionRef]:
        """Its partitions of these names."""
        return [PartitionRef(self.source, self.service, self.schema.name, name) for name in names]

    @property
    def partitions(self) -> dg.PartitionsDefinition[str] | None:
        """Static: dynamic ones would be empty on a fresh instance; None for a resource that is one whole."""
        return None if self.names == WHOLE else dg.StaticPartitionsDefinition(list(self.names))


@dataclass(frozen=True, slots=True)
class Catalog:
    """All there is to mirror, as far as the snapshots know."""

    config: Config
    snapshots: Mapping[str, Snapshot]

    @classmethod
    def of(cls, config: Config) -> "Catalog":
        """What a configuration and its snapshots name; nobody is asked."""
        return cls(config, {name: known_schemas(config, name) for name in config.sources})

    @property
    def items(self) -> list[Item]:
        """Every asset, in the order of the configuration."""
        return [
            Item(name, self.config.service(name), schema, settings.partitions_of(schema.name))
            for name, settings in self.config.sources.items()
            for schema in self.snapshots[name].schemas.values()
        ]

    @property
    def refs(self) -> list[PartitionRef]:
        """Every partition of every asset."""
        return [ref for item in self.items for ref in item.refs(item.names)]

    @property
    def problems(self) -> list[str]:
        """Why sources have no assets."""
        return [snapshot.problem for snapshot in self.snapshots.values() if snapshot.problem]

    def item(self, ref: PartitionRef) -> Item:
        """The asset that a partition belongs to."""
        whole = dataclasses.replace(ref, partition="")
        return next(item for item in self.items if item.refs([""]) == [whole])

    def named(self, names: Sequence[str]) -> list[PartitionRef]:
        """The partitions of these names (`source/resource/country`); none named: all. Raises UnknownPartition."""
        known = {str(ref): ref for ref in self.refs}
        for name in names:
            if name not in known:
                raise UnknownPartition(name, known)
        return [known[name] for name in names] if names else list(known.values())


def key_part(name: str) -> str:
    """A name as a part of an asset key: Dagster takes letters, digits, `_` and `-` alone.

    >>> key_part("promotions")
    'promotions'
    >>> key_part("price list")
    'price_list_3d6928'
    """
    if _PLAIN.fullmatch(name):
        return name
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', name)}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def asset_name(ref: PartitionRef) -> str:
    """A partition as Dagster's UI spells it: asset key and partition."""
    return "/".join((key_part(ref.service), key_part(ref.resource), *([ref.partition] if ref.partition else [])))


def batches(refs: Sequence[PartitionRef], size: int = BATCH) -> list[list[PartitionRef]]:
    """So many partitions a run: a run costs seconds to start, a partition far less."""
    return [list(refs[start : start + size]) for start in range(0, len(refs), size)]

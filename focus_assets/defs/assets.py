"""Make each resource of each source an asset, partitioned by country; materialising one brings it up to date."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from focus_assets.config import Config, ExchangeSource
from focus_assets.defs.catalog import BACKFILL, WHOLE, Catalog, Item, asset_name, key_part
from focus_assets.defs.errors import build_error_history
from focus_assets.defs.events import FAILED
from focus_assets.defs.metadata import (
    Metadata,
    asset_metadata,
    failed,
    outcome_metadata,
    sentence,
    storage_kind,
    storage_metadata,
    table_metadata,
    told,
)
from focus_assets.defs.pools import pool_of
from focus_assets.defs.resources import effective, resource_keys
from focus_assets.defs.work import mirror_partitions, read_ledger, read_schemas
from focus_assets.model.errors import FocusError
from focus_assets.model.outcome import Outcome
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.wish import Wish
from focus_assets.sources.snapshots import write_snapshot


class Load(dg.Config):
    """What the launchpad may ask of a load."""

    full: bool = Field(default=False, description="Fetch everything and compare it by value, whatever the plan is.")
    accept_shrink: bool = Field(default=False, description="Publish also where far fewer rows remain than there were.")

    @property
    def wish(self) -> Wish:
        """The same, as the mirror takes it."""
        return Wish(full=self.full, accept_shrink=self.accept_shrink)


def build_assets(catalog: Catalog) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Every resource of every source; for each source its API and the asset that refreshes its schema; the errors."""
    config = catalog.config
    resources = [build_asset(config, item) for item in catalog.items]
    schemas = [build_schema_asset(config, source) for source in config.sources]
    apis = [build_api(config, source) for source in config.sources]
    return [*resources, *schemas, *apis, build_error_history(config)]


def build_api(config: Config, source: str) -> dg.AssetSpec:
    """The server itself: nothing that we make, but where the lineage begins."""
    settings, service = config.source(source), config.service(source)
    is_exchange = isinstance(settings, ExchangeSource)
    return dg.AssetSpec(
        api_key(source),
        description=f"The business service {service} of the Data Exchange API." if is_exchange else "A REST API.",
        group_name=group_of(service),
        kinds={"api"},
        metadata={"address": dg.MetadataValue.url(settings.base_url)},
    )


def build_asset(settings: Config, item: Item) -> dg.AssetsDefinition:
    """One resource: a run over one country, or over many at once."""

    @dg.asset(
        key=item.key,
        deps=[api_key(item.source)],
        partitions_def=item.partitions,
        backfill_policy=dg.BackfillPolicy.multi_run(BACKFILL) if item.partitions else None,
        group_name=group_of(item.service),
        description=_description(item),
        kinds={storage_kind(settings)},
        metadata=asset_metadata(settings, item),
        required_resource_keys=resource_keys(settings),
        pool=pool_of(settings, item.source),
    )
    def resource(context: dg.AssetExecutionContext, config: Load) -> dg.MaterializeResult[Any]:
        return load(context, item, settings, config.wish)

    return resource


def load(context: dg.AssetExecutionContext, item: Item, settings: Config, wish: Wish) -> dg.MaterializeResult[Any]:
    """Bring the run's partitions up to date; one that fails, fails the run after the others are done and recorded."""
    config = effective(settings, context.resources)
    refs = item.refs(context.partition_keys if item.partitions else WHOLE)
    outcomes = mirror_partitions(config, refs, wish=wish, told=lambda outcome: context.log.info(told(outcome)))
    whole = {**storage_metadata(config, item), **table_metadata(read_ledger(config), item)}
    if bad := failed(outcomes):
        for event in materializations(item, outcomes, whole):
            context.log_event(event)
        raise failure(bad, len(outcomes))
    for outcome in outcomes:
        context.add_asset_metadata(outcome_metadata(outcome), partition_key=outcome.ref.partition or None)
    return dg.MaterializeResult(metadata=whole)


def materializations(item: Item, outcomes: Sequence[Outcome], whole: Metadata) -> Iterator[dg.AssetMaterialization]:
    """What was published, partition by partition."""
    for outcome in outcomes:
        if not sentence(outcome):
            metadata = {**whole, **outcome_metadata(outcome)}
            yield dg.AssetMaterialization(item.key, partition=outcome.ref.partition or None, metadata=metadata)


def failure(bad: Sequence[Outcome], tried: int) -> dg.Failure:
    """The named errors as one failure; its metadata tell them apart."""
    first = f"{bad[0].ref}: {sentence(bad[0])}"
    said = first if tried == 1 else f"{len(bad)} of {tried} partitions failed. {first}"
    return dg.Failure(said, metadata={FAILED: {asset_name(one.ref): sentence(one) for one in bad}}, allow_retries=False)


def build_schema_asset(config: Config, source: str) -> dg.AssetsDefinition:
    """Writes what the server says of its resources; it is there also where nothing is known of them."""
    service = config.service(source)

    @dg.asset(
        key=schema_key(source),
        deps=[api_key(source)],
        group_name=group_of(service),
        description=_SCHEMA_DESCRIPTION.format(source=source),
        kinds={"json"},
        required_resource_keys=resource_keys(config),
        pool=pool_of(config, source),
    )
    def refresh_schema(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        return refresh(effective(config, context.resources), source)

    return refresh_schema


def refresh(config: Config, source: str) -> dg.MaterializeResult[Any]:
    """Ask the server and write the snapshot; raises dg.Failure with the named error's sentence."""
    found = read_schemas(config, [source])[source]
    if isinstance(found, FocusError):
        raise dg.Failure(f"{type(found).__name__}: {found}", allow_retries=False) from found
    path = write_snapshot(config, source, found)
    return dg.MaterializeResult(metadata={"resources": _listed(found), "snapshot": dg.MetadataValue.path(path)})


def schema_key(source: str) -> dg.AssetKey:
    """Three parts: a resource has two, so that none can be taken for it."""
    return dg.AssetKey(["focus", key_part(source), "refresh_schema"])


def api_key(source: str) -> dg.AssetKey:
    """The same for a source's API."""
    return dg.AssetKey(["focus", key_part(source), "api"])


def group_of(service: str) -> str:
    """Assets of one business service stand together."""
    return key_part(service).replace("-", "_")


def _listed(schemas: Mapping[str, ResourceSchema]) -> dg.TableMetadataValue:
    records = [
        dg.TableRecord({"resource": name, "key": ", ".join(schema.key), "columns": len(schema.columns)})
        for name, schema in schemas.items()
    ]
    return dg.MetadataValue.table(records)


def _description(item: Item) -> str:
    return (
        f"The mirror of {item.schema.name} from {item.service}{_PARTS[item.schema.partitioned_by]}: "
        "brought up to date by a full load or a delta, and judged against the server before it is published.\n\n"
        f"Primary key: {', '.join(f'`{name}`' for name in item.schema.key)}."
    )


_PARTS = {"_country": ", a partition a country", "_partition": ", a partition an identifier", None: ""}
_SCHEMA_DESCRIPTION = (
    "Asks the server which resources {source} has and writes the snapshot from which Dagster shows them. "
    "After it, reload the code location (Deployment > Code locations > Reload): new resources are new assets."
)

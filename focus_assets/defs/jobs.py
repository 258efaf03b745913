"""Mirror, diff or verify many partitions in one run: a run costs seconds to start, a partition far less."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from focus_assets.config import Config
from focus_assets.defs.assets import failure, materializations, schema_key
from focus_assets.defs.catalog import Catalog
from focus_assets.defs.checks import evaluate_all
from focus_assets.defs.errors import error_history_job
from focus_assets.defs.metadata import failed, storage_metadata, table_metadata, told
from focus_assets.defs.pools import pool_of_destination
from focus_assets.defs.resources import effective, resource_keys
from focus_assets.defs.work import mirror_partitions, read_ledger
from focus_assets.model.errors import UnknownPartition
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.purse import Purse
from focus_assets.model.wish import Wish

Events = Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation | dg.Output[None]]

MIRROR_EVERYTHING, MIRROR_PARTITIONS = "mirror_everything", "mirror_partitions"
FULL_DIFF, VERIFY_EVERYTHING, REFRESH_SCHEMA = "full_diff", "verify_everything", "refresh_schema"


class Which(dg.Config):
    """The partitions to work on."""

    partitions: list[str] = Field(default=[], description="As source/resource/country; none named: all of them.")


class Mirror(Which):
    """What to load, and how much smaller it may get."""

    accept_shrink: bool = Field(default=False, description="Publish also where far fewer rows remain than there were.")


class FullDiff(Mirror):
    """What to compare as a whole."""

    budget: int = Field(default=0, ge=0, description="At most so many, the oldest proof first; 0: all.")
    requests: int = Field(default=0, ge=0, description="After so many requests no further one is begun; 0: no bound.")
    bytes: int = Field(default=0, ge=0, description="After so many bytes no further one is begun; 0: no bound.")

    @property
    def purse(self) -> Purse:
        """What it may cost."""
        return Purse(self.requests, self.bytes)


def build_jobs(catalog: Catalog) -> list[dg.JobDefinition | Any]:
    """Every job, each one op; and the jobs of the assets that refresh the schemas and count the errors."""
    schemas = dg.AssetSelection.assets(*(schema_key(source) for source in catalog.config.sources))
    mirror = mirror_op(catalog)  # one object: Dagster takes two ops of one name for a conflict
    return [
        _job(MIRROR_EVERYTHING, "Brings every partition up to date in one run, and checks it.", mirror),
        _job(
            MIRROR_PARTITIONS,
            "Brings the named partitions up to date in one run, and checks them: what sensors and schedules ask for.",
            mirror,
        ),
        _job(
            FULL_DIFF,
            "Compares partitions by value, whole: it finds and heals what a count cannot see, and proves the content.",
            full_diff_op(catalog),
        ),
        _job(VERIFY_EVERYTHING, "Runs every check of every asset and country; loads nothing.", verify_op(catalog)),
        dg.define_asset_job(
            REFRESH_SCHEMA,
            schemas,
            description="Asks every source which resources it has, for the snapshots; then reload the code location.",
        ),
        error_history_job(),
    ]


def mirror_op(catalog: Catalog) -> dg.OpDefinition:
    """Loads as each partition's plan says."""

    @dg.op(
        name="mirror", required_resource_keys=resource_keys(catalog.config), pool=pool_of_destination(catalog.config)
    )
    def mirror(context: dg.OpExecutionContext, config: Mirror) -> Events:
        refs = named(catalog, config.partitions)
        yield from mirrored(context, catalog, refs, Wish(accept_shrink=config.accept_shrink))

    return mirror


def full_diff_op(catalog: Catalog) -> dg.OpDefinition:
    """Full loads, whatever the plan is."""

    @dg.op(name="diff", required_resource_keys=resource_keys(catalog.config), pool=pool_of_destination(catalog.config))
    def diff(context: dg.OpExecutionContext, config: FullDiff) -> Events:
        refs = named(catalog, config.partitions)
        if config.budget:
            refs = oldest_proof_first(refs, read_ledger(effective(catalog.config, context.resources)))[: config.budget]
        wish = Wish(full=True, accept_shrink=config.accept_shrink)
        yield from mirrored(context, catalog, refs, wish, purse=config.purse)

    return diff


def verify_op(catalog: Catalog) -> dg.OpDefinition:
    """Checks alone: a job of checks over partitions is something that Dagster cannot launch."""

    @dg.op(
        name="verify", required_resource_keys=resource_keys(catalog.config), pool=pool_of_destination(catalog.config)
    )
    def verify(context: dg.OpExecutionContext, config: Which) -> Events:
        refs = named(catalog, config.partitions)
        yield from evaluate_all(context.instance, effective(catalog.config, context.resources), catalog, refs)
        yield dg.Output(None)

    return verify


def mirrored(
    context: dg.OpExecutionContext,
    catalog: Catalog,
    refs: Sequence[PartitionRef],
    wish: Wish,
    *,
    purse: Purse | None = None,
) -> Events:
    """Load, tell Dagster what was published, check all of it; then fail if anything failed.

    What an empty purse leaves over is neither loaded nor checked, but named.
    """
    config, purse = effective(catalog.config, context.resources), purse or Purse()
    outcomes = mirror_partitions(
        config, refs, wish=wish, told=lambda outcome: context.log.info(told(outcome)), purse=purse
    )
    begun = [outcome.ref for outcome in outcomes]
    left = [str(ref) for ref in refs if ref not in begun]
    if left:
        context.log.warning("%s", left_over(purse, left))
    yield from published(config, catalog, outcomes)
    yield from evaluate_all(context.instance, config, catalog, begun, just_loaded=outcomes)
    if bad := failed(outcomes):
        raise failure(bad, len(outcomes))
    yield dg.Output(None, metadata={"requests": purse.requests, "bytes": purse.bytes, "left_over": left})


def left_over(purse: Purse, left: Sequence[str]) -> str:
    """Why partitions wait, in one sentence."""
    return f"the budget is used up ({purse}): {len(left)} partitions wait for the next time, first of all {left[0]}"


def published(config: Config, catalog: Catalog, outcomes: Sequence[Outcome]) -> Iterator[dg.AssetMaterialization]:
    """A materialization for every partition that was published."""
    ledger = read_ledger(config)
    for item in catalog.items:
        whole = {**storage_metadata(config, item), **table_metadata(ledger, item)}
        yield from materializations(item, [one for one in outcomes if catalog.item(one.ref) == item], whole)


def oldest_proof_first(refs: Sequence[PartitionRef], ledger: dict[PartitionRef, LedgerEntry]) -> list[PartitionRef]:
    """What was never proven, then what was proven longest ago."""
    proofs = {ref: entry.proven_at or "" for ref, entry in ledger.items()}
    return sorted(refs, key=lambda ref: proofs.get(ref, ""))


def named(catalog: Catalog, names: Sequence[str]) -> list[PartitionRef]:
    """The partitions of a run's configuration; raises dg.Failure with the known ones."""
    try:
        return catalog.named(names)
    except UnknownPartition as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def run_config(job: str, refs: Sequence[PartitionRef], **more: object) -> dict[str, Any]:
    """The run configuration with which a job takes these partitions, and what more its op is told."""
    op = {MIRROR_PARTITIONS: "mirror", FULL_DIFF: "diff"}[job]
    return {"ops": {op: {"config": {"partitions": [str(ref) for ref in refs], **more}}}}


def _job(name: str, description: str, op: dg.OpDefinition) -> dg.JobDefinition:
    @dg.job(name=name, description=description, executor_def=dg.in_process_executor)
    def job() -> None:
        op()

    return job

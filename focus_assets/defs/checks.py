"""Check every country of every asset against its server, and say what could be proven."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import dagster as dg

from focus_assets.config import Config, ExchangeSource
from focus_assets.defs.catalog import Catalog, Item
from focus_assets.defs.events import latest_materialization
from focus_assets.defs.judgements import Judgement, judge_content, judge_count, judge_freshness, judge_schema
from focus_assets.defs.pools import pool_of
from focus_assets.defs.resources import effective, resource_keys
from focus_assets.defs.work import audit_partitions, read_given_up, read_ledger, read_schemas
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef

COUNT, CONTENT, FRESH, SCHEMA = "count_matches_server", "content_matches_server", "fresh", "schema_unchanged"
Evaluations = Iterator[dg.AssetCheckEvaluation]


@dataclass(frozen=True, slots=True)
class CountryCheck:
    """A check with one result a country; `judge` judges many partitions of one asset at once.

    `{of}` in the description stands for what a partition is.
    """

    name: str
    description: str
    judge: Callable[[Config, Sequence[PartitionRef]], list[Judgement]]

    def description_of(self, item: Item) -> str:
        """What it says of this asset."""
        return self.description.format(of=_OF[item.schema.partitioned_by])


def judge_counts(config: Config, refs: Sequence[PartitionRef], just_loaded: Sequence[Outcome] = ()) -> list[Judgement]:
    """COUNT(*) here against total_items there, now, or as the load told that has just ended."""
    return [judge_count(found) for found in audit_partitions(config, refs, just_loaded)]


def judge_contents(config: Config, refs: Sequence[PartitionRef]) -> list[Judgement]:
    """The last proof, by the ledger; and by the history whether the last run gave up."""
    ledger, lost, now = read_ledger(config), read_given_up(config), datetime.now(UTC)
    days = {name: settings.full_every_days for name, settings in config.sources.items()}
    return [
        judge_content(
            ledger.get(ref),
            now,
            full_every_days=days[ref.source],
            diverged=(ref.source, ref.resource, ref.partition) in lost,
        )
        for ref in refs
    ]


def judge_ages(config: Config, refs: Sequence[PartitionRef]) -> list[Judgement]:
    """The last load, by the ledger."""
    ledger, now = read_ledger(config), datetime.now(UTC)
    hours = {name: settings.fresh_for_hours for name, settings in config.sources.items()}
    return [judge_freshness(ledger.get(ref), now, fresh_for_hours=hours[ref.source]) for ref in refs]


_OF = {"_country": " of this country", "_partition": " of this identifier", None: ""}
COUNTRY_CHECKS = (
    CountryCheck(
        COUNT,
        "The mirror holds as many rows{of} as the server says: `COUNT(*)` = `total_items`, both just now.",
        judge_counts,
    ),
    CountryCheck(
        CONTENT,
        "The mirror's rows{of} were proven equal to the server's by a full diff that is not too old. "
        "A warning where they were only counted.",
        judge_contents,
    ),
    CountryCheck(FRESH, "The last load{of} is not older than `fresh_for_hours`.", judge_ages),
)


def checks_of(config: Config, item: Item) -> list[CountryCheck]:
    """Those that can be decided: without a total there is nothing to compare, and so on."""
    settings, name = config.source(item.source), item.schema.name
    decided = {COUNT: settings.can_count(name), CONTENT: settings.can_prove(name)}
    return [check for check in COUNTRY_CHECKS if decided.get(check.name, True)]


def has_schema_check(config: Config, item: Item) -> bool:
    """Only an API that tells its schema can be compared with a snapshot of it."""
    return isinstance(config.source(item.source), ExchangeSource)


def build_checks(catalog: Catalog) -> list[dg.AssetChecksDefinition]:
    """Every check of every asset."""
    config = catalog.config
    country = [build_check(config, item, check) for item in catalog.items for check in checks_of(config, item)]
    schema = [build_schema_check(config, item) for item in catalog.items if has_schema_check(config, item)]
    return [*country, *schema]


def build_check(config: Config, item: Item, check: CountryCheck) -> dg.AssetChecksDefinition:
    """One check of one asset, a result for each country of the run."""

    @dg.asset_check(  # type: ignore[arg-type]  # Dagster takes events too, its annotation does not say so
        asset=item.key,
        name=check.name,
        description=check.description_of(item),
        partitions_def=item.partitions,
        required_resource_keys=resource_keys(config),
        pool=pool_of(config, item.source),
    )
    def evaluate(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
        run = context.op_execution_context
        refs = item.refs(countries_of(run, item))
        judgements = check.judge(effective(config, run.resources), refs)
        yield from evaluations(run.instance, item, check.name, zip(refs, judgements, strict=True))
        yield dg.Output(None, output_name="result")

    return evaluate


def build_schema_check(config: Config, item: Item) -> dg.AssetChecksDefinition:
    """The columns that Dagster shows against the server's; one result for all countries."""

    @dg.asset_check(
        asset=item.key,
        name=SCHEMA,
        description="The server's columns, types and key are those of the snapshot from which Dagster shows them.",
        required_resource_keys=resource_keys(config),
        pool=pool_of(config, item.source),
    )
    def evaluate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        found = read_schemas(effective(config, context.op_execution_context.resources), [item.source])
        return result(judge_schema(item.schema, found[item.source]))

    return evaluate


def countries_of(run: dg.OpExecutionContext, item: Item) -> Sequence[str]:
    """The run's countries; all of them where the UI's "Execute all" starts a run without any."""
    if item.partitions and (run.has_partition_key or run.has_partition_key_range):
        return run.partition_keys
    return item.names


def evaluations(
    instance: dg.DagsterInstance, item: Item, name: str, judged: Iterable[tuple[PartitionRef, Judgement]]
) -> Evaluations:
    """One event a country: a plain result would lose its partition in a run over many."""
    for ref, judgement in judged:
        yield evaluation(instance, item, name, judgement, partition=ref.partition or None)


def evaluation(
    instance: dg.DagsterInstance, item: Item, name: str, judgement: Judgement, *, partition: str | None = None
) -> dg.AssetCheckEvaluation:
    """A judgement as the event that Dagster keeps."""
    return dg.AssetCheckEvaluation(
        asset_key=item.key,
        check_name=name,
        passed=judgement.passed,
        severity=judgement.severity,
        description=judgement.description,
        metadata=judgement.metadata,
        partition=partition,
        target_materialization_data=latest_materialization(instance, item.key, partition),
    )


def result(judgement: Judgement) -> dg.AssetCheckResult:
    """A judgement as a check's own result."""
    return dg.AssetCheckResult(
        passed=judgement.passed,
        severity=judgement.severity,
        description=judgement.description,
        metadata=judgement.metadata,
    )


def evaluate_all(
    instance: dg.DagsterInstance,
    config: Config,
    catalog: Catalog,
    refs: Sequence[PartitionRef],
    *,
    just_loaded: Sequence[Outcome] = (),
) -> Evaluations:
    """Every check of these partitions, and of the assets that they belong to."""
    items = [(item, mine) for item in catalog.items if (mine := [ref for ref in refs if catalog.item(ref) == item])]
    for check in COUNTRY_CHECKS:
        judge = partial(judge_counts, just_loaded=just_loaded) if check.name == COUNT else check.judge
        judged = dict(zip(refs, judge(config, refs), strict=True))
        for item, mine in items:
            if check in checks_of(config, item):
                yield from evaluations(instance, item, check.name, [(ref, judged[ref]) for ref in mine])
    told = [item for item, _ in items if has_schema_check(config, item)]
    found = read_schemas(config, sorted({item.source for item in told}))
    for item in told:
        yield evaluation(instance, item, SCHEMA, judge_schema(item.schema, found[item.source]))

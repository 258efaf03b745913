"""Judge what writes owe: in a check, and where that cannot be asked, as what stands before it has failed."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from focus_assets.config import Config
from focus_assets.database.open import Database
from focus_assets.model.errors import FocusError
from focus_assets.writeback import intents
from focus_assets.writeback.intent import ENDED, State

KEY = dg.AssetKey(["intents"])  # one part: a resource has two, so that none can be taken for it
NOTHING_OWED = dg.AssetCheckKey(KEY, "nothing_owed")
OPEN = tuple(state for state in State if state not in ENDED)


def owed(database: Database) -> dg.AssetCheckResult:
    """What the check says. Raises DatabaseError."""
    dead, unsettled = _counted(database)
    severity = dg.AssetCheckSeverity.ERROR if dead else dg.AssetCheckSeverity.WARN
    said = f"{dead:,} writes are dead: `focus writes` tells why, `focus writes replay` tries again"
    return dg.AssetCheckResult(
        passed=not dead and not unsettled,
        severity=severity,
        description=said if dead else f"{unsettled:,} writes are not settled yet",
        metadata={"dead": dead, "unsettled": unsettled},
    )


@contextmanager
def judged(context: dg.AssetExecutionContext, config: Config) -> Iterator[None]:
    """Record what the check says where the work fails, too: Dagster skips a check below an asset that has failed."""
    try:
        yield
    except Exception:
        try:
            context.instance.report_runless_asset_event(_evaluation(owed(Database(config.destination))))
        except FocusError as error:
            context.log.warning("nothing_owed was not evaluated: %s: %s", type(error).__name__, error)
        raise


def is_outdated(instance: dg.DagsterInstance, database: Database) -> bool:
    """Whether the check would turn red, stay red for another number of dead writes, or turn green, if it were asked.

    That writes are open is no reason by itself: each of them is due at its time, or is being sent. Raises
    DatabaseError.
    """
    dead, unsettled = _counted(database)
    record = instance.get_latest_asset_check_evaluation_record(NOTHING_OWED)
    if record is None:
        return dead > 0
    # Dagster puts its plan in the same place: a run was to ask, and goes on, or has come to grief.
    if not isinstance(record.evaluation, dg.AssetCheckEvaluation):
        return True
    said = {name: value.value for name, value in record.evaluation.metadata.items()}
    return said.get("dead") != dead or (said.get("unsettled") != 0 and unsettled == 0)


def _counted(database: Database) -> tuple[int, int]:
    intents.ensure(database)
    counts = intents.counts(database)
    return counts[State.DEAD], sum(counts[state] for state in OPEN)


def _evaluation(result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=NOTHING_OWED.asset_key,
        check_name=NOTHING_OWED.name,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
    )

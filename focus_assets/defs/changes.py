"""Decide which partitions to load because the server has moved on; pure, and it never asks in circles."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.partition import PartitionRef
from focus_assets.model.state import State

FIRST_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for a partition last: for which version, at which generation, how often in vain."""

    version: str
    generation: int
    attempts: int
    not_before: float


Memory = dict[str, Asked]


@dataclass(frozen=True, slots=True)
class Tick:
    """What one look at the world found; `busy` names the partitions that a run is loading or will load."""

    states: Mapping[PartitionRef, State]
    ledger: Mapping[PartitionRef, LedgerEntry]
    busy: set[str]
    now: float


def decide(tick: Tick, memory: Memory) -> tuple[list[PartitionRef], Memory]:
    """The partitions to load, and what to remember: a failed load is asked for again, later and later."""
    refs, after = [], dict(memory)
    for ref, state in tick.states.items():
        name, entry = str(ref), tick.ledger.get(ref)
        if not has_moved(entry, state):
            after.pop(name, None)
            continue
        asked = _asked(memory.get(name), state, entry, tick.now)
        if asked is not None and name not in tick.busy:
            refs.append(ref)
            after[name] = asked
    return refs, after


def has_moved(entry: LedgerEntry | None, state: State) -> bool:
    """Whether the server shows something else than the last load saw."""
    if entry is None or entry.total_items != state.total_items:
        return True
    return state.as_of is not None and state.as_of != entry.as_of


def version_of(state: State) -> str:
    """What changes when the server's rows do, as far as it tells."""
    return "|".join(str(part) for part in (state.total_items, state.as_of, state.digest) if part is not None)


def run_key(refs: list[PartitionRef], memory: Memory) -> str:
    """Resource, country, version and attempt of every partition of a run: Dagster takes each key once."""
    return "\n".join(f"{ref}|{memory[str(ref)].version}|{memory[str(ref)].attempts}" for ref in refs)


def read_memory(text: str | None) -> Memory:
    """The memory that `written` wrote; empty on the first tick."""
    return {name: Asked(**asked) for name, asked in json.loads(text).items()} if text else {}


def written(memory: Memory) -> str:
    """As text, for a cursor."""
    return json.dumps({name: asdict(asked) for name, asked in memory.items()})


def _asked(before: Asked | None, state: State, entry: LedgerEntry | None, now: float) -> Asked | None:
    """What to ask now; None while it is too early, or where a load of this very version changed nothing."""
    version, generation = version_of(state), entry.generation if entry else 0
    if before is None or generation != before.generation:
        if before is not None and before.version == version:
            return None
        return Asked(version, generation, 1, now + FIRST_WAIT_SECONDS)
    if now < before.not_before:
        return None
    wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**before.attempts)
    return Asked(version, generation, before.attempts + 1, now + wait)

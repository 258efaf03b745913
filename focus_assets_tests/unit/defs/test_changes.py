"""The change sensor's decision: what has moved is asked for once, what failed again and later."""

from __future__ import annotations

import dataclasses

from focus_assets.defs.changes import LONGEST_WAIT_SECONDS, Tick, decide, has_moved, read_memory, run_key, written
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.partition import PartitionRef
from focus_assets.model.state import State
from focus_assets.model.verdict import Verdict

REF = PartitionRef("retail", "retail", "promotions", "DE")
LOADED = LedgerEntry(
    generation=1,
    rows=10,
    verdict=Verdict.PROVEN,
    load="full",
    schema="{}",
    schema_hash="",
    key_hash="",
    config_hash="",
    as_of="t1",
    total_items=10,
)


def tick(state: State, entry: LedgerEntry | None = LOADED, *, now: float = 0.0, busy: set[str] | None = None) -> Tick:
    return Tick({REF: state}, {REF: entry} if entry else {}, busy or set(), now)


def test_what_the_last_load_saw_is_not_asked_for() -> None:
    assert decide(tick(State(total_items=10, as_of="t1")), {}) == ([], {})


def test_another_total_or_a_later_mark_has_moved_and_so_has_what_was_never_loaded() -> None:
    assert has_moved(LOADED, State(total_items=11, as_of="t1"))
    assert has_moved(LOADED, State(total_items=10, as_of="t2"))
    assert has_moved(None, State(total_items=0))


def test_a_server_without_marks_is_told_by_its_total_alone() -> None:
    assert not has_moved(LOADED, State(total_items=10))


def test_a_change_is_asked_for_once_while_its_run_is_at_work() -> None:
    moved = State(total_items=11, as_of="t2")
    refs, memory = decide(tick(moved), {})
    assert refs == [REF]
    assert decide(tick(moved, now=1000.0, busy={str(REF)}), memory) == ([], memory)


def test_a_failed_load_is_asked_for_again_later_and_later_up_to_an_hour() -> None:
    moved, memory, now, waits = State(total_items=11, as_of="t2"), {}, 0.0, []
    for _ in range(9):
        refs, memory = decide(tick(moved, now=now), memory)
        assert refs == [REF]
        waits.append(memory[str(REF)].not_before - now)
        assert decide(tick(moved, now=now + waits[-1] - 1), memory)[0] == []
        now += waits[-1]
    assert waits[:4] == [60.0, 120.0, 240.0, 480.0]
    assert waits[-1] == LONGEST_WAIT_SECONDS


def test_a_load_that_was_published_starts_afresh_when_the_server_moves_again() -> None:
    _, memory = decide(tick(State(total_items=11, as_of="t2")), {})
    published = dataclasses.replace(LOADED, generation=2, total_items=11, as_of="t2")
    refs, memory = decide(tick(State(total_items=12, as_of="t3"), published, now=1.0), memory)
    assert refs == [REF]
    assert memory[str(REF)].attempts == 1


def test_a_load_of_this_very_version_that_changed_nothing_is_not_asked_for_in_circles() -> None:
    moved = State(total_items=11, as_of="t2")
    _, memory = decide(tick(moved), {})
    unmoved = dataclasses.replace(LOADED, generation=2)
    assert decide(tick(moved, unmoved, now=9999.0), memory) == ([], memory)


def test_what_is_in_step_again_is_forgotten() -> None:
    _, memory = decide(tick(State(total_items=11, as_of="t2")), {})
    assert decide(tick(State(total_items=10, as_of="t1")), memory) == ([], {})


def test_the_memory_survives_as_text_and_names_each_attempt_of_a_version() -> None:
    refs, memory = decide(tick(State(total_items=11, as_of="t2")), {})
    assert read_memory(written(memory)) == memory
    assert read_memory(None) == {}
    assert run_key(refs, memory) == "retail/promotions/DE|11|t2|1"

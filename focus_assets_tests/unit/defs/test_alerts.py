"""Alerts speak of transitions, and of nothing else."""

from __future__ import annotations

from focus_assets.defs.alerts import MOST_LINES, Cursor, Signal, payload, still_failing, transitions


def signal(subject: str, ok: bool, at: float = 0.0) -> Signal:
    return Signal(subject, ok, "59 rows here, 60 at the server: -1", "run", at)


def statuses(failing: frozenset[str], *signals: Signal) -> list[tuple[str, str]]:
    return [(alert.subject, alert.status) for alert in transitions("check", failing, signals)[0]]


def test_the_first_failure_is_told_and_the_second_is_not() -> None:
    assert statuses(frozenset(), signal("a", False), signal("a", False)) == [("a", "failed")]


def test_a_recovery_is_told_once_and_only_where_a_failure_was() -> None:
    assert statuses(frozenset({"a"}), signal("a", True), signal("a", True), signal("b", True)) == [("a", "recovered")]


def test_a_failure_between_two_ticks_is_told_with_its_recovery() -> None:
    assert statuses(frozenset(), signal("a", False), signal("a", True)) == [("a", "failed"), ("a", "recovered")]


def test_what_fails_afterwards_is_remembered() -> None:
    _, failing = transitions("check", frozenset({"a", "b"}), [signal("a", True), signal("c", False)])
    assert failing == {"b", "c"}


def test_who_comes_late_hears_only_what_still_fails() -> None:
    alerts, _ = transitions("check", frozenset(), [signal("a", False), signal("b", False), signal("a", True)])
    assert [alert.subject for alert in still_failing(alerts)] == ["b"]


def test_the_cursor_survives_as_text() -> None:
    cursor = Cursor({"until": 1.5, "seen": ["x"]}, frozenset({"a"}))
    assert Cursor.read(cursor.written()) == cursor
    assert Cursor.read(None) == Cursor()


def test_the_payload_has_a_text_for_people_and_objects_for_machines() -> None:
    alerts, _ = transitions("check", frozenset(), [signal("retail/promotions/DE: fresh", False, at=1751385600.0)])
    assert payload(alerts) == {
        "text": "failed: retail/promotions/DE: fresh: 59 rows here, 60 at the server: -1",
        "alerts": [
            {
                "kind": "check",
                "status": "failed",
                "subject": "retail/promotions/DE: fresh",
                "message": "59 rows here, 60 at the server: -1",
                "severity": "ERROR",
                "run_id": "run",
                "at": "2025-07-01T16:00:00Z",
            }
        ],
    }


def test_a_flood_is_one_text_of_bounded_length() -> None:
    alerts, _ = transitions("check", frozenset(), [signal(str(number), False) for number in range(300)])
    text = payload(alerts)["text"].splitlines()
    assert len(text) == MOST_LINES + 1
    assert text[-1] == f"and {300 - MOST_LINES} more"

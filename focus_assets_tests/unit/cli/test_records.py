"""What machines read keeps its shape."""

from __future__ import annotations

import json

from focus_assets.cli.records import outcome_record
from focus_assets.model.errors import AuthenticationFailed
from focus_assets.model.outcome import Changes, Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Verdict

REF = PartitionRef("focus", "retail", "promotions", "NO")


def test_a_published_partition_is_one_object_of_these_fields_in_this_order() -> None:
    outcome = Outcome(
        REF,
        "r1",
        load="delta",
        changes=Changes(3, 2, 1, 7),
        rows=12,
        total_items=12,
        verdict=Verdict.COUNTED,
        generation=1,
        seconds=0.12345,
    )
    assert json.dumps(outcome_record(outcome)) == (
        '{"source": "focus", "resource": "promotions", "partition": "NO", "country": "NO", "load": "delta", '
        '"inserted": 3, "updated": 2, "deleted": 1, "unchanged": 7, "rows": 12, "total_items": 12, '
        '"verdict": "counted", "status": "loaded", "seconds": 0.123, "error": null}'
    )


def test_a_failed_partition_has_no_verdict_and_a_named_error() -> None:
    error = AuthenticationFailed("user 'x' was refused", url="http://host/auth", status=401)
    record = outcome_record(Outcome(REF, "r1", error=error))
    assert record["verdict"] is None
    assert record["load"] is None
    assert record["error"] == {"type": "AuthenticationFailed", "message": "user 'x' was refused at http://host/auth"}


def test_a_resource_without_partitions_has_no_country() -> None:
    record = outcome_record(Outcome(PartitionRef("focus", "retail", "settings"), "r1"))
    assert (record["partition"], record["country"]) == ("", None)

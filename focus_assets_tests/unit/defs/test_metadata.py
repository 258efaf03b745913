"""What the UI draws of a load holds the numbers, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus_assets.config import load_config
from focus_assets.defs.catalog import Catalog
from focus_assets.defs.metadata import asset_metadata, failed, outcome_metadata, sentence, told
from focus_assets.model.errors import ApiUnreachable
from focus_assets.model.outcome import Changes, Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Verdict

REF = PartitionRef("retail", "retail", "promotions", "DE")
LOADED = Outcome(
    REF,
    "run",
    load="delta",
    reason="a full load has completed",
    changes=Changes(inserted=5, updated=3, deleted=2),
    rows=1003,
    total_items=1003,
    verdict=Verdict.COUNTED,
    generation=3,
    fetched=10,
    seconds=0.5,
    notes=("one", "two"),
)
FAILED = Outcome(REF, "run", error=ApiUnreachable("no connection"))
GIVEN_UP = Outcome(REF, "run", verdict=Verdict.DIVERGED, notes=("nothing was published",))


def test_a_load_is_told_in_numbers() -> None:
    found = outcome_metadata(LOADED)
    assert found["dagster/partition_row_count"] == 1003
    assert (found["inserted"], found["updated"], found["deleted"], found["unchanged"]) == (5, 3, 2, 0)
    assert (found["verdict"], found["rows_per_second"], found["server_total_items"]) == ("counted", 20.0, 1003)
    assert "watermark" not in found


def test_a_load_is_told_in_one_line() -> None:
    assert told(LOADED) == "retail/promotions/DE: delta +5 ~3 -2 =0, 1,003 rows of 1,003, counted in 0.50 s"
    assert told(FAILED) == "retail/promotions/DE: ApiUnreachable: no connection"


def test_what_was_not_published_has_failed_and_says_why() -> None:
    assert failed([LOADED, FAILED, GIVEN_UP]) == [FAILED, GIVEN_UP]
    assert sentence(GIVEN_UP) == "Diverged: nothing was published"
    assert not sentence(LOADED)


def test_the_databases_password_is_not_among_the_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_config(None, {"FOCUS_DATABASE_URL": "postgresql://me:geheim@db.example.org/mirror"})
    found = asset_metadata(config, Catalog.of(config).items[0])
    assert found["dagster/table_name"] == "retail.promotions"
    assert found["dagster/uri"] == "postgresql://me:***@db.example.org/mirror"
    assert "geheim" not in str(found)

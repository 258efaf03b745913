"""Names from outside become asset keys that Dagster takes, and partitions are found by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus_assets.config import load_config
from focus_assets.defs.catalog import Catalog, asset_name, batches, key_part
from focus_assets.model.errors import UnknownPartition
from focus_assets.model.partition import PartitionRef

REF = PartitionRef("retail", "retail", "promotions", "DE")


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    monkeypatch.chdir(tmp_path)
    return Catalog.of(load_config(None, {}))


@pytest.mark.parametrize("name", ["price list", "größen", "a/b", "a.b", "", "-"])
def test_a_name_that_dagster_refuses_is_respelt_and_keeps_its_own_key(name: str) -> None:
    spelled = key_part(name)
    assert spelled.isascii()
    assert spelled.replace("_", "").isalnum()
    assert spelled != key_part(name + "?")


def test_every_country_of_every_resource_is_a_partition(catalog: Catalog) -> None:
    assert len(catalog.refs) == 15
    assert REF in catalog.refs
    assert catalog.item(REF).key.path == ["retail", "promotions"]
    assert asset_name(REF) == "retail/promotions/DE"


def test_partitions_are_named_and_unknown_names_refused_with_the_known(catalog: Catalog) -> None:
    assert catalog.named([]) == catalog.refs
    assert catalog.named(["retail/promotions/DE"]) == [REF]
    with pytest.raises(UnknownPartition, match="did you mean 'retail/promotions/DE'"):
        catalog.named(["retail/promotion/DE"])


def test_a_batch_holds_at_most_twenty_five() -> None:
    assert [len(batch) for batch in batches([REF] * 60)] == [25, 25, 10]
    assert batches([]) == []

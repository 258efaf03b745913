"""Discovered collections are assets beside the exchange's, once their snapshot is written, with the same checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from focus_assets.config import load_config
from focus_assets.sandbox import Sandbox, SandboxServer
from focus_assets.sandbox.discovery import DiscoveryOptions, DiscoverySandbox
from focus_assets_tests.acceptance.conftest import Site, configuration

OFFERS = dg.AssetKey(["catalog", "metadata_offers"])


@pytest.fixture
def registry() -> Iterator[SandboxServer[DiscoverySandbox]]:
    with SandboxServer(DiscoverySandbox(DiscoveryOptions(items=30))) as found:
        yield found


@pytest.fixture
def both(
    tmp_path: Path,
    server: SandboxServer[Sandbox],
    registry: SandboxServer[DiscoverySandbox],
    instance: dg.DagsterInstance,
) -> Site:
    """An exchange and a registry in one focus.yaml."""
    configuration(tmp_path, server.url)
    file = tmp_path / "focus.yaml"
    document = yaml.safe_load(file.read_text())
    document["sources"]["catalog"] = {
        "kind": "discovered",
        "base_url": registry.url,
        "client_id": "sandbox",
        "client_secret": "sandbox",
        "owner": "acme",
        "services": {"metadata": "all"},
        "incremental": {"cursor": "updatedAt", "param": "updatedAt_gte"},
    }
    file.write_text(yaml.safe_dump(document))
    return Site(server, load_config(file, {"SANDBOX_PASSWORD": "sandbox"}), instance)


def test_collections_are_assets_once_the_registry_was_asked(both: Site) -> None:
    assert not both.defs.resolve_asset_graph().has(OFFERS)
    assert both.run("refresh_schema").success
    graph = both.defs.resolve_asset_graph()
    assert graph.get(OFFERS).partitions_def is None
    assert graph.has(dg.AssetKey(["catalog", "metadata_tenancy_configurations"]))
    assert graph.has(dg.AssetKey(["retail", "promotions"]))
    checks = {key.name for key in graph.asset_check_keys if key.asset_key == OFFERS}
    assert checks == {"count_matches_server", "content_matches_server", "fresh"}


def test_a_collection_is_materialised_and_judged(both: Site) -> None:
    assert both.run("refresh_schema").success
    assert both.materialize(asset="metadata_offers", service="catalog").success
    found = both.materialized(None, "metadata_offers", "catalog")
    assert (found["dagster/partition_row_count"], found["verdict"]) == (30, "proven")
    assert both.sql("SELECT count(*) FROM catalog__metadata_offers") == [(30,)]

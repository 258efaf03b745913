"""A step waits for its API's turn, or for the database's where one process at a time has it open."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from focus_assets.config import Config, load_config
from focus_assets.definitions import build_definitions
from focus_assets.defs.pools import limit_pools


@pytest.fixture(params=["sqlite", "duckdb"])
def config(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The sandbox into one of the files."""
    monkeypatch.chdir(tmp_path)
    return load_config(None, {"FOCUS_DATABASE_URL": f"{request.param}:///mirror.db"})


def _pools(defs: dg.Definitions) -> set[str | None]:
    graph = defs.resolve_asset_graph()
    assets = {pool for key in graph.get_all_asset_keys() for pool in graph.get(key).pools or ()}
    jobs = [defs.resolve_job_def(job.name) for job in defs.jobs or ()]
    ops = {node.definition.pool for job in jobs for node in job.nodes if isinstance(node.definition, dg.OpDefinition)}
    return assets | ops


def test_every_step_into_duckdb_waits_in_one_pool(config: Config) -> None:
    found = _pools(build_definitions(config))
    if config.destination.shown.startswith("duckdb"):
        assert found == {"destination"}
    else:
        assert found == {"retail_api", None}


def test_that_pool_has_room_for_one(config: Config, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    limit_pools(config, tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        limits = {one.name: one.limit for one in instance.event_log_storage.get_pool_limits()}
    assert limits == ({"destination": 1} if config.destination.shown.startswith("duckdb") else {})

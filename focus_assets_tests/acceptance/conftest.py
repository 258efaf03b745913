"""A site: a sandbox on a port, a focus.yaml that names it, an instance, and the definitions of the two."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from focus_assets.config import Config, load_config
from focus_assets.definitions import build_definitions
from focus_assets.sandbox import Sandbox, SandboxOptions, SandboxServer, Sizes

COUNTRIES = ("DE", "FR", "NO")
PROMOTIONS = dg.AssetKey(["retail", "promotions"])


@dataclass(frozen=True)
class Site:
    """Everything that one test needs of the world."""

    server: SandboxServer
    config: Config
    instance: dg.DagsterInstance

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    @property
    def defs(self) -> dg.Definitions:
        return build_definitions(self.config)

    def at(self, config: Config) -> Site:
        """The same world under another configuration."""
        return replace(self, config=config)

    def configured(self, **sections: Any) -> Config:
        """The same focus.yaml with other sections."""
        return configuration(self.config.home, self.server.url, **sections)

    def materialize(
        self,
        *partitions: str,
        asset: str = "promotions",
        service: str = "retail",
        config: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run an asset with its checks: as a whole, one partition, or a range of them as one run."""
        key = dg.AssetKey([service, asset])
        selection = dg.AssetSelection.assets(key)
        job = self.defs.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection={key}, asset_check_selection=self._checks(selection)
        )
        return job.execute_in_process(
            instance=self.instance, tags=_tags(partitions), run_config=dict(config or {}), raise_on_error=False
        )

    def execute_checks(self, asset: str = "promotions", service: str = "retail") -> Any:
        """What "Execute all" of the UI does: an asset's checks, without a partition."""
        selection = dg.AssetSelection.assets(dg.AssetKey([service, asset]))
        job = self.defs.resolve_implicit_global_asset_job_def().get_subset(
            asset_selection=set(), asset_check_selection=self._checks(selection)
        )
        return job.execute_in_process(instance=self.instance, raise_on_error=False)

    def run(self, job: str, defs: dg.Definitions | None = None, **config: Any) -> Any:
        """Run one of the jobs."""
        found = (defs or self.defs).resolve_job_def(job)
        run_config = {"ops": {found.nodes[0].name: {"config": config}}} if config else {}
        return found.execute_in_process(instance=self.instance, run_config=run_config, raise_on_error=False)

    def sql(self, statement: str, *parameters: object) -> list[Any]:
        """Reach into the mirror behind everybody's back."""
        with closing(sqlite3.connect(self.config.home / "data" / "focus.db")) as connection, connection:
            return connection.execute(statement, parameters).fetchall()

    def check(self, name: str, partition: str | None, asset: str = "promotions") -> dg.AssetCheckEvaluation | None:
        """The latest result of a check, as the event log keeps it."""
        logs = self.instance.event_log_storage.get_logs_for_all_runs_by_log_id(
            dagster_event_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        )
        found = [entry.get_dagster_event().asset_check_evaluation_data for _, entry in sorted(logs.items())]
        mine = [
            one for one in found if (one.asset_key.path[-1], one.check_name, one.partition) == (asset, name, partition)
        ]
        return mine[-1] if mine else None

    def materialized(
        self, partition: str | None, asset: str = "promotions", service: str = "retail"
    ) -> Mapping[str, Any]:
        """The metadata of a partition's latest materialization; empty where there is none."""
        named = [partition] if partition else None
        wanted = dg.AssetRecordsFilter(dg.AssetKey([service, asset]), asset_partitions=named)
        records = self.instance.fetch_materializations(wanted, limit=1).records
        if not records:
            return {}
        return {name: value.value for name, value in records[0].asset_materialization.metadata.items()}

    def _checks(self, selection: dg.AssetSelection) -> set[dg.AssetCheckKey]:
        return set(selection.resolve_checks(self.defs.resolve_asset_graph()))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    sizes = Sizes(promotions=60, products=20, stores=5)
    options = SandboxOptions(sizes=sizes, username="sandbox", password="sandbox", countries=COUNTRIES)
    with SandboxServer(Sandbox(options)) as found:
        yield found


@pytest.fixture
def site(tmp_path: Path, server: SandboxServer, instance: dg.DagsterInstance) -> Site:
    return Site(server, configuration(tmp_path, server.url), instance)


def configuration(home: Path, url: str, **sections: Any) -> Config:
    """A focus.yaml for the sandbox's retail service, read as a user's would be."""
    source = {
        "kind": "exchange",
        "base_url": url,
        "business_service": "retail",
        "auth": {"kind": "focus", "username": "sandbox", "password": "${SANDBOX_PASSWORD}"},
        "countries": list(COUNTRIES),
        "retry": {"attempts": 1},
    }
    document = {"sources": {"retail": source | sections.pop("retail", {})}, **sections}
    file = home / "focus.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_config(file, {"SANDBOX_PASSWORD": "sandbox"})


def _tags(partitions: tuple[str, ...]) -> dict[str, str]:
    if not partitions:
        return {}
    if len(partitions) == 1:
        return {"dagster/partition": partitions[0]}
    return {
        "dagster/asset_partition_range_start": partitions[0],
        "dagster/asset_partition_range_end": partitions[-1],
    }

"""Collections are mirrored, judged, changed and mirrored again, with nothing but their services' names to write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from pydantic import SecretStr, ValidationError

from focus_assets.cli.ending import sentence
from focus_assets.config import Config, Destination, Document
from focus_assets.database.open import Database
from focus_assets.database.tables import mirrored
from focus_assets.fleet import open_fleet
from focus_assets.load.ledger import entries
from focus_assets.model.errors import (
    ApiError,
    ResourceDiscoveryFailed,
    RowError,
    ServiceDiscoveryFailed,
    ServiceNotFound,
    TokenFailed,
    Truncated,
    UnknownResource,
)
from focus_assets.model.failure import Failure
from focus_assets.model.outcome import Outcome
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.verdict import Verdict
from focus_assets.sandbox import Fault, FaultPlan, Kind, SandboxServer
from focus_assets.sandbox.discovery import DiscoveryOptions, DiscoverySandbox
from focus_assets.sources.snapshots import stored_schemas

OFFERS = "metadata_offers"
Server = SandboxServer[DiscoverySandbox]
CHANGED = {"cursor": "updatedAt", "param": "updatedAt_gte", "overlap_seconds": 0}


@pytest.fixture
def server() -> Iterator[Server]:
    with SandboxServer(DiscoverySandbox(DiscoveryOptions(items=120, per_page=50))) as found:
        yield found


class Scene:
    """A registry, an entry of focus.yaml that reads it, a database."""

    def __init__(self, server: Server, url: str, home: Path) -> None:
        self.server, self.home = server, home
        self.database = Database(Destination(url=SecretStr(url), lock_timeout_seconds=5))
        self.entry: dict[str, Any] = {"services": {"metadata": ["offers"]}, "owner": "acme", "incremental": CHANGED}

    @property
    def config(self) -> Config:
        start = {"kind": "discovered", "base_url": self.server.url, "client_id": "sandbox", "client_secret": "sandbox"}
        entry = {**start, "retry": {"attempts": 2}, **self.entry}
        return Config.of(Document.model_validate({"sources": {"library": entry}}), self.home)

    async def sync(self) -> dict[str, Outcome]:
        async with open_fleet(self.config, self.database) as fleet:
            outcomes = await fleet.mirror(await fleet.refs())
        return {outcome.ref.resource: outcome for outcome in outcomes}

    async def load(self) -> Outcome:
        (outcome,) = (await self.sync()).values()
        return outcome

    def refs(self) -> set[str]:
        """What the table of the offers holds."""
        (ref, entry) = next((ref, entry) for ref, entry in entries(self.database).items() if ref.resource == OFFERS)
        table = mirrored(self.database, ref, ResourceSchema.from_json(json.loads(entry.schema))).table
        with self.database.reading("read the rows") as connection:
            return set(connection.scalars(sa.select(table.c.ref)))


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Scene:
    sqlite = f"sqlite:///{tmp_path / 'mirror.db'}"
    return Scene(server, sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url"), tmp_path)


@pytest.fixture
def simple(server: Server, tmp_path: Path) -> Scene:
    return Scene(server, f"sqlite:///{tmp_path / 'mirror.db'}", tmp_path)


async def test_a_collection_is_loaded_changed_and_healed(scene: Scene) -> None:
    shelf = scene.server.sandbox.shelf("metadata", "offers")
    first = await scene.load()
    assert (first.error, first.verdict, first.load, first.rows) == (None, Verdict.PROVEN, "full", 120)
    assert scene.refs() == {item["ref"] for item in shelf.items("acme")}

    shelf.put("acme:new", "acme", {**shelf.items("acme")[0], "name": "new"})
    second = await scene.load()
    assert (second.error, second.verdict, second.load, second.changes.inserted) == (None, Verdict.COUNTED, "delta", 1)

    gone = shelf.items("acme")[3]["ref"]
    shelf.remove(gone)
    third = await scene.load()
    assert (third.error, third.healed, third.changes.deleted) == (None, True, 1)
    assert scene.refs() == {item["ref"] for item in shelf.items("acme")}


async def test_changes_are_asked_for_from_before_the_newest_that_is_stored(simple: Scene) -> None:
    simple.entry["incremental"] = {**CHANGED, "overlap_seconds": 300}
    await simple.load()
    newest = max(item["updatedAt"] for item in simple.server.sandbox.shelf("metadata", "offers").items("acme"))
    simple.server.sandbox.asked.clear()
    assert (await simple.load()).load == "delta"
    targets = [urlsplit(asked.split()[1]).query for asked in simple.server.sandbox.asked]
    (since,) = {dict(parse_qsl(query))["updatedAt_gte"] for query in targets if "updatedAt_gte" in query}
    assert datetime.fromisoformat(newest) - datetime.fromisoformat(since) == timedelta(seconds=300)


async def test_columns_are_frozen_and_a_value_that_does_not_fit_is_named(simple: Scene) -> None:
    await simple.load()
    shelf = simple.server.sandbox.shelf("metadata", "offers")
    shelf.put("acme:odd", "acme", {**shelf.items("acme")[0], "active": "perhaps"})
    error = (await simple.load()).error
    assert isinstance(error, RowError)
    assert "active" in str(error)
    assert len(simple.refs()) == 120


async def test_a_token_that_is_refused_within_a_load_is_renewed(simple: Scene) -> None:
    simple.server.sandbox.faults = FaultPlan([("items", Fault(Kind.UNAUTHORIZED))])
    outcome = await simple.load()
    assert (outcome.error, outcome.rows) == (None, 120)
    assert [asked.split()[1] for asked in simple.server.sandbox.asked].count("/identity/oauth/token/") == 2


async def test_a_listing_that_does_not_count_is_unverified(simple: Scene) -> None:
    simple.entry["services"] = {"rights-management": "all"}
    outcome = await simple.load()
    assert (outcome.error, outcome.verdict, outcome.rows) == (None, Verdict.UNVERIFIED, 60)
    assert outcome.ref.resource == "rights_management_usage_rights"


async def test_all_that_there_is_can_be_meant(simple: Scene) -> None:
    simple.entry["services"] = "all"
    found = await simple.sync()
    assert {name: outcome.rows for name, outcome in found.items()} == {
        "metadata_offers": 120,
        "metadata_contents": 120,
        "metadata_tenancy_configurations": 12,
        "rights_management_usage_rights": 60,
    }
    stored = stored_schemas(simple.config, "library")
    assert stored is not None
    assert set(stored) == set(found)
    types = {column.name: str(column.type) for column in stored["metadata_offers"].columns}
    assert (types["updatedAt"], types["active"], types["title"], types["ref"]) == ("time", "bool", "json", "string")


async def test_without_an_owner_it_is_roots_registry_and_everybodys_items(simple: Scene) -> None:
    simple.entry["owner"] = None
    assert (await simple.load()).rows == 240
    assert simple.server.sandbox.asked[0] == "GET /services/root/"


async def test_a_page_that_ends_before_the_number_that_is_told_is_no_end(simple: Scene) -> None:
    await simple.load()
    shelf = simple.server.sandbox.shelf("metadata", "offers")
    items = shelf.items
    shelf.items = lambda owner, since="": _Lying(items(owner, since))  # type: ignore[method-assign]
    simple.entry["incremental"] = None
    outcome = await simple.load()
    assert isinstance(outcome.error, Truncated)
    assert len(simple.refs()) == 120


class _Lying(list[Any]):
    """More by its length than by what it holds: pages come to an end that is none."""

    def __len__(self) -> int:
        return super().__len__() + 7


async def test_every_request_of_a_load_carries_an_id_of_its_own(simple: Scene) -> None:
    await simple.load()
    sent = simple.server.sandbox.correlations
    assert len(sent) == len(set(sent)) == len(simple.server.sandbox.asked)
    assert all(sent)


@pytest.mark.parametrize("kind", [Kind.FAILED, Kind.HTML])
async def test_a_page_that_fails_tells_the_id_that_it_was_asked_with(simple: Scene, kind: Kind) -> None:
    await simple.load()
    simple.server.sandbox.faults = FaultPlan([("items", Fault(kind))] * 9)
    error = (await simple.load()).error
    assert isinstance(error, ApiError)
    assert error.correlation_id in simple.server.sandbox.correlations
    assert error.correlation_id in sentence(error)
    assert Failure.of(error, "").context["correlation_id"] == error.correlation_id


async def test_a_token_that_is_refused_tells_the_id_that_it_was_asked_for_with(simple: Scene) -> None:
    simple.server.sandbox.faults = FaultPlan([("token", Fault(Kind.FAILED))] * 9)
    with pytest.raises(TokenFailed) as caught:
        await simple.load()
    asked = zip(simple.server.sandbox.asked, simple.server.sandbox.correlations, strict=True)
    assert caught.value.correlation_id in [name for target, name in asked if "oauth" in target]


async def test_what_cannot_be_found_is_named(simple: Scene) -> None:
    simple.entry["services"] = {"metadata": ["ofers"]}
    with pytest.raises(UnknownResource, match="no resource 'metadata_ofers'.*did you mean 'metadata_offers'"):
        await simple.load()
    simple.entry["services"] = {"metdata": "all"}
    with pytest.raises(ServiceNotFound, match="no service 'metdata'.*did you mean 'metadata'"):
        await simple.load()


@pytest.mark.parametrize(
    ("place", "kind", "error"),
    [
        ("registry", Kind.FAILED, ServiceDiscoveryFailed),
        ("token", Kind.FAILED, TokenFailed),
        ("descriptor", Kind.FAILED, ResourceDiscoveryFailed),
    ],
)
async def test_what_fails_on_the_way_is_told_and_leaves_the_rows_as_they_were(
    simple: Scene, place: str, kind: Kind, error: type[Exception]
) -> None:
    await simple.load()
    simple.server.sandbox.faults = FaultPlan([(place, Fault(kind))] * 9)
    outcome = await simple.load()
    assert isinstance(outcome.error, error)
    assert len(simple.refs()) == 120


def test_an_entry_that_cannot_be_is_refused(simple: Scene) -> None:
    for wrong in ({"services": {}}, {"services": {"a": ["b", "B"]}}, {"origins": ["x"]}, {"base_url": "registry"}):
        simple.entry = wrong
        with pytest.raises(ValidationError):
            _ = simple.config

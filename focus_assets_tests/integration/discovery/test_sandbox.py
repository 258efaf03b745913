"""The whole of it against the sandbox: both ways to page, owners, faults, a synchronous face."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest

from focus_assets.api.discovery import DiscoveryClient, DiscoveryOptions, SyncDiscoveryClient
from focus_assets.model.errors import ServiceDiscoveryFailed, VersionConflict
from focus_assets.sandbox import AT_PLACES, FaultPlan, SandboxServer
from focus_assets.sandbox.discovery import DiscoveryOptions as SandboxOptions
from focus_assets.sandbox.discovery import DiscoverySandbox

Server = SandboxServer[DiscoverySandbox]


@pytest.fixture
def server() -> Iterator[Server]:
    with SandboxServer(DiscoverySandbox(SandboxOptions(items=300))) as found:
        yield found


def client(server: Server, **more: object) -> DiscoveryClient:
    start = {"registry_url": server.url, "client_id": "sandbox", "client_secret": "sandbox", **more}
    return DiscoveryClient(**start)  # type: ignore[arg-type]


async def test_both_ways_to_page_bring_every_item_once(server: Server) -> None:
    async with client(server) as api:
        offers = [item["ref"] async for item in api.metadata.offers.list()]
        rights = [item["ref"] async for item in api.rights_management.usage_rights.list(params={"perPage": 40})]
    assert len(set(offers)) == len(offers) == 600
    assert len(set(rights)) == len(rights) == 300


async def test_an_owner_sees_what_is_its_own(server: Server) -> None:
    async with client(server, owner="acme") as api:
        owners = {item["owner"] async for item in api.metadata.contents.list()}
        everybody = {item["owner"] async for item in api.metadata.contents.list(owner=False)}
    assert (owners, everybody) == ({"acme"}, {"root", "acme"})
    with pytest.raises(ServiceDiscoveryFailed):
        await client(server, owner="nobody").__aenter__()


async def test_an_item_lives(server: Server) -> None:
    async with client(server) as api:
        settings = api.metadata.tenancy_configurations
        made = await settings.create({"name": "new"}, idempotency_key="k")
        assert await settings.create({"name": "new"}, idempotency_key="k") == made
        changed = await settings.update(made["ref"], {"name": "newer"}, if_match=made["version"])
        assert changed["name"] == "newer"
        with pytest.raises(VersionConflict):
            await settings.update(made["ref"], {"name": "lost"}, if_match=made["version"])
        assert await settings.retrieve(made["ref"]) == changed
        await settings.delete(made["ref"])
        assert made["ref"] not in [item["ref"] async for item in settings.list()]


@pytest.mark.parametrize("seed", range(4))
async def test_a_listing_is_whole_whatever_fails_on_the_way(seed: int) -> None:
    faults = FaultPlan(rate=0.2, seed=seed, kinds=AT_PLACES, seconds=0.01)
    with SandboxServer(DiscoverySandbox(SandboxOptions(items=300, per_page=50), faults)) as server:
        options = DiscoveryOptions(attempts=20)
        async with client(server, options=options) as api:
            refs = [item["ref"] async for item in api.metadata.offers.list()]
    assert len(set(refs)) == len(refs) == 600


async def test_fifty_listings_at_once_share_a_bounded_number_of_connections(server: Server) -> None:
    found: list[int] = []

    async def count(api: DiscoveryClient) -> None:
        found.append(len([item async for item in api.metadata.offers.list()]))

    async with client(server, options=DiscoveryOptions(connections=4)) as api:
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(count, api)
        (one,) = api._engine._clients.values()
        pool = one._http._transport._pool  # type: ignore[attr-defined]
        assert len(pool.connections) <= 4
    assert found == [600] * 50


def test_scripts_use_the_same_words(server: Server) -> None:
    with SyncDiscoveryClient(registry_url=server.url, client_id="sandbox", client_secret="sandbox") as api:
        assert api.services() == ("identity", "metadata", "rights_management")
        assert "offers" in api.resources("metadata")
        assert "metadata" in dir(api)
        settings = api.metadata.tenancy_configurations
        made = settings.create({"name": "new"})
        assert settings.update(made["ref"], {"name": "newer"})["version"] == "2"
        assert settings.retrieve(made["ref"])["name"] == "newer"
        assert made["ref"] in [item["ref"] for item in settings.list()]
        settings.delete(made["ref"])
        assert api.metadata.custom("descriptor/raw/")["name"] == "metadata"
        api.set_owner("acme")
        assert api.owner == "acme"
        assert {item["owner"] for item in api.metadata.offers.list(params={"perPage": 500})} == {"acme"}


async def test_the_synchronous_face_works_where_a_loop_runs(server: Server) -> None:
    with SyncDiscoveryClient(registry_url=server.url, client_id="sandbox", client_secret="sandbox") as api:
        assert len(list(api.metadata.offers.list(params={"perPage": 500}))) == 600

"""Services and resources are found once, when they are needed, and what cannot be found has a name."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import anyio
import pytest

from focus_assets.api.discovery import DiscoveryClient, DiscoveryOptions
from focus_assets.model.errors import (
    ApiError,
    AuthenticationFailed,
    ClientNotEntered,
    OriginRefused,
    ResourceDiscoveryFailed,
    ResourceNotFound,
    ServiceDiscoveryFailed,
    ServiceNotFound,
    TokenFailed,
)
from focus_assets_tests.integration.discovery.scripted import OFFERS, page, scripted

REGISTRY, TOKEN, DESCRIPTOR = "/services/root/", "/identity/oauth/token/", "/metadata/descriptor/raw/"
URL = "/metadata/data/offers"
ONE = (200, {"offers": [{"ref": "a"}]})


async def test_the_registry_is_asked_once_and_a_service_at_its_first_use() -> None:
    async with scripted({f"GET {URL}/a": [ONE]}) as (script, client), client:
        assert [asked.path for asked in script.asked] == [REGISTRY]
        assert client.services() == ("identity", "metadata", "asset_rights")
        offers = client.metadata.offers
        assert script.count(DESCRIPTOR) == 0
        for _ in range(3):
            await offers.retrieve("a")
    assert (script.count(REGISTRY), script.count(DESCRIPTOR), script.count(TOKEN)) == (1, 1, 1)
    assert "authorization" not in script.asked[0].headers


async def test_twenty_tasks_that_touch_the_same_new_service_fetch_one_descriptor_and_one_token() -> None:
    async with scripted({f"GET {URL}/a": [ONE]}) as (script, client), client, anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(client.metadata.offers.retrieve, "a")
    assert (script.count(DESCRIPTOR), script.count(TOKEN), script.count(f"{URL}/a")) == (1, 1, 20)


async def test_names_are_known_by_dir_once_they_were_discovered() -> None:
    async with scripted() as (_, client):
        assert "metadata" not in dir(client)
        async with client:
            assert {"metadata", "asset_rights", "services"} <= set(dir(client))
            assert "offers" not in dir(client.metadata)
            assert await client.resources("metadata") == ("offers",)
            assert {"offers", "custom"} <= set(dir(client.metadata))
            assert not hasattr(client, "_ipython_display_")
            assert not hasattr(client.metadata, "_repr_html_")


async def test_a_service_that_is_not_there_is_named_with_a_near_one() -> None:
    async with scripted() as (_, client), client:
        with pytest.raises(ServiceNotFound, match="no service 'metadta'; .*did you mean 'metadata'"):
            _ = client.metadta
        with pytest.raises(ResourceNotFound, match="no resource 'offer'; .*did you mean 'offers'"):
            await client.metadata.offer.retrieve("a")


async def test_a_hyphenated_resource_has_a_name_in_python() -> None:
    about = {"path": "/data", "pluralName": "tenancyConfigurations", "hyphenatedPluralName": "tenancy-configurations"}
    says = {
        f"GET {DESCRIPTOR}": [(200, {"resourcefuls": {"tenancyConfigurations": about}})],
        "GET /metadata/data/tenancy-configurations": [(200, {"tenancyConfigurations": [1]})],
    }
    async with scripted(says) as (_, client), client:
        assert [item async for item in client.metadata.tenancy_configurations.list()] == [1]


async def test_a_client_that_was_not_entered_or_was_left_says_so() -> None:
    async with scripted({f"GET {URL}": [page("a")]}) as (_, client):
        with pytest.raises(ClientNotEntered):
            client.services()
        with pytest.raises(ClientNotEntered):
            _ = client.metadata
        with pytest.raises(ClientNotEntered):
            await client.set_owner("acme")
        async with client:
            offers = client.metadata.offers
        with pytest.raises(ClientNotEntered):
            await offers.retrieve("a")
        with pytest.raises(ClientNotEntered):
            [item async for item in offers.list()]


@pytest.mark.parametrize(
    "said",
    [
        (404, {}),
        (500, {}),
        (200, "<html>"),
        (200, {}),
        (200, {"services": {}}),
        (200, {"services": [1]}),
        (200, {"services": [{"name": "a b", "location": "http://x"}]}),
        (200, {"services": [{"name": "metadata"}]}),
        (200, {"services": [{"name": "metadata", "location": "ftp://x"}]}),
        (200, {"services": [{"name": "metadata", "location": "http://x?token=1"}]}),
        (200, {"services": [{"name": "a-b", "location": "http://x"}, {"name": "aB", "location": "http://y"}]}),
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{]}",
        b"",
    ],
)
async def test_a_registry_that_says_nothing_usable_is_its_own_error(said: Any) -> None:
    async with scripted({f"GET {REGISTRY}": [said]}, options={"attempts": 2}) as (_, client):
        with pytest.raises(ServiceDiscoveryFailed, match="registry"):
            await client.__aenter__()
        with pytest.raises(ClientNotEntered):
            client.services()


@pytest.mark.parametrize(
    "said",
    [
        (404, {}),
        (503, {}),
        (200, []),
        (200, {"resourcefuls": []}),
        (200, {"resourcefuls": {"offers": 1}}),
        (200, {"resourcefuls": {"offers": {**OFFERS, "path": "/../admin"}}}),
        (200, {"resourcefuls": {"offers": {**OFFERS, "hyphenatedPluralName": "../x"}}}),
        (200, {"resourcefuls": {"offers": OFFERS, "again": OFFERS}}),
        b"",
    ],
)
async def test_a_descriptor_that_says_nothing_usable_is_its_own_error_and_is_asked_for_again(said: Any) -> None:
    says = {f"GET {DESCRIPTOR}": [said], f"GET {URL}/a": [ONE]}
    async with scripted(says, options={"attempts": 1}) as (_, client), client:
        with pytest.raises(ResourceDiscoveryFailed, match="the descriptor of 'metadata'"):
            await client.metadata.offers.retrieve("a")
        says[f"GET {DESCRIPTOR}"] = [(200, {"resourcefuls": {"offers": OFFERS}})]
        assert await client.metadata.offers.retrieve("a") == {"ref": "a"}


@pytest.mark.parametrize("said", [(401, {"error": "invalid_client"}), (500, {}), (200, {}), (200, "x"), b""])
async def test_a_token_that_is_not_issued_is_its_own_error(said: Any) -> None:
    async with scripted({f"POST {TOKEN}": [said]}, options={"attempts": 2}) as (_, client), client:
        with pytest.raises(TokenFailed, match="no token was issued") as caught:
            await client.resources("metadata")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("said", [(401, {"error": "invalid_client"}), (500, {}), b""])
async def test_a_token_that_is_not_issued_tells_the_id_of_its_own_request(said: Any) -> None:
    async with scripted({f"POST {TOKEN}": [said]}, options={"attempts": 2}) as (script, client), client:
        with pytest.raises(TokenFailed) as caught:
            await client.resources("metadata")
    assert caught.value.correlation_id in [
        asked.headers["x-correlation-id"] for asked in script.asked if asked.path == TOKEN
    ]


async def test_a_registry_without_an_identity_service_can_issue_no_token() -> None:
    async with scripted() as (script, client):
        script.says[f"GET {REGISTRY}"] = [
            (200, {"services": [{"name": "metadata", "location": f"{script.base}/metadata"}]})
        ]
        async with client:
            with pytest.raises(TokenFailed, match="no service 'identity'"):
                await client.resources("metadata")


async def test_a_refused_token_at_the_descriptor_is_no_failed_discovery() -> None:
    async with scripted({f"GET {DESCRIPTOR}": [(401, {})]}) as (_, client), client:
        with pytest.raises(AuthenticationFailed):
            await client.resources("metadata")


async def test_a_registry_that_is_not_there_is_named() -> None:
    options = DiscoveryOptions(attempts=1)
    client = DiscoveryClient(registry_url="http://127.0.0.1:9", client_id="a", client_secret="b", options=options)
    with pytest.raises(ServiceDiscoveryFailed, match="no connection"):
        await client.__aenter__()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of somebody whom nobody trusts."""
    if shutil.which("openssl") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no openssl to make a certificate with")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1")
    subprocess.run([*made, "-keyout", file, "-out", f"{file}.crt"], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


async def test_who_cannot_show_a_certificate_that_is_trusted_is_told_nothing(certificate: Path) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        options = DiscoveryOptions(attempts=1)
        client = DiscoveryClient(registry_url=url, client_id="a", client_secret="b", options=options)
        with pytest.raises(ServiceDiscoveryFailed, match="certificate"):
            await client.__aenter__()
    assert heard == []


async def test_a_registry_leads_only_where_it_may() -> None:
    async with scripted(origins=("https://api.test",)) as (_, client), client:
        assert client.services()  # its own server is among them
    async with scripted(origins=()) as (script, client):
        script.says[f"GET {REGISTRY}"] = [(200, {"services": [{"name": "metadata", "location": "http://evil.test"}]})]
        with pytest.raises(ServiceDiscoveryFailed, match="not among the origins") as caught:
            await client.__aenter__()
    assert isinstance(caught.value.__cause__, OriginRefused)


async def test_a_registry_asked_by_http_never_gets_the_secret_sent_to_another_host() -> None:
    async with scripted() as (script, client):
        elsewhere = [{"name": "identity", "location": "https://evil.test"}]
        script.says[f"GET {REGISTRY}"] = [(200, {"services": elsewhere})]
        with pytest.raises(ServiceDiscoveryFailed, match="may not lead to 'identity'.*`origins`") as caught:
            await client.__aenter__()
    assert "https://evil.test" in str(caught.value)
    assert [asked.path for asked in script.asked] == [REGISTRY]


async def test_services_may_be_on_other_ports_of_the_registrys_host() -> None:
    async with scripted({f"GET {URL}/a": [ONE]}) as (elsewhere, _), scripted() as (script, client):
        services = [{"name": name, "location": f"{elsewhere.base}/{name}"} for name in ("identity", "metadata")]
        script.says[f"GET {REGISTRY}"] = [(200, {"services": services})]
        async with client:
            assert await client.metadata.offers.retrieve("a") == {"ref": "a"}
    assert [asked.path for asked in script.asked] == [REGISTRY]


async def test_the_token_goes_to_a_service_and_never_where_its_links_lead() -> None:
    async with scripted() as (elsewhere, _), scripted() as (script, client):
        link = f"{elsewhere.base}/metadata/data/offers?continue=A"
        script.says[f"GET {URL}"] = [page("a", following=link)]
        async with client:
            with pytest.raises(ApiError):
                [item async for item in client.metadata.offers.list()]
        assert elsewhere.asked == []

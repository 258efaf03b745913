"""A listing is followed to its end, page by page, and nowhere else."""

from __future__ import annotations

import threading
from contextlib import aclosing
from typing import Any

import pytest

from focus_assets.api.discovery import DiscoveryClient
from focus_assets.model.errors import ApiError, OriginRefused, PageRepeated, UnexpectedBody
from focus_assets.sandbox import SandboxServer
from focus_assets.sandbox.discovery import DiscoveryOptions, DiscoverySandbox
from focus_assets_tests.integration.discovery.scripted import page, refs, scripted

URL = "/metadata/data/offers"


async def test_two_pages_and_the_query_of_the_link_merged_over_the_one_before() -> None:
    link = f"{URL}?continue=A&perPage=2"
    says = {f"GET {URL}": [page("a", "b", following=link), page("c")]}
    async with scripted(says, owner="acme") as (script, client), client:
        listing = client.metadata.offers.list(params={"perPage": 50, "active": True})
        assert await refs(listing) == ["a", "b", "c"]
    assert [asked.target for asked in script.asked[-2:]] == [
        f"{URL}?owner=acme&perPage=50&active=true&continue=true",
        f"{URL}?owner=acme&perPage=2&active=true&continue=A",
    ]


@pytest.mark.parametrize("end", [None, ""])
async def test_an_absent_or_empty_link_is_the_end(end: str | None) -> None:
    async with scripted({f"GET {URL}": [page("a", following=end)]}) as (script, client), client:
        assert await refs(client.metadata.offers.list()) == ["a"]
    assert script.count(URL) == 1


async def test_pages_by_number_are_followed_too() -> None:
    first = (200, {"meta": {"page": 1, "next": f"{URL}?page=2"}, "offers": [{"ref": "a"}]})
    async with scripted({f"GET {URL}": [first, page("b")]}) as (script, client), client:
        assert await refs(client.metadata.offers.list()) == ["a", "b"]
    assert "page=2" in script.last().target


async def test_nothing_is_asked_before_an_item_is_and_no_page_before_it_is_needed() -> None:
    says = {f"GET {URL}": [page("a", "b", following=f"{URL}?continue=A"), page("c")]}
    async with scripted(says) as (script, client), client, aclosing(client.metadata.offers.list()) as items:
        assert script.count(URL) == 0
        assert [(await anext(items))["ref"] for _ in range(2)] == ["a", "b"]
        assert script.count(URL) == 1
        assert (await anext(items))["ref"] == "c"
    assert script.count(URL) == 2


async def test_who_reads_on_finds_the_page_after_already_fetched() -> None:
    pages = [page(f"{number}", following=f"{URL}?continue={number}") for number in range(3)]
    async with scripted({f"GET {URL}": [*pages, page("end")]}) as (script, client), client:
        listing = await client.metadata.offers.listing()
        await anext(listing)
        await anext(listing)
        third = listing._ahead
        assert third is not None
        await third.result()
        assert script.count(URL) == 3
        assert [one["ref"] async for page in listing for one in page.items] == ["2", "end"]
    assert script.count(URL) == 4


async def test_the_page_after_is_asked_for_before_an_item_of_the_second_is_handed_over() -> None:
    asked = threading.Event()
    with SandboxServer(DiscoverySandbox(DiscoveryOptions(items=30, per_page=10))) as server:
        start = {"registry_url": server.url, "client_id": "sandbox", "client_secret": "sandbox", "owner": "root"}
        async with DiscoveryClient(**start) as client:
            pages = client.metadata.offers.pages()
            await anext(pages)
            server.sandbox.asked = _Watched(asked, "continue=k")  # the third page's token, 20 in base 36
            await anext(pages)
            assert asked.wait(90)  # while this thread, and with it the client, stands still
            await pages.aclose()


class _Watched(list[str]):
    """Requests, of which one is waited for."""

    def __init__(self, seen: threading.Event, part: str) -> None:
        super().__init__()
        self._seen, self._part = seen, part

    def append(self, asked: str) -> None:
        super().append(asked)
        if self._part in asked:
            self._seen.set()


async def test_an_error_of_a_page_fetched_ahead_comes_when_that_page_is_asked_for() -> None:
    pages = [page(f"{number}", following=f"{URL}?continue={number}") for number in range(2)]
    async with scripted({f"GET {URL}": [*pages, (400, {})]}) as (_, client), client:
        items = client.metadata.offers.list()
        assert [(await anext(items))["ref"] for _ in range(2)] == ["0", "1"]
        with pytest.raises(ApiError, match="400"):
            await anext(items)


async def test_a_token_that_comes_again_is_an_error_and_no_endless_listing() -> None:
    says = {f"GET {URL}": [page("a", following=f"{URL}?continue=A")]}
    async with scripted(says) as (script, client), client:
        with pytest.raises(PageRepeated):
            await refs(client.metadata.offers.list())
    assert script.count(URL) == 2


@pytest.mark.parametrize("link", ["https://evil.test/data/offers?continue=A", "//evil.test/offers?continue=A"])
async def test_a_link_off_the_services_origin_is_refused(link: str) -> None:
    async with scripted({f"GET {URL}": [page("a", following=link)]}) as (_, client), client:
        with pytest.raises(OriginRefused):
            await refs(client.metadata.offers.list())


@pytest.mark.parametrize("answer", [{}, [], {"offers": {}}, {"offers": [], "meta": {"continue": 7}}])
async def test_a_page_that_is_none_is_named(answer: Any) -> None:
    async with scripted({f"GET {URL}": [(200, answer)]}) as (_, client), client:
        with pytest.raises(UnexpectedBody):
            await refs(client.metadata.offers.list())


async def test_a_token_that_expires_in_the_middle_of_a_listing_is_renewed() -> None:
    says = {f"GET {URL}": [page("a", following=f"{URL}?continue=A"), (401, {}), page("b")]}
    async with scripted(says) as (script, client), client:
        assert await refs(client.metadata.offers.list()) == ["a", "b"]
    assert script.tokens == 2
    assert [asked.headers["authorization"] for asked in script.asked if asked.path == URL] == [
        "Bearer token-1",
        "Bearer token-1",
        "Bearer token-2",
    ]

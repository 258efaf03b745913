"""What is created, read, changed and deleted goes where the descriptor says, once, with what it should show."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import anyio
import pytest

from focus_assets.model.errors import (
    ApiError,
    ApiTimeout,
    AuthenticationFailed,
    NotFound,
    RateLimited,
    ServerFailed,
    UnexpectedBody,
    VersionConflict,
)
from focus_assets_tests.integration.discovery.scripted import SECRET, page, scripted

URL = "/metadata/data/offers"
ONE = (200, {"offers": [{"ref": "a", "at": "2000-01-01T00:00:00.000Z"}]})
LOST = b""
STALLED = b"HTTP/1.1 200"  # and then nothing more


async def test_each_word_is_the_request_that_it_stands_for() -> None:
    says = {
        f"POST {URL}": [(201, {"offers": [{"ref": "a"}]})],
        f"GET {URL}/a%2Fb": [ONE],
        f"PUT {URL}/a": [ONE],
        f"DELETE {URL}/a": [(204, None)],
    }
    async with scripted(says) as (script, client), client:
        offers = client.metadata.offers
        assert await offers.create(json={"name": "x"}) == {"ref": "a"}
        assert script.last().body == b'{"offers":[{"name":"x"}]}'
        assert (await offers.retrieve(pk="a/b"))["at"] == datetime(2000, 1, 1, tzinfo=UTC)
        assert (await offers.update(pk="a", json={"runs": timedelta(days=1, hours=1)}))["ref"] == "a"
        assert script.last().body == b'{"offers":[{"runs":"P1DT1H"}]}'
        assert await offers.delete(pk="a") is None
    assert {asked.headers["content-type"] for asked in script.asked if asked.path.startswith(URL)} == {
        "application/vnd.piksel+json"
    }


async def test_an_update_may_be_answered_by_nothing() -> None:
    async with scripted({f"PUT {URL}/a": [(204, None)]}) as (_, client), client:
        assert await client.metadata.offers.update("a", {}) is None


async def test_an_aware_moment_is_written_in_utc() -> None:
    async with scripted({f"POST {URL}": [ONE]}) as (script, client), client:
        await client.metadata.offers.create({"at": datetime(2000, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))})
    assert script.last().body == b'{"offers":[{"at":"2000-01-01T00:00:00.000Z"}]}'


async def test_texts_stay_texts_where_decoding_is_switched_off() -> None:
    says = {f"GET {path}": [ONE] for path in (URL, f"{URL}/a")}
    async with scripted(says, options={"decode": False}) as (_, client), client:
        assert (await client.metadata.offers.retrieve("a"))["at"] == "2000-01-01T00:00:00.000Z"
        assert (await client.metadata.custom("data/offers/a"))["offers"][0]["at"] == "2000-01-01T00:00:00.000Z"
        assert (await anext(client.metadata.offers.list()))["at"] == "2000-01-01T00:00:00.000Z"


async def test_moments_and_spans_come_as_what_they_are() -> None:
    item = {"at": "2000-01-01T00:00:00.000Z", "runs": ["P1DT1H", [{"at": "2000-01-01T02:00:00+02:00"}]]}
    moment = datetime(2000, 1, 1, tzinfo=UTC)
    read = {"at": moment, "runs": [timedelta(days=1, hours=1), [{"at": moment}]]}
    says = {f"GET {path}": [(200, {"offers": [item]})] for path in (URL, f"{URL}/a")}
    async with scripted(says) as (_, client), client:
        assert await client.metadata.offers.retrieve("a") == read
        assert await client.metadata.custom("data/offers/a") == {"offers": [read]}
        assert await anext(client.metadata.offers.list()) == read


async def test_owner_and_token_go_with_a_call_and_stay_away_where_it_says_so() -> None:
    async with scripted({f"GET {URL}/a": [ONE]}, owner="acme") as (script, client), client:
        offers = client.metadata.offers
        await offers.retrieve("a", params={"x": 1}, headers={"X-Trace": "t"})
        assert script.last().target == f"{URL}/a?owner=acme&x=1"
        assert script.last().headers["authorization"] == "Bearer token-1"
        assert script.last().headers["x-trace"] == "t"
        await offers.retrieve("a", owner=False, token=False)
        assert script.last().target == f"{URL}/a"
        assert "authorization" not in script.last().headers


WORDS: dict[str, Callable[..., Awaitable[Any]]] = {
    "create": lambda client, **extra: client.metadata.offers.create({}, **extra),
    "retrieve": lambda client, **extra: client.metadata.offers.retrieve("a", **extra),
    "update": lambda client, **extra: client.metadata.offers.update("a", {}, **extra),
    "delete": lambda client, **extra: client.metadata.offers.delete("a", **extra),
    "list": lambda client, **extra: anext(client.metadata.offers.list(**extra)),
    "custom": lambda client, **extra: client.metadata.custom("data/offers/a", **extra),
}


@pytest.mark.parametrize("word", WORDS)
async def test_every_word_takes_params_headers_and_what_is_not_shown(word: str) -> None:
    listed = (200, {"offers": [{"ref": "a"}]})
    says = {f"{method} {path}": [listed] for method in ("GET", "POST", "PUT", "DELETE") for path in (URL, f"{URL}/a")}
    async with scripted(says, owner="acme") as (script, client), client:
        await WORDS[word](client, params={"x": 1}, headers={"X-Trace": "t"})
        shown = script.last()
        assert shown.target.startswith(f"{shown.path}?owner=acme&x=1")
        assert (shown.headers["authorization"], shown.headers["x-trace"]) == ("Bearer token-1", "t")
        assert shown.headers["x-correlation-id"]
        await WORDS[word](client, owner=False, token=False)
        assert "owner" not in script.last().target
        assert "authorization" not in script.last().headers


async def test_a_token_is_renewed_before_its_end_where_that_was_told() -> None:
    says = {"POST /identity/oauth/token/": [(200, {"access_token": t, "expires_in": 100}) for t in ("one", "two")]}
    async with scripted({**says, f"GET {URL}/a": [ONE]}) as (script, client), client:
        offers = client.metadata.offers
        await offers.retrieve("a")
        client._engine._tools.clock.now += 89.0  # type: ignore[attr-defined]
        await offers.retrieve("a")
        client._engine._tools.clock.now += 2.0  # type: ignore[attr-defined]
        await offers.retrieve("a")
    shown = [asked.headers["authorization"] for asked in script.asked if asked.path == f"{URL}/a"]
    assert shown == ["Bearer one", "Bearer one", "Bearer two"]


async def test_twenty_tasks_whose_token_was_refused_renew_it_once() -> None:
    async with scripted() as (script, client), client:
        await client.resources("metadata")
        script.only = "Bearer token-2"
        script.says[f"GET {URL}/a"] = [ONE]
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(client.metadata.offers.retrieve, "a")
    assert script.tokens == 2


async def test_the_owner_can_be_another_from_now_on() -> None:
    async with scripted({f"GET {URL}/a": [ONE]}) as (script, client), client:
        await client.metadata.offers.retrieve("a")
        assert script.last().target == f"{URL}/a"
        await client.set_owner("acme")
        assert client.owner == "acme"
        await client.metadata.offers.retrieve("a")
        assert script.last().target == f"{URL}/a?owner=acme"
        assert script.count("/services/acme/") == 1
        with pytest.raises(ApiError):
            await client.set_owner("nobody")
        assert client.owner == "acme"


async def test_an_endpoint_of_its_own_is_asked_below_the_location() -> None:
    says = {"POST /metadata/actions/publish/": [(202, {"queued": 1})], "GET /metadata/health": [(200, {"ok": True})]}
    async with scripted(says) as (script, client), client:
        assert await client.metadata.custom("health") == {"ok": True}
        assert await client.metadata.custom("/actions/publish/", "post", json={"a": [1]}) == {"queued": 1}
    assert script.last().body == b'{"a":[1]}'


async def test_every_request_and_its_repetitions_carry_one_correlation_id_which_the_error_tells() -> None:
    async with (
        scripted({f"GET {URL}/a": [(500, {"said": SECRET})]}, options={"attempts": 3}) as (script, client),
        client,
    ):
        with pytest.raises(ServerFailed, match="500") as caught:
            await client.metadata.offers.retrieve("a")
        with pytest.raises(ServerFailed):
            await client.metadata.offers.retrieve("a")
    sent = [asked.headers["x-correlation-id"] for asked in script.asked if asked.path == f"{URL}/a"]
    assert len(sent) == 6
    assert sent[:3] == [caught.value.correlation_id] * 3
    assert sent[3] != sent[0]
    shown = "".join(traceback.format_exception(caught.value))
    assert caught.value.correlation_id in shown
    assert "…" in caught.value.body_start
    assert SECRET not in shown
    assert caught.value.status == 500


async def test_a_timeout_and_then_an_answer_are_two_sends() -> None:
    says = {f"GET {URL}/a": [STALLED, ONE]}
    async with scripted(says, linger=True, options={"timeout_seconds": 4}) as (script, client), client:
        await client.metadata.offers.retrieve("a")
    assert script.count(f"{URL}/a") == 2


@pytest.mark.parametrize("failure", [(503, {}), (500, {}), (429, {}), LOST])
async def test_a_failed_read_update_or_deletion_is_sent_again(failure: Any) -> None:
    says = {
        f"GET {URL}/a": [failure, ONE],
        f"PUT {URL}/a": [failure, ONE],
        f"DELETE {URL}/a": [failure, (204, None)],
    }
    async with scripted(says) as (script, client), client:
        await client.metadata.offers.retrieve("a")
        await client.metadata.offers.update("a", {})
        await client.metadata.offers.delete("a")
    assert script.count(f"{URL}/a") == 6


@pytest.mark.parametrize("failure", [(503, {}), LOST])
async def test_a_create_that_may_have_been_applied_is_not_sent_again(failure: Any) -> None:
    async with scripted({f"POST {URL}": [failure, ONE]}) as (script, client), client:
        with pytest.raises(ApiError) as caught:
            await client.metadata.offers.create({})
    assert caught.value.correlation_id
    assert script.count(URL) == 1


async def test_a_create_that_was_not_let_in_is_sent_again() -> None:
    async with scripted({f"POST {URL}": [(429, {}), ONE]}) as (script, client), client:
        await client.metadata.offers.create({})
    assert script.count(URL) == 2


async def test_a_create_with_a_key_of_its_own_is_sent_again() -> None:
    async with scripted({f"POST {URL}": [LOST, (503, {}), ONE]}) as (script, client), client:
        await client.metadata.offers.create({}, idempotency_key="k1")
    assert [asked.headers["idempotency-key"] for asked in script.asked if asked.path == URL] == ["k1"] * 3


async def test_a_deletion_whose_answer_was_lost_has_happened() -> None:
    async with scripted({f"DELETE {URL}/a": [LOST, (404, {})]}) as (_, client), client:
        await client.metadata.offers.delete("a")


async def test_a_deletion_of_what_never_was_is_not_found() -> None:
    async with scripted() as (_, client), client:
        with pytest.raises(NotFound) as caught:
            await client.metadata.offers.delete("a")
    assert caught.value.correlation_id


async def test_an_update_of_an_old_version_is_a_conflict_of_its_own() -> None:
    async with scripted({f"PUT {URL}/a": [(412, {"error": "changed"})]}) as (script, client), client:
        with pytest.raises(VersionConflict, match="412"):
            await client.metadata.offers.update("a", {}, if_match='"3"')
    assert script.last().headers["if-match"] == '"3"'
    assert script.count(f"{URL}/a") == 1


async def test_an_update_of_a_version_is_not_sent_again_when_it_may_have_been_applied() -> None:
    async with scripted({f"PUT {URL}/a": [LOST, (412, {})]}) as (script, client), client:
        with pytest.raises(ApiError) as caught:
            await client.metadata.offers.update("a", {}, if_match="3")
    assert not isinstance(caught.value, VersionConflict)
    assert script.count(f"{URL}/a") == 1


async def test_the_whole_of_the_waits_has_a_cap() -> None:
    async with scripted({f"GET {URL}/a": [(429, {})]}, options={"retry_seconds": 11}) as (script, client), client:
        with pytest.raises(RateLimited):
            await client.metadata.offers.retrieve("a")
    assert script.count(f"{URL}/a") == 4  # 3 s and a little more between them


async def test_a_server_that_refuses_every_token_sees_four_of_them() -> None:
    async with scripted({f"GET {URL}/a": [(401, {})]}) as (script, client), client:
        await client.resources("metadata")
        script.tokens = 0
        with pytest.raises(AuthenticationFailed):
            await client.metadata.offers.retrieve("a")
    assert script.tokens == 3  # the first had been issued before
    assert script.count(f"{URL}/a") == 4


@pytest.mark.parametrize("answer", [{}, {"offers": []}, {"offers": {}}, [], "x"])
async def test_an_answer_without_an_item_is_named(answer: Any) -> None:
    async with scripted({f"GET {URL}/a": [(200, answer)]}) as (_, client), client:
        with pytest.raises(UnexpectedBody, match="no item"):
            await client.metadata.offers.retrieve("a")


async def test_pages_of_nothing_are_no_items() -> None:
    async with scripted({f"GET {URL}": [page()]}) as (_, client), client:
        assert [item async for item in client.metadata.offers.list()] == []


async def test_a_deadline_is_an_error_of_its_own() -> None:
    options = {"attempts": 1, "timeout_seconds": 4}
    async with scripted({f"GET {URL}/a": [STALLED]}, linger=True, options=options) as (_, client), client:
        with pytest.raises(ApiTimeout):
            await client.metadata.offers.retrieve("a")

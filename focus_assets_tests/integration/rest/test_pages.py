"""Every way of paging brings every record; an end that comes too early, or never, is an error and no end."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from focus_assets.model.errors import FocusError, OriginRefused, PageRepeated, ServerFailed, Truncated, UnexpectedBody
from focus_assets.model.verdict import Verdict
from focus_assets_tests.integration.rest.scene import Scene
from focus_assets_tests.integration.rest.server import Call, Reply, Spoil, thing

PATIENCE = 90.0
NUMBERED = {"path": "/numbered", "records": "data", "pagination": {"kind": "page"}}
OFFSET = {"path": "/offset", "records": "items", "pagination": {"kind": "offset", "limit": 10}}
TOKEN = {"path": "/token", "records": "items", "pagination": {"kind": "cursor", "at": "next"}}
LINKED = {"path": "/linked", "records": "rows", "pagination": {"kind": "next_link", "at": "next_url"}}
HEADER = {"path": "/header", "pagination": {"kind": "link_header"}}


def paged(entry: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The entry with other knobs of its pagination."""
    return {**entry, "pagination": {**entry["pagination"], **more}}


@pytest.mark.parametrize(
    ("entry", "requests"),
    [
        (NUMBERED, 4),  # until an empty page
        (paged(NUMBERED, has_more="has_more"), 3),
        (paged(NUMBERED, total_pages="meta.pages"), 3),
        ({**NUMBERED, "total": "meta.total"}, 5),  # the states before and after ask for a page each
        (paged(NUMBERED, size_param="per_page", size=5), 6),
        (OFFSET, 4),
        ({**OFFSET, "total": "count"}, 5),
        (TOKEN, 3),
        (LINKED, 3),
        (HEADER, 3),
        ({"path": "/all", "pagination": {"kind": "none"}}, 1),
    ],
)
async def test_every_record_of_every_page_arrives(scene: Scene, entry: dict[str, Any], requests: int) -> None:
    scene.describe(**entry)
    outcome = await scene.load()
    assert (outcome.error, outcome.fetched) == (None, 25)
    assert scene.names() == scene.served()
    assert len(scene.api.asked) == requests


@pytest.mark.parametrize("entry", [NUMBERED, OFFSET, TOKEN, LINKED, HEADER])
@pytest.mark.parametrize("size", [0, 10])
async def test_a_last_page_that_is_full_or_empty_ends_the_list(scene: Scene, entry: dict[str, Any], size: int) -> None:
    scene.describe(**entry)
    scene.api.things = scene.api.things[:size]
    outcome = await scene.load()
    assert (outcome.error, outcome.rows) == (None, size)


async def test_parameters_of_pages_go_into_the_body_of_a_post(scene: Scene) -> None:
    scene.describe(**TOKEN, method="POST", body={"query": "all"}, params={"lang": "en"})
    assert (await scene.load()).error is None
    assert scene.names() == scene.served()
    assert [call.method for call in scene.api.asked] == ["POST"] * 3
    assert [call.body for call in scene.api.asked] == [
        {"query": "all", **more} for more in ({}, {"cursor": 10}, {"cursor": 20})
    ]
    assert {tuple(call.query.items()) for call in scene.api.asked} == {(("lang", "en"),)}


async def test_a_server_that_gives_less_than_it_is_asked_for_is_read_to_its_end(scene: Scene) -> None:
    scene.api.cap = 4
    scene.describe(**paged(OFFSET, limit=500), total="count")
    assert (await scene.load()).verdict is Verdict.COUNTED
    assert scene.names() == scene.served()


async def test_pages_whose_number_is_known_are_fetched_side_by_side_and_stored_in_order(scene: Scene) -> None:
    under_way, most, changed = 0, 0, threading.Condition()

    def slowly(call: Call, reply: Reply) -> Reply:
        nonlocal under_way, most
        with changed:
            under_way += 1
            most = max(most, under_way)
            changed.notify_all()
            if call.query.get("page", "1") != "1":  # the first tells how many there are
                changed.wait_for(lambda: most >= 3, PATIENCE)
                changed.wait_for(lambda: most > 3, 0.1)  # one too many would come now
            under_way -= 1
        return reply

    scene.api.things = [thing(number) for number in range(1, 81)]
    scene.api.spoil = slowly
    scene.source["pages_at_once"] = 3
    scene.describe(**NUMBERED, total="meta.total")
    assert (await scene.load()).error is None
    assert most == 3
    assert scene.names() == scene.served()


def once(number: int, spoil: Spoil) -> Spoil:
    """Spoil one request alone."""
    return lambda call, reply: spoil(call, reply) if call.number == number else reply


def always(page: str, spoil: Spoil) -> Spoil:
    """Spoil one page, however often it is asked for."""
    return lambda call, reply: spoil(call, reply) if page in call.query.values() else reply


def without(records: str) -> Spoil:
    """A page that says all but its records."""
    return lambda call, reply: reply.having(**{records: []})


TOTALS = [
    ({**NUMBERED, "total": "meta.total"}, "data", "2"),
    (paged(NUMBERED, total_pages="meta.pages"), "data", "2"),
    (paged(NUMBERED, has_more="has_more"), "data", "2"),
    ({**OFFSET, "total": "count"}, "items", "10"),
]


@pytest.mark.parametrize(("entry", "records", "page"), TOTALS)
async def test_an_empty_page_in_the_middle_is_asked_for_again(
    scene: Scene, entry: dict[str, Any], records: str, page: str
) -> None:
    spoiled: list[int] = []

    def first_time(call: Call, reply: Reply) -> Reply:
        if page not in call.query.values() or spoiled:
            return reply
        spoiled.append(call.number)
        return reply.having(**{records: []})

    scene.describe(**entry)
    scene.api.spoil = first_time
    outcome = await scene.load()
    assert spoiled
    assert (outcome.error, outcome.rows) == (None, 25)


@pytest.mark.parametrize(
    ("entry", "records", "page"),
    [
        *TOTALS,
        ({**TOKEN, "total": "all"}, "items", "20"),
        ({**LINKED, "total": "filtered_table_rows_count"}, "rows", "20"),
    ],
)
async def test_an_empty_page_that_stays_empty_is_an_error_and_never_an_end(
    everywhere: Scene, entry: dict[str, Any], records: str, page: str
) -> None:
    scene = everywhere
    scene.describe(**entry)
    assert (await scene.load()).error is None
    scene.api.spoil = always(page, without(records))
    await refused(scene, Truncated)


async def test_a_page_that_fails_is_asked_for_again_and_the_others_are_not(scene: Scene) -> None:
    scene.describe(**TOKEN)
    scene.api.spoil = once(2, lambda call, reply: replace(reply, status=503))
    assert (await scene.load()).error is None
    assert scene.api.paths() == ["/token", "/token?cursor=10", "/token?cursor=10", "/token?cursor=20"]


async def test_a_page_that_goes_on_failing_fails_the_load(scene: Scene) -> None:
    scene.describe(**paged(NUMBERED, total_pages="meta.pages"))
    scene.api.spoil = always("3", lambda call, reply: replace(reply, status=503))
    await refused(scene, ServerFailed)
    assert len(scene.api.asked) == 4


@pytest.mark.parametrize(
    ("entry", "spoil", "error"),
    [
        (NUMBERED, lambda call, reply: reply.having(data=[thing(1)]), PageRepeated),  # the page's number is ignored
        (OFFSET, lambda call, reply: reply.having(items=[thing(1)]), PageRepeated),
        (TOKEN, lambda call, reply: reply.having(next=10), PageRepeated),
        (LINKED, lambda call, reply: reply.having(next_url="/linked?from=10"), PageRepeated),
        (TOKEN, lambda call, reply: reply.having(next=20 if call.query.get("cursor") == "10" else 10), PageRepeated),
        (TOKEN, lambda call, reply: reply.having(next={"no": "token"}), UnexpectedBody),
        (LINKED, lambda call, reply: reply.having(next_url=3), UnexpectedBody),
        (LINKED, lambda call, reply: reply.having(next_url="http://elsewhere.example/linked"), OriginRefused),
        (
            HEADER,
            lambda call, reply: replace(reply, headers={"link": '<//elsewhere.example/>; rel="next"'}),
            OriginRefused,
        ),
        (paged(NUMBERED, has_more="has_more"), lambda call, reply: reply.having(has_more="no"), UnexpectedBody),
        (paged(NUMBERED, total_pages="meta.pages"), lambda call, reply: reply.having(meta={}), UnexpectedBody),
        ({**NUMBERED, "total": "meta.total"}, lambda call, reply: reply.having(meta={"total": -1}), UnexpectedBody),
    ],
)
async def test_pages_that_lead_in_a_circle_or_astray_are_refused(
    scene: Scene, entry: dict[str, Any], spoil: Spoil, error: type[FocusError]
) -> None:
    scene.describe(**entry)
    scene.api.spoil = spoil
    await refused(scene, error)
    assert not scene.ledger()


async def refused(scene: Scene, error: type[FocusError]) -> None:
    """The load fails with this error; rows and ledger are as they were."""
    before = scene.ledger(), scene.stored() if scene.ledger() else None
    outcome = await scene.load()
    assert isinstance(outcome.error, error), repr(outcome.error)
    assert outcome.status == "failed"
    assert (scene.ledger(), scene.stored() if scene.ledger() else None) == before

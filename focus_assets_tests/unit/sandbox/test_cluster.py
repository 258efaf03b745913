"""A node of the cluster does what its whim says, and its groups obey its rules."""

from __future__ import annotations

import json

import pytest

from focus_assets.sandbox.cluster import ClusterNode, Moody, NodeOptions, Whim
from focus_assets.sandbox.exchange import Ending, Request, Response
from focus_assets.sandbox.timeline import SECOND

TID = "a-transaction-of-some-length"
GROUP = {"name": "alpha", "description": "the first", "transaction_id": TID}


class Hand:
    """A clock and a whim that a test sets."""

    now: int = 1000 * SECOND
    whim: Whim | None = None


def node(**options: object) -> tuple[Hand, ClusterNode]:
    hand = Hand()
    made = ClusterNode(
        lambda request: hand.whim, options=NodeOptions(**options), clock=lambda: hand.now, chance=lambda: 0.5
    )
    return hand, made


def ask(of: ClusterNode, method: str, path: str = "", body: object = None) -> Response:
    return of.answer(Request(method, f"/api/v1/cluster{path}", {}, {}, json.dumps(body).encode()))


def said(response: Response) -> object:
    return json.loads(b"".join(response.body))


def test_a_group_is_created_read_and_deleted() -> None:
    _, one = node()
    assert ask(one, "GET").status == 404
    created = ask(one, "POST", body=GROUP)
    assert (created.status, said(created)) == (201, {"id": 1, **GROUP})
    assert said(ask(one, "GET")) == [{"id": 1, **GROUP}]
    assert said(ask(one, "GET", "/1/")) == {"id": 1, **GROUP}
    assert ask(one, "DELETE", "/1/").status == 204
    assert ask(one, "DELETE", "/1/").status == 404
    assert ask(one, "GET", "/1/").status == 404


def test_a_group_is_deleted_by_its_transaction_once() -> None:
    _, one = node()
    ask(one, "POST", body=GROUP)
    assert ask(one, "DELETE", f"/transaction/{TID}/").status == 204
    assert ask(one, "DELETE", f"/transaction/{TID}/").status == 404


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {**GROUP, "name": "ab"},
        {**GROUP, "name": "a" * 51},
        {**GROUP, "description": "ab"},
        {**GROUP, "description": "a" * 101},
        {**GROUP, "transaction_id": "short"},
        {**GROUP, "transaction_id": 7},
        {"name": "alpha", "description": "the first"},
    ],
)
def test_a_body_that_breaks_the_rules_is_a_422(body: object) -> None:
    _, one = node()
    assert ask(one, "POST", body=body).status == 422
    assert one.groups == []


def test_a_name_is_taken_once_and_a_transaction_creates_once() -> None:
    _, one = node()
    ask(one, "POST", body=GROUP)
    assert ask(one, "POST", body=GROUP).status == 201
    assert ask(one, "POST", body={**GROUP, "transaction_id": f"{TID}-2"}).status == 400
    _, free = node(unique_names=False)
    ask(free, "POST", body=GROUP)
    assert ask(free, "POST", body={**GROUP, "transaction_id": f"{TID}-2"}).status == 201


@pytest.mark.parametrize(
    ("whim", "applied", "ending", "delay"),
    [
        (Whim.FAILS_BEFORE, 0, Ending.NORMAL, 0),
        (Whim.FAILS_AFTER, 1, Ending.NORMAL, 0),
        (Whim.LATE, 0, Ending.NORMAL, 0),
        (Whim.HANGS_BEFORE, 0, Ending.SILENT, 30),
        (Whim.HANGS_AFTER, 1, Ending.SILENT, 30),
        (Whim.HANGS_LATE, 0, Ending.SILENT, 30),
        (Whim.DROPS_AFTER, 1, Ending.SILENT, 0),
    ],
)
def test_each_whim_does_what_it_says(whim: Whim, applied: int, ending: Ending, delay: float) -> None:
    hand, one = node(latest=20.0)
    hand.whim = whim
    answer = ask(one, "POST", body=GROUP)
    assert (answer.status, answer.ending, answer.delay) == (500, ending, delay)
    assert len(one.groups) == applied
    late = whim in (Whim.LATE, Whim.HANGS_LATE)
    assert one.on_their_way == late
    hand.now += 10 * SECOND
    assert len(one.groups) == applied + late
    assert one.on_their_way == 0


def test_moods_come_from_a_seed_and_spare_readers_all_but_a_failure() -> None:
    post, get = Request("POST", "/"), Request("GET", "/")
    one, same = Moody(0.5, seed=7), Moody(0.5, seed=7)
    assert [one(post) for _ in range(50)] == [same(post) for _ in range(50)]
    moody = Moody(0.5, seed=1)
    drawn = [moody(post) for _ in range(400)]
    assert set(drawn) == {None, *Whim}
    assert 150 < drawn.count(None) < 250
    assert {moody(get) for _ in range(100)} == {None, Whim.FAILS_BEFORE}
    assert {Moody(0.0)(post) for _ in range(100)} == {None}

"""The API ends with the rows that the table has, whatever becomes of a request."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa

from focus_assets.config import RateLimit
from focus_assets.model.errors import (
    BadValue,
    DeletionsRefused,
    DestinationChanged,
    InvalidConfiguration,
    MissingKey,
    RepeatedKey,
)
from focus_assets.sandbox.cluster import Whim
from focus_assets.sandbox.exchange import Request
from focus_assets.writeback import intents
from focus_assets.writeback.intent import Kind, State
from focus_assets.writeback.owed import replay_one
from focus_assets.writeback.rows import sent
from focus_assets.writeback.rows.open import entry_of, plan_of
from focus_assets.writeback.rows.outgoing import selection_of
from focus_assets.writeback.rows.send import send
from focus_assets.writeback.rows.settle import Answer, Applied, Call, Refused, Rules
from focus_assets.writeback.saga import Terms
from focus_assets_tests.integration.sending.scene import ENTRY, Scene, opened
from focus_assets_tests.simulation.writes.schedule import at_once

Open = Callable[..., Scene]


def said(value: str) -> dict[str, Any]:
    """The knobs of an entry that sends this JSON text."""
    return {"query": f"SELECT 'a' AS id, '{value}' AS price", "types": {"price": "json"}}


class _Killing:
    """Whoever asks it is gone."""

    async def ask(self, call: Call, key: tuple[str, ...], body: str, idempotency_key: str) -> Answer:
        raise _Killed


class _Killed(BaseException):
    """As from outside."""


@pytest.fixture
def open_scene(tmp_path: Path) -> Iterator[Open]:
    """Over SQLite, with knobs of the entry."""
    with ExitStack() as stack:
        yield lambda **knobs: stack.enter_context(opened(tmp_path, f"sqlite:///{tmp_path / 'sent.db'}", **knobs))


@pytest.fixture
def scene(open_scene: Open) -> Scene:
    """As it is."""
    return open_scene()


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Scene]:
    """The same over PostgreSQL."""
    with opened(tmp_path, postgres_url) as made:
        yield made


@pytest.mark.parametrize("where", ["scene", "on_postgres"])
async def test_rows_are_created_changed_and_deleted_and_nothing_is_sent_twice(
    request: pytest.FixtureRequest, where: str
) -> None:
    scene: Scene = request.getfixturevalue(where)
    scene.rows(a="1.50", b="2", c="3")
    assert (await scene.send()).done == {Kind.CREATE: 3}
    assert scene.prices == {"a": "1.5", "b": "2", "c": "3"}
    scene.rows(a="1.50", b="2.25", d="4")
    report = await scene.send()
    assert (report.done, report.plan.unchanged) == ({Kind.CREATE: 1, Kind.UPDATE: 1, Kind.DELETE: 1}, 1)
    assert scene.prices == {"a": "1.5", "b": "2.25", "d": "4"}
    asked = len(scene.shop.asked)
    assert (await scene.send()).whole
    assert len(scene.shop.asked) == asked
    assert set(scene.states()) == {State.DONE}


@pytest.mark.parametrize("whim", list(Whim))
@pytest.mark.parametrize("kind", list(Kind))
async def test_a_lost_answer_is_settled_when_nothing_can_be_on_its_way(scene: Scene, whim: Whim, kind: Kind) -> None:
    if kind is not Kind.CREATE:
        scene.rows(a="1", b="1")
        await scene.send()
    wanted = {Kind.CREATE: {"a": "2", "b": "1"}, Kind.UPDATE: {"a": "2", "b": "1"}, Kind.DELETE: {"b": "1"}}[kind]
    scene.rows(**wanted)
    scene.shop.whims = [whim, whim]
    with scene.hurried(2.0) if whim.name.startswith("HANGS") else nullcontext():
        report = await scene.send()
    assert report.open == {State.UNKNOWN: 2 if kind is Kind.CREATE else 1}
    again = await scene.send()
    assert (again.plan.waiting, again.settled.taken) == (report.open[State.UNKNOWN], 0)
    scene.shop.whims.clear()
    scene.later(20)
    assert set((await scene.drain()).states) == {State.DONE}
    assert scene.prices == wanted
    assert (await scene.send()).whole
    assert scene.prices == wanted


async def test_a_late_update_never_stands_over_a_later_one(scene: Scene) -> None:
    scene.rows(a="1")
    await scene.send()
    scene.rows(a="2")
    scene.shop.whims = [Whim.LATE]
    await scene.send()
    scene.rows(a="3")
    assert (await scene.send()).plan.waiting == 1
    scene.later(20)
    assert (await scene.send()).whole
    assert scene.prices == {"a": "3"}


async def test_who_does_not_wait_for_what_is_on_its_way_ends_with_an_older_row(scene: Scene) -> None:
    async def send_hastily() -> None:
        async with scene.sender() as sender:
            hasty = dataclasses.replace(sender, rules=Rules(Terms(lifetime=0)))
            await send(hasty, selection_of(ENTRY, entry_of(scene.config, ENTRY), scene.database))

    scene.rows(a="1")
    await send_hastily()
    scene.rows(a="2")
    scene.shop.whims = [Whim.LATE]
    await send_hastily()
    scene.later(1)
    scene.rows(a="3")
    await send_hastily()
    await send_hastily()
    assert scene.prices == {"a": "3"}
    scene.later(20)
    scene.rows(a="3", b="1")
    await send_hastily()
    assert scene.prices == {"a": "2", "b": "1"}


async def test_what_was_settled_is_forgotten_after_its_days(open_scene: Open) -> None:
    scene = open_scene(kept_days=2)
    scene.rows(a="1", b="1")
    scene.shop.statuses = [422]
    await scene.send()
    scene.later(3 * 86_400)
    assert len(scene.states()) == 2
    await scene.send()
    assert scene.states() == [State.DEAD]
    assert (await scene.send()).plan.unchanged == 1


async def test_an_intent_is_committed_before_its_call(scene: Scene) -> None:
    seen: list[State] = []
    scene.shop.when_asked = lambda request: seen.extend(scene.states())
    scene.rows(a="1")
    await scene.send()
    assert seen == [State.SENT]


async def test_the_key_is_another_once_it_is_known_that_nothing_was_done(scene: Scene) -> None:
    scene.rows(a="1")
    scene.shop.whims = [Whim.FAILS_BEFORE]
    await scene.send()
    scene.later(20)
    await scene.drain()
    (operation,) = {intent.operation_id for intent in scene.intents()}
    assert scene.shop.keys == [f"{operation}-1", f"{operation}-2"]


async def test_an_api_that_keeps_idempotency_keys_is_sent_the_same_again_at_once(open_scene: Open) -> None:
    scene = open_scene(keys_kept_hours=24)
    scene.shop.honours_keys = True
    scene.rows(a="1", b="2")
    scene.shop.whims = [Whim.FAILS_AFTER, Whim.FAILS_BEFORE]
    assert (await scene.send()).open == {State.UNKNOWN: 2}
    scene.later(2)
    assert (await scene.drain()).states == {State.DONE: 2}
    assert scene.prices == {"a": "1", "b": "2"}
    assert len(set(scene.shop.keys)) == 2
    assert not [asked for asked in scene.shop.asked if asked.startswith("GET")]


@pytest.mark.parametrize("status", [400, 403, 405, 412, 422])
async def test_what_is_refused_is_dead_with_its_reason_until_the_row_changes(scene: Scene, status: int) -> None:
    scene.rows(a="1", b="1")
    scene.shop.statuses = [status]
    report = await scene.send()
    assert (report.dead, report.done) == (1, {Kind.CREATE: 1})
    (dead,) = intents.find(scene.database, states=[State.DEAD])
    assert str(status) in dead.error
    assert (await scene.send()).plan.dead == 1
    scene.rows(a="2", b="2")
    assert (await scene.send()).whole
    assert scene.prices == {"a": "2", "b": "2"}
    assert not intents.counts(scene.database)[State.DEAD]


async def test_what_is_dead_can_be_replayed(scene: Scene) -> None:
    scene.rows(a="1")
    scene.shop.statuses = [403]
    await scene.send()
    (dead,) = scene.intents()
    await replay_one(scene.config, scene.database, dead.operation_id)
    with pytest.raises(ValueError, match="that cannot follow"):
        await replay_one(scene.config, scene.database, dead.operation_id)
    scene.later(3600)  # a replay goes by the machine's own clock
    assert (await scene.drain()).states == {State.DONE: 1}
    assert scene.prices == {"a": "1"}


async def test_a_row_that_is_as_it_was_is_sent_to_an_api_that_has_lost_it(scene: Scene) -> None:
    """Others have deleted the item, and its change was then refused as a creation."""
    scene.rows(a="1")
    await scene.send()
    scene.shop.items.clear()
    scene.rows(a="2")
    scene.shop.when_asked = lambda request: scene.shop.statuses.extend([422] * (request.method == "POST"))
    assert (await scene.send()).dead == 1
    scene.shop.when_asked = lambda request: None
    scene.rows(a="1")
    assert (await scene.send()).done == {Kind.UPDATE: 1}
    assert scene.prices == {"a": "1"}


async def test_a_refused_row_that_goes_away_is_wanted_no_more(scene: Scene) -> None:
    scene.rows(a="1")
    scene.shop.statuses = [422]
    await scene.send()
    scene.rows()
    assert (await scene.send()).whole
    assert scene.states() == [State.COMPENSATED]
    assert [asked.split()[0] for asked in scene.shop.asked] == ["POST"]


@pytest.mark.parametrize("status", [401, 425, 429])
async def test_what_was_not_done_is_tried_later(scene: Scene, status: int) -> None:
    scene.rows(a="1")
    scene.shop.statuses = [status]
    report = await scene.send()
    assert report.open == {State.PENDING: 1}
    scene.later(8)
    assert (await scene.drain()).states == {State.DONE: 1}


async def test_an_item_of_others_is_not_overwritten(scene: Scene) -> None:
    scene.shop.items["a"] = {"id": "a", "name": "theirs", "price": 9}
    scene.rows(a="1")
    assert (await scene.send()).dead == 1
    assert scene.prices == {"a": "9"}
    assert "`adopt: true`" in scene.intents()[0].error


async def test_an_item_of_others_that_says_the_same_is_ours(scene: Scene) -> None:
    scene.shop.items["a"] = {"id": "a", "name": "A", "price": 1.0, "seen": True}
    scene.rows(a="1")
    assert (await scene.send()).done == {Kind.CREATE: 1}


async def test_with_adopt_it_is_looked_at_and_overwritten(open_scene: Open) -> None:
    scene = open_scene(adopt=True)
    scene.shop.items["a"] = {"id": "a", "name": "theirs", "price": 9}
    scene.rows(a="1", b="2")
    assert (await scene.send()).done == {Kind.CREATE: 2}
    assert scene.prices == {"a": "1", "b": "2"}


async def test_an_item_that_others_deleted_is_created_again(scene: Scene) -> None:
    scene.rows(a="1")
    await scene.send()
    scene.shop.items.clear()
    scene.rows(a="2")
    assert (await scene.send()).done == {Kind.UPDATE: 1}
    assert scene.prices == {"a": "2"}


async def test_what_stays_unknown_is_given_up_with_its_reason(open_scene: Open) -> None:
    scene = open_scene(give_up_hours=0.01)
    scene.rows(a="1")
    await scene.send()
    scene.rows(a="2")
    scene.shop.whims, scene.shop.hides = [Whim.FAILS_AFTER], True
    await scene.send()
    for _ in range(3):
        scene.later(40)
        await scene.drain()
    dead = scene.intents()[-1]
    assert (dead.state, dead.error.startswith("given up 0.0 h after")) == (State.DEAD, True)
    scene.shop.hides = False
    scene.rows(a="3")
    assert (await scene.send()).whole
    assert scene.prices == {"a": "3"}


@pytest.mark.parametrize("wanted", [{"a": "3"}, {}])
async def test_a_late_update_never_stands_over_what_follows_one_that_is_given_up(
    open_scene: Open, wanted: dict[str, str]
) -> None:
    scene = open_scene(give_up_hours=0.01)
    scene.rows(a="1")
    await scene.send()
    scene.rows(a="2")
    scene.shop.whims, scene.shop.hides = [Whim.FAILS_BEFORE, Whim.LATE], True
    await scene.send()
    scene.later(30)
    await scene.drain()
    scene.shop.hides = False
    scene.later(30)
    await scene.drain()
    scene.rows(**wanted)
    scene.later(1)
    assert (await scene.send()).plan.waiting == 1
    scene.later(20)
    await scene.send()
    assert scene.prices == wanted
    scene.later(20)
    assert (await scene.send()).whole
    assert scene.prices == wanted


async def test_what_a_killed_sender_left_is_looked_at_however_late(open_scene: Open) -> None:
    scene = open_scene(give_up_hours=0.01)
    scene.rows(a="1")

    async with scene.sender() as sender:
        killed = dataclasses.replace(sender, items=_Killing())
        with pytest.raises(BaseExceptionGroup):
            await send(killed, selection_of(ENTRY, entry_of(scene.config, ENTRY), scene.database))
    scene.shop.items["a"] = {"id": "a", "name": "A", "price": 1}
    scene.later(3 * 86_400)
    assert (await scene.drain()).states == {State.UNKNOWN: 1}
    scene.later(11)
    assert (await scene.drain()).states == {State.DONE: 1}


async def test_an_item_that_may_be_ours_is_not_said_to_be_of_others(open_scene: Open) -> None:
    scene = open_scene(give_up_hours=0.01)
    scene.rows(a="1")
    scene.shop.whims, scene.shop.hides = [Whim.FAILS_AFTER], True
    await scene.send()
    scene.later(50)
    assert (await scene.drain()).states == {State.DEAD: 1}
    scene.shop.hides = False
    scene.rows(a="2")
    assert (await scene.send()).dead == 1
    assert "nothing here says that it is ours" in scene.intents()[-1].error


async def test_what_a_late_sender_recorded_outlives_the_end_of_another_write(scene: Scene) -> None:
    """Its request left while another write of the row was on its way, and may be applied after that has ended."""
    scene.rows(a="1")
    await scene.send()
    scene.rows(a="2")

    def doubt(request: Request) -> None:
        late = dataclasses.replace(scene.intents()[0], next_at=scene.now() + 10_000_000)
        with scene.database.writing("record that a row was sent late") as connection:
            sent.doubt(connection, late, surely=False, many_writers=False)

    scene.shop.when_asked = doubt
    assert (await scene.send()).done == {Kind.UPDATE: 1}
    scene.shop.when_asked = lambda request: None
    assert (await scene.send()).plan.waiting == 1
    scene.later(11)
    assert (await scene.send()).done == {Kind.UPDATE: 1}


@pytest.mark.parametrize("seconds", ["32000000", "1000000000000", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_an_api_that_asks_to_wait_for_ages_is_asked_at_the_deadline(open_scene: Open, seconds: str) -> None:
    scene = open_scene(give_up_hours=0.01)
    scene.shop.retry_after = seconds
    scene.rows(a="1")
    scene.shop.statuses = [429]
    assert (await scene.send()).open == {State.PENDING: 1}
    scene.later(40)
    assert (await scene.drain()).states == {State.DONE: 1}


async def test_a_mass_deletion_is_refused_and_sent_on_request(scene: Scene) -> None:
    many = {f"n{number}": "1" for number in range(101)}
    scene.rows(**many)
    await scene.send()
    scene.rows()
    with pytest.raises(DeletionsRefused, match="101 of the 101 rows"):
        await scene.send()
    assert len(scene.shop.items) == 101
    assert (await scene.send(accept_deletions=True)).done == {Kind.DELETE: 101}
    assert scene.shop.items == {}


async def test_without_deletes_nothing_is_deleted(open_scene: Open) -> None:
    scene = open_scene(deletes=False)
    scene.rows(a="1")
    await scene.send()
    scene.rows()
    assert (await scene.send()).whole
    assert scene.prices == {"a": "1"}


@pytest.mark.parametrize("where", ["scene", "on_postgres"])
async def test_two_processes_at_once_send_each_row_once(request: pytest.FixtureRequest, where: str) -> None:
    scene: Scene = request.getfixturevalue(where)
    scene.rows(**{f"n{number}": "1" for number in range(20)})
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(scene.send)
    assert (await scene.send()).whole
    assert sorted(scene.shop.asked) == ["POST /v1/items"] * 20


def others_settle(scene: Scene) -> None:
    """Long after, and once more: what was begun is ended for whoever stood still."""
    for _ in range(2):
        scene.later(1000)
        anyio.run(scene.drain)


async def test_a_sender_that_stood_still_too_long_makes_up_for_it(scene: Scene) -> None:
    """Its request leaves after others have settled the write and sent a later one."""
    scene.rows(a="1")
    await scene.send()
    scene.rows(a="2")

    def overtake(request: Request) -> None:
        scene.shop.when_asked = lambda request: None
        others_settle(scene)
        scene.rows(a="3")
        anyio.run(scene.send)
        assert scene.prices == {"a": "3"}

    scene.shop.when_asked = overtake
    await scene.send()
    assert scene.prices == {"a": "2"}
    assert (await scene.send()).plan.waiting == 1
    scene.later(20)
    assert (await scene.send()).whole
    assert scene.prices == {"a": "3"}


@pytest.mark.parametrize("status", [409, 500])
async def test_a_creation_that_left_too_late_never_takes_an_item_of_others_for_ours(scene: Scene, status: int) -> None:
    """By then others have found their item, and the row is gone: the late answer must not make it ours to delete."""
    scene.shop.items["a"] = {"id": "a", "name": "theirs", "price": 9}
    scene.rows(a="1")

    def overtake(request: Request) -> None:
        scene.shop.when_asked = lambda request: None
        others_settle(scene)
        scene.rows()
        anyio.run(scene.send)
        assert scene.states() == [State.COMPENSATED]
        scene.shop.statuses = [status]

    scene.shop.when_asked = overtake
    await scene.send()
    for _ in range(3):
        scene.later(20)
        await scene.send()
    assert scene.prices == {"a": "9"}
    assert (await scene.send()).whole


async def test_a_creation_that_left_too_late_and_was_applied_is_taken_back(scene: Scene) -> None:
    scene.rows(a="1")

    def overtake(request: Request) -> None:
        scene.shop.when_asked = lambda request: None
        others_settle(scene)
        scene.rows()
        anyio.run(scene.send)
        assert scene.prices == {}

    scene.shop.when_asked = overtake
    scene.shop.whims = []
    await scene.send()
    assert scene.prices == {"a": "1"}
    scene.later(20)
    assert (await scene.send()).done == {Kind.DELETE: 1}
    assert scene.prices == {}


@pytest.mark.parametrize(
    ("knobs", "error", "text"),
    [
        ({"query": "SELECT name AS id, 'x' AS name FROM wares", "types": {}, "key": "id"}, RepeatedKey, "have the key"),
        ({"query": "SELECT NULL AS id", "types": {}}, MissingKey, "has no key"),
        ({"query": "SELECT 1 AS number", "types": {}}, InvalidConfiguration, "gives no column 'id'"),
        ({"query": "SELECT 'a' AS id, 'x' AS price"}, BadValue, "the row .*, column 'price'"),
        ({"query": "SELECT 'a' AS id, 9e999 AS price", "types": {}}, BadValue, "column 'price': inf is not JSON"),
        (said('{"n": [NaN]}'), BadValue, "column 'price': NaN is not JSON"),
        (said('{"n": -Infinity}'), BadValue, "column 'price': -Infinity is not JSON"),
        (said('"\\ud800"'), BadValue, "column 'price': it holds a lone surrogate"),
        (said("[" * 5000 + "]" * 5000), BadValue, "column 'price': it nests deeper than 64 levels"),
        (said("1e99999999999999999999"), BadValue, "column 'price': written out it has more than 1,000 digits"),
    ],
)
async def test_rows_that_cannot_be_sent_are_refused_before_anything_is(
    open_scene: Open, knobs: dict[str, Any], error: type[Exception], text: str
) -> None:
    scene = open_scene(**knobs)
    with scene.database.writing("two") as connection:
        connection.execute(sa.text("INSERT INTO wares VALUES ('a', 'same', '1'), ('b', 'same', '1')"))
    with pytest.raises(error, match=text):
        await scene.send()
    assert scene.shop.asked == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("'NaN'::numeric", "column 'price': NaN is not JSON"),
        ("'Infinity'::float8", "column 'price': inf is not JSON"),
        (f"'{'[' * 5000}{']' * 5000}'::jsonb", "nests deeper than 64 levels"),
        (f"'{'[' * 100}{']' * 100}'::jsonb", "column 'price': it nests deeper than 64 levels"),
    ],
)
async def test_what_postgresql_holds_and_json_does_not_is_refused_by_name(
    tmp_path: Path, postgres_url: str, value: str, text: str
) -> None:
    query = f"SELECT 'a' AS id, {value} AS price"
    with opened(tmp_path, postgres_url, query=query, types={}) as scene:
        with pytest.raises(BadValue, match=text):
            await scene.send()
        assert scene.states() == []


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (b'{"id": "a", "name": "A", "price": 1e99999999999999999999}', State.DONE),
        (b'{"id": "a", "name": "A", "price": NaN}', State.DONE),
        (b'{"id": "a", "name": "\\ud800", "price": 1}', State.DONE),
        (b"[" * 5000 + b"]" * 5000, State.DEAD),
        (b'{"id": "\xff"}', State.DEAD),
        (b"", State.DEAD),
    ],
)
async def test_whatever_an_item_says_a_lost_answer_is_settled(scene: Scene, raw: bytes, state: State) -> None:
    scene.rows(a="1")
    await scene.send()
    scene.rows(a="2")
    scene.shop.whims, scene.shop.raw = [Whim.FAILS_AFTER], raw or b"<html>"
    await scene.send()
    scene.later(20)
    settled = await scene.drain()
    assert (settled.states, settled.broken) == ({state: 1}, {})


async def test_a_body_that_an_earlier_release_could_record_is_given_up_by_name(scene: Scene) -> None:
    scene.rows(a="1")
    scene.shop.whims = [Whim.FAILS_AFTER]
    await scene.send()
    with scene.database.writing("spoil") as connection:
        connection.execute(sa.update(intents.INTENTS).values(payload='{"price":nan}'))
    scene.later(20)
    assert (await scene.drain()).states == {State.DEAD: 1}
    assert scene.intents()[0].error.endswith("what was sent of this row is not JSON, and cannot be compared")


async def test_a_key_is_one_segment_of_the_address(scene: Scene) -> None:
    with scene.database.writing("one") as connection:
        connection.execute(sa.text("INSERT INTO wares VALUES ('a/b ?#', 'x', '1')"))
    await scene.send()
    with scene.database.writing("one") as connection:
        connection.execute(sa.text("UPDATE wares SET price = '2'"))
    assert (await scene.send()).whole
    assert scene.shop.asked[-1] == "PUT /v1/items/a%2Fb%20%3F%23"
    assert scene.prices == {"a/b ?#": "2"}


async def test_a_row_goes_where_and_how_the_entry_says(open_scene: Open) -> None:
    scene = open_scene(item="/v1/items/{id}", update="PATCH", columns=["id", "price"])
    scene.rows(b="2")
    await scene.send()
    scene.rows(b="3")
    scene.shop.items["b"]["name"] = "kept"
    await scene.send()
    assert scene.shop.items["b"] == {"id": "b", "price": 3, "name": "kept"}
    assert scene.shop.asked[-1] == "PATCH /v1/items/b"


async def test_a_slash_at_the_end_and_a_query_are_sent_as_they_are_written(open_scene: Open) -> None:
    scene = open_scene(path="/v1/items/", item="/v1/items/{id}/", params={"tenant": "a b"})
    queries: list[object] = []
    scene.shop.when_asked = lambda request: queries.append(request.query)
    scene.rows(b="2")
    await scene.send()
    scene.rows(b="3")
    await scene.send()
    scene.rows()
    await scene.send()
    assert scene.shop.asked == ["POST /v1/items/", "PUT /v1/items/b/", "DELETE /v1/items/b/"]
    assert len(set(map(str, queries))) == 1
    assert "tenant" in str(queries[0])


@pytest.mark.parametrize("item", [None, "/v1/items/{id}"])
async def test_a_key_of_another_length_names_no_item_and_is_refused(open_scene: Open, item: str | None) -> None:
    scene = open_scene(item=item)
    async with scene.sender() as sender:
        for call in Call:
            answer = await sender.items.ask(call, ("DE", "a"), "{}", "key")
            assert answer == Refused("the name 'DE/a' is refused: it has 2 parts, and the key of the entry 1")
    assert scene.shop.asked == []


async def test_a_body_may_lie_in_an_envelope(open_scene: Open) -> None:
    scene = open_scene(envelope="item")
    scene.shop.envelope = "item"
    scene.rows(a="1")
    scene.shop.whims = [Whim.FAILS_AFTER]
    await scene.send()
    scene.later(20)
    assert (await scene.drain()).states == {State.DONE: 1}
    assert scene.prices == {"a": "1"}
    assert scene.shop.asked == ["POST /v1/items", "GET /v1/items/a"]


async def test_an_item_may_be_created_where_it_will_be(open_scene: Open) -> None:
    scene = open_scene(create="PUT")
    scene.shop.puts_create = True
    scene.rows(a="1")
    assert (await scene.send()).done == {Kind.CREATE: 1}
    assert scene.shop.asked == ["GET /v1/items/a", "PUT /v1/items/a"]


@pytest.mark.parametrize("knows_conditions", [True, False])
async def test_an_item_of_others_is_neither_overwritten_by_a_put_nor_deleted(
    open_scene: Open, *, knows_conditions: bool
) -> None:
    scene = open_scene(create="PUT")
    scene.shop.puts_create, scene.shop.knows_conditions = True, knows_conditions
    scene.shop.items["a"] = {"id": "a", "name": "theirs", "price": 9}
    scene.rows(a="1", b="2")
    report = await scene.send()
    assert (report.dead, report.done) == (1, {Kind.CREATE: 1})
    scene.rows()
    assert (await scene.send()).whole
    assert scene.prices == {"a": "9"}


async def test_an_item_that_others_put_after_the_look_is_not_overwritten(open_scene: Open) -> None:
    scene = open_scene(create="PUT")
    scene.shop.puts_create = True

    def forestall(request: Request) -> None:
        if request.method == "PUT":
            scene.shop.items.setdefault("a", {"id": "a", "name": "theirs", "price": 9})

    scene.shop.when_asked = forestall
    scene.rows(a="1")
    assert (await scene.send()).dead == 1
    assert scene.prices == {"a": "9"}
    assert scene.shop.asked == ["GET /v1/items/a", "PUT /v1/items/a", "GET /v1/items/a"]


async def test_with_adopt_a_put_overwrites_what_it_has_looked_at(open_scene: Open) -> None:
    scene = open_scene(create="PUT", adopt=True)
    scene.shop.puts_create = True
    scene.shop.items["a"] = {"id": "a", "name": "theirs", "price": 9}
    scene.rows(a="1")
    assert (await scene.send()).done == {Kind.CREATE: 1}
    assert scene.prices == {"a": "1"}


async def test_the_sources_headers_and_pace_hold_for_what_is_sent(open_scene: Open) -> None:
    scene = open_scene()
    seen: list[str] = []
    scene.shop.when_asked = lambda request: seen.append(request.headers["x-key"])
    limited = scene.config.source("shop").model_copy(update={"rate_limit": RateLimit(per_minute=3)})
    scene.config = scene.config.model_copy(update={"sources": {"shop": limited}})
    scene.rows(a="1", b="2", c="3", d="4")
    with anyio.move_on_after(3):
        await scene.send()
    assert seen == ["geheim-1234"] * 3


def turn(scene: Scene, **knobs: Any) -> None:
    """The entry says something else from now on; `base_url` is the source's."""
    source = scene.config.source("shop")
    url = knobs.pop("base_url", source.base_url)
    entry = entry_of(scene.config, ENTRY).model_copy(update=knobs)
    shop = source.model_copy(update={"base_url": url})
    scene.config = scene.config.model_copy(update={"sources": {"shop": shop}, "writes": {ENTRY: entry}})


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"base_url": "https://other.example.org"}, "it says base_url https://other.example.org: "),
        ({"path": "/v2/items"}, "with item v1/items/{id}, path v1/items, and now it says item v2/items/{id}, path v2"),
        ({"item": "/v1/wares/{id}"}, "it says item v1/wares/{id}: "),
        ({"key": ("id", "name")}, "it says item v1/items/{id}/{name}, key id, name: "),
        ({"params": {"tenant": "b"}}, "with params -, and now it says params "),
    ],
)
async def test_what_one_place_has_is_not_taken_for_what_another_has(
    scene: Scene, knobs: dict[str, Any], said: str
) -> None:
    scene.rows(a="1", b="2")
    await scene.send()
    asked, before = list(scene.shop.asked), scene.config
    turn(scene, **knobs)
    scene.rows(a="1")
    for attempt in (scene.send, scene.drain):
        with pytest.raises(DestinationChanged) as caught:
            await attempt()
        assert said in str(caught.value)
    with pytest.raises(DestinationChanged, match="nothing was sent. Put it back, or give the entry another name"):
        plan_of(scene.config, ENTRY)
    assert scene.shop.asked == asked
    scene.config = before
    assert (await scene.send()).done == {Kind.DELETE: 1}


async def test_a_write_that_nobody_knows_of_is_settled_where_it_was_sent(scene: Scene) -> None:
    scene.rows(a="1")
    scene.shop.whims = [Whim.FAILS_AFTER]
    await scene.send()
    before = scene.config
    turn(scene, path="/v2/items")
    scene.later(20)
    with pytest.raises(DestinationChanged):
        await scene.drain()
    scene.config = before
    assert (await scene.drain()).states == {State.DONE: 1}


async def test_where_nothing_was_ever_taken_the_entry_may_go_elsewhere(scene: Scene) -> None:
    scene.rows(a="1", b="1")
    scene.shop.statuses = [404, 404]
    assert (await scene.send()).dead == 2
    turn(scene, path="/v1/items/", item="/v1/items/{id}/")
    assert (await scene.send()).plan.dead == 2
    turn(scene, params={"tenant": "b"})
    assert plan_of(scene.config, ENTRY).dead == 2
    assert (await scene.send()).done == {Kind.CREATE: 2}
    assert scene.states() == [State.COMPENSATED] * 2 + [State.DONE] * 2


async def test_rows_that_were_sent_before_their_place_was_kept_stay_known(scene: Scene) -> None:
    scene.rows(a="1")
    await scene.send()
    with scene.database.writing("forget it") as connection:
        connection.execute(sa.delete(sent.DESTINATIONS))
    assert (await scene.send()).plan.unchanged == 1
    turn(scene, path="/v2/items")
    with pytest.raises(DestinationChanged):
        await scene.send()


class Slow:
    """Answers when nobody else could go on."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def ask(self, call: Call, key: tuple[str, ...], body: str, idempotency_key: str) -> Answer:
        """One request."""
        del body, idempotency_key
        self.said.append(f"{call} {key[0]}")
        await anyio.wait_all_tasks_blocked()
        self.said.append(f"{call} {key[0]} is done")
        return Applied()


async def test_deletions_end_before_anything_else_is_sent(scene: Scene) -> None:
    items, selection = Slow(), selection_of(ENTRY, entry_of(scene.config, ENTRY), scene.database)
    async with scene.sender() as sender:
        slow = dataclasses.replace(sender, items=items, blocking=at_once)
        scene.rows(a="1", b="1")
        await send(slow, selection)
        items.said.clear()
        scene.rows(b="2", c="1")
        await send(slow, selection)
    assert items.said[:2] == ["delete a", "delete a is done"]
    assert sorted(items.said[2:4]) == ["create c", "update b"]

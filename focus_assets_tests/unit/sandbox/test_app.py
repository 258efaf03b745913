"""What the API answers, request by request."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from focus_assets.sandbox import PLAIN, Request, SandboxOptions
from focus_assets.sandbox.retail import Sizes
from focus_assets.sandbox.timeline import SECOND, write_naive, write_z
from focus_assets_tests.unit.sandbox.calling import BEFORE, SMALL, Caller, body, records


def test_a_login_is_answered_with_201_and_a_token() -> None:
    answer = Caller().post("/api/v1/auth", {"username": "demo", "password": "demo"})
    assert answer.status == 201
    assert set(json.loads(body(answer))) == {"token"}


def test_a_login_can_be_answered_with_200() -> None:
    assert Caller(SandboxOptions(sizes=SMALL, login_status=200)).login().status == 200


@pytest.mark.parametrize("credentials", [("demo", "wrong"), ("wrong", "demo"), ("", "")])
def test_wrong_credentials_are_refused(credentials: tuple[str, str]) -> None:
    assert Caller().login(*credentials).status == 401


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b'{"username":"demo"}', b'"text"', b"1", b"\xff"])
def test_a_login_that_is_none_is_a_bad_request(content: bytes) -> None:
    assert Caller().post("/api/v1/auth", content).status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/retail/resource/schema", 200),
        ("GET", "/api/v1/retail/resource/promotions/DE/full/lines", 200),
        ("GET", "/api/v1/retail/resource/promotions/DE/state", 200),
        ("GET", "/api/v1/retail/resource/%70romotions/%44E/full/lines", 200),
        ("GET", "/api/v1/auth", 405),
        ("POST", "/api/v1/retail/resource/schema", 405),
        ("GET", "/", 404),
        ("GET", "/api/v2/retail/resource/schema", 404),
        ("GET", "/api/v1/nobody/resource/schema", 404),
        ("GET", "/api/v1/retail/resource/nothing/DE/full/lines", 404),
        ("GET", "/api/v1/retail/resource/promotions/XX/full/lines", 404),
        ("GET", "/api/v1/retail/resource/promotions/XX/state", 404),
        ("GET", "/api/v1/retail/resource/promotions/DE/half/lines", 404),
        ("GET", "/api/v1/retail/resource/promotions%2FDE/full/lines", 404),
        ("GET", "/api/v1/reference/resource/promotions/DE/full/lines", 404),
    ],
)
def test_every_path_has_its_status(method: str, path: str, status: int) -> None:
    caller = Caller()
    caller.login()
    assert caller.sandbox.answer(Request(method, path, headers={"authorization": caller.token})).status == status


@pytest.mark.parametrize("header", [{}, {"authorization": "wrong"}, {"authorization": "Bearer {}"}])
def test_a_request_without_the_raw_token_is_refused(header: dict[str, str]) -> None:
    caller = Caller()
    caller.login()
    headers = {name: value.format(caller.token) for name, value in header.items()}
    path = "/api/v1/retail/resource/schema"
    assert caller.sandbox.answer(Request("GET", path, headers=headers)).status == 401


def test_an_unknown_path_says_nothing_of_tokens_but_a_known_one_needs_one_first() -> None:
    sandbox = Caller().sandbox
    assert sandbox.answer(Request("GET", "/api/v1/retail/resource/nothing/DE/full/lines")).status == 401


def test_the_scheme_before_the_token_is_an_option() -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, auth_scheme="Bearer"))
    caller.login()
    assert caller.get("retail/resource/schema").status == 401
    caller.token = f"Bearer {caller.token}"
    assert caller.get("retail/resource/schema").status == 200


def test_a_token_lives_as_long_as_the_option_says() -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, token_life=60))
    caller.login()
    caller.clock.pass_by(59.999999)
    assert caller.get("retail/resource/schema").status == 200
    caller.clock.pass_by(0.000001)
    assert caller.get("retail/resource/schema").status == 401
    caller.login()
    assert caller.get("retail/resource/schema").status == 200


def test_revoked_tokens_are_refused() -> None:
    caller = Caller()
    caller.login()
    caller.sandbox.revoke_tokens()
    assert caller.get("retail/resource/schema").status == 401


@pytest.mark.parametrize("forbidden", ["promotions", "retail", "promotions/DE"])
def test_what_is_forbidden_is_answered_with_403(forbidden: str) -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, forbidden=frozenset({forbidden})))
    assert caller.feed("full").status == 403
    assert caller.feed("full", where="reference/resource/airports/DE").status == 200


def test_the_schema_keeps_the_order_of_resources_and_attributes() -> None:
    answered = json.loads(body(Caller().get("retail/resource/schema")))["resources"]
    assert list(answered) == ["promotions", "products", "stores"]
    attributes = answered["promotions"]["attributes"]
    assert attributes[0] == {"id": {"primary_key": True, "foreign_key": None, "type": "uuid"}}
    assert [name for attribute in attributes for name in attribute][-3:] == ["attributes", "created_at", "updated_at"]
    assert len(attributes) == 13


@pytest.mark.parametrize("country", ["DE", "FR", "IT", "NO"])
@pytest.mark.parametrize("resource", ["retail/promotions", "retail/stores", "reference/airports", "reference/holidays"])
def test_a_full_feed_has_as_many_different_keys_as_the_state_says(resource: str, country: str) -> None:
    caller = Caller()
    service, name = resource.split("/")
    where = f"{service}/resource/{name}/{country}"
    described = json.loads(body(caller.get(f"{service}/resource/schema")))["resources"][name]["attributes"]
    key = [column for attribute in described for column, about in attribute.items() if about["primary_key"]]
    lines = caller.lines("full", where=where)
    assert len({tuple(line[column] for column in key) for line in lines}) == caller.state(where=where)["total_items"]
    assert len(lines) == caller.state(where=where)["total_items"] > 0


@pytest.mark.parametrize("feed", ["created", "updated", "deleted"])
@pytest.mark.parametrize(
    "moment",
    [None, "", "yesterday", "2025-07-01 16:01:00", "2025-07-01", "2025-13-01T00:00:00", "2025-07-01T16:01:00.1234567"],
)
def test_a_delta_without_a_proper_timestamp_is_a_bad_request(feed: str, moment: str | None) -> None:
    assert Caller().feed(feed, moment).status == 400


@pytest.mark.parametrize(
    "moment", ["2025-07-01T16:00:00", "2025-07-01T16:00:00.0Z", "2025-07-01T18:00:00.000000+02:00"]
)
def test_a_timestamp_may_have_a_zone_and_fewer_digits(moment: str) -> None:
    assert Caller().lines("created", moment) == []


def test_a_state_takes_an_empty_timestamp_and_no_bad_one() -> None:
    caller = Caller()
    assert caller.get("retail/resource/promotions/DE/state", "").status == 200
    assert caller.get("retail/resource/promotions/DE/state", "yesterday").status == 400


def test_changes_appear_in_their_feeds_and_nowhere_else() -> None:
    caller = Caller()
    caller.sandbox.change("promotions", "DE", deletes=1)
    since = write_naive(caller.clock())
    caller.clock.pass_by(1)
    changed = caller.sandbox.change("promotions", "DE", creates=4, updates=3, deletes=2, recreates=2, into_scope=1)
    assert _ids(caller.lines("created", since)) == _keys(*changed.created, *changed.recreated)
    assert _ids(caller.lines("updated", since)) == _keys(*changed.updated, *changed.into_scope)
    assert _ids(caller.lines("deleted", since)) == _keys(*changed.deleted)
    assert caller.lines("created", since, where="retail/resource/promotions/FR") == []


def test_rows_of_the_start_are_changes_for_whoever_asks_from_long_ago() -> None:
    caller = Caller()
    assert len(caller.lines("created", "2020-01-01T00:00:00")) == 500
    middle = write_naive(caller.sandbox.view("promotions", "DE").base.timeline.created(250))
    made, changed = caller.lines("created", middle), caller.lines("updated", middle)
    assert len(made) == 249
    assert changed == [line for line in caller.lines("full") if _version(line) > middle and line not in made]


def test_the_boundary_is_exclusive_or_inclusive() -> None:
    exclusive = Caller()
    inclusive = Caller(SandboxOptions(sizes=SMALL, inclusive=True))
    for caller, expected in ((exclusive, 0), (inclusive, 2)):
        changed = caller.sandbox.change("promotions", "DE", creates=2, updates=2, deletes=2)
        boundary = write_naive(changed.at)
        assert [len(caller.lines(feed, boundary)) for feed in ("created", "updated", "deleted")] == [expected] * 3


def test_a_server_can_break_the_contract_that_feeds_are_disjoint() -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, disjoint=False))
    changed = caller.sandbox.change("promotions", "DE", recreates=1)
    assert _ids(caller.lines("created", BEFORE)) == _ids(caller.lines("deleted", BEFORE)) == _keys(*changed.recreated)
    table = caller.sandbox.table("promotions", "DE")
    table.update(table.insert(caller.clock.pass_by(1)), caller.clock.pass_by(1))
    assert len(caller.lines("updated", BEFORE)) == 1
    assert len(caller.lines("created", BEFORE)) == 2


def test_deletions_older_than_the_retention_are_gone() -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, tombstone_retention=3600))
    kept = write_naive(caller.clock() - 3600 * SECOND)
    gone = write_naive(caller.clock() - 3600 * SECOND - 1)
    for feed in ("created", "updated", "deleted"):
        assert caller.feed(feed, kept).status == 200
        assert caller.feed(feed, gone).status == 410
    assert "deleted" not in caller.state(gone)["payload"]


def test_a_state_comes_in_either_envelope_or_in_both() -> None:
    flat = Caller(SandboxOptions(sizes=SMALL, state_form="flat")).state()
    payload = Caller(SandboxOptions(sizes=SMALL, state_form="payload")).state()
    both = Caller().state()
    assert flat == {"total_items": 500}
    assert set(payload) == {"payload"}
    assert both == {**flat, **payload}


def test_a_plain_server_says_nothing_beyond_the_protocol() -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, extensions=PLAIN))
    caller.sandbox.change("promotions", "DE", deletes=1)
    assert caller.state(BEFORE) == {"total_items": 499, "payload": {"total_items": 499}}
    assert "x-total-lines" not in caller.feed("full").headers
    assert [set(line) for line in caller.lines("deleted", BEFORE)] == [{"id"}]


def test_the_state_counts_the_lines_of_each_feed() -> None:
    caller = Caller()
    caller.sandbox.change("promotions", "DE", creates=4, updates=3, deletes=2)
    payload = caller.state(BEFORE)["payload"]
    assert (payload["created"], payload["updated"], payload["deleted"]) == (4, 3, 2)
    assert payload["total_items"] == 502
    assert not {"created", "updated", "deleted"} & set(caller.state()["payload"])


def test_as_of_moves_with_the_changes_alone() -> None:
    caller = Caller()
    assert caller.state()["payload"]["as_of"] == "2025-07-01T16:00:00.000000Z"
    caller.clock.pass_by(5)
    changed = caller.sandbox.change("promotions", "DE", deletes=1)
    caller.clock.pass_by(5)
    assert caller.state()["payload"]["as_of"] == write_z(changed.at)


@pytest.mark.parametrize("where", ["retail/resource/promotions/DE", "reference/resource/holidays/NO"])
def test_the_digest_is_that_of_the_lines(where: str) -> None:
    caller = Caller()
    assert caller.state(where=where)["payload"]["digest"] == _digest(caller.lines("full", where=where))
    _, _, name, country = where.split("/")
    caller.sandbox.change(name, country, creates=3, updates=3, deletes=3, recreates=3, into_scope=3)
    assert caller.state(where=where)["payload"]["digest"] == _digest(caller.lines("full", where=where))


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("z", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
        ("offset", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+02:00"),
        ("naive", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"),
    ],
)
def test_timestamps_come_in_three_forms(form: Any, pattern: str) -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, timestamps=form))
    lines = caller.lines("full")
    assert all(re.fullmatch(pattern, line["created_at"]) for line in lines)
    assert any(line["updated_at"] is None for line in lines)
    assert caller.state()["payload"]["digest"] == _digest(lines)


def test_deletions_are_named_by_their_key_attributes() -> None:
    caller = Caller()
    changed = caller.sandbox.change("holidays", "DE", deletes=1)
    deleted = caller.lines("deleted", BEFORE, where="reference/resource/holidays/DE")
    assert deleted == [
        {**dict(zip(("day", "name"), changed.deleted[0], strict=True)), "deleted_at": write_z(changed.at)}
    ]


def test_a_single_key_can_be_called_id_in_deletions() -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, deleted_as_id=True))
    airport = caller.sandbox.change("airports", "DE", deletes=1).deleted[0][0]
    caller.sandbox.change("holidays", "DE", deletes=1)
    assert caller.lines("deleted", BEFORE, where="reference/resource/airports/DE")[0]["id"] == airport
    assert "day" in caller.lines("deleted", BEFORE, where="reference/resource/holidays/DE")[0]


def test_a_body_is_zipped_for_whoever_asks() -> None:
    caller = Caller(headers={"accept-encoding": "br, gzip"})
    answer = caller.feed("full")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(records(answer)) == 500
    refusing = Caller(SandboxOptions(sizes=SMALL, gzip=False), headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in refusing.feed("full").headers


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_body_can_come_with_its_length(encoding: str) -> None:
    caller = Caller(SandboxOptions(sizes=SMALL, framing="length"), headers={"accept-encoding": encoding})
    answer = caller.feed("full")
    assert int(answer.headers["content-length"]) == len(b"".join(answer.body))


def test_a_body_can_run_to_the_end_of_the_connection() -> None:
    answer = Caller(SandboxOptions(sizes=SMALL, framing="close")).feed("full")
    assert answer.headers["connection"] == "close"
    assert "content-length" not in answer.headers


def test_a_stream_says_how_many_lines_it_has() -> None:
    caller = Caller()
    caller.sandbox.change("promotions", "DE", updates=3)
    assert caller.feed("full").headers["x-total-lines"] == "500"
    assert caller.feed("updated", BEFORE).headers["x-total-lines"] == "3"


def test_a_body_is_the_world_of_the_moment_when_it_was_asked_for() -> None:
    caller = Caller()
    asked = caller.feed("full")
    caller.sandbox.change("promotions", "DE", deletes=400, creates=7)
    assert len(records(asked)) == 500
    assert len(caller.lines("full")) == 107


def test_every_answer_is_dated_by_the_sandbox_clock() -> None:
    assert Caller().feed("full").headers["date"] == "Tue, 01 Jul 2025 17:00:00 GMT"
    assert "date" not in Caller(SandboxOptions(sizes=SMALL, date_header=False)).feed("full").headers


def test_two_sandboxes_of_one_seed_say_the_same_bytes() -> None:
    one, other, third = Caller(), Caller(), Caller(SandboxOptions(sizes=SMALL, seed=1))
    for caller in (one, other, third):
        caller.sandbox.change("promotions", "DE", creates=5, updates=50, deletes=5, recreates=5, into_scope=5)
    assert body(one.feed("full")) == body(other.feed("full")) != body(third.feed("full"))


def test_the_log_keeps_what_was_asked_and_no_secret() -> None:
    caller = Caller()
    caller.feed("created", BEFORE)
    login, feed = caller.sandbox.log
    assert (login.endpoint, login.status) == ("auth", 201)
    assert (feed.endpoint, feed.status, dict(feed.query)) == ("created", 200, {"delta_timestamp": BEFORE})
    assert caller.token not in repr(caller.sandbox.log)


def test_the_password_is_in_no_repr() -> None:
    assert "s3cret" not in repr(SandboxOptions(password="s3cret"))


def test_a_resource_can_have_no_rows_at_all() -> None:
    caller = Caller(SandboxOptions(sizes=Sizes(promotions=0)))
    assert caller.lines("full") == []
    assert caller.state()["payload"]["digest"] == "0" * 16
    caller.sandbox.change("promotions", "DE", creates=1, updates=5, deletes=5, recreates=5)
    assert len(caller.lines("full")) == 1


def test_rendering_ahead_changes_no_byte() -> None:
    plain, ready = Caller(), Caller()
    written = ready.sandbox.prerender("promotions", "DE")
    assert written == len(body(plain.feed("full")))
    for caller in (plain, ready):
        caller.sandbox.change("promotions", "DE", updates=2, deletes=2, creates=2)
    assert body(plain.feed("full")) == body(ready.feed("full"))


def _digest(lines: list[Any]) -> str:
    total = 0
    for line in lines:
        key = line["id"] if "id" in line else f"{line['day']}\x1f{line['name']}"
        text = f"{key}\x1e{_version(line)}"
        total += int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return f"{total % 2**64:016x}"


def _version(line: dict[str, str]) -> str:
    return max(line["created_at"], line["updated_at"] or "")


def _ids(lines: list[Any]) -> set[tuple[str]]:
    return {(line["id"],) for line in lines}


def _keys(*keys: tuple[str | int, ...]) -> set[tuple[str | int, ...]]:
    return set(keys)

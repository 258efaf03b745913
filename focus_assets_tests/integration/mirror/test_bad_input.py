"""What bad input gets: a named error, rows and ledger as they were, and a run that is written down."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

import anyio
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.mirror import mirror
from focus_assets.model.errors import (
    ApiUnreachable,
    AuthenticationFailed,
    BadValue,
    BodyError,
    CorruptEncoding,
    DatabaseBusy,
    DuplicateName,
    Incomplete,
    InvalidSchema,
    LimitExceeded,
    MissingKey,
    NameRefused,
    PermissionDenied,
    RateLimited,
    RedirectRefused,
    RowError,
    SchemaError,
    ServerFailed,
    StaleGeneration,
    Truncated,
    UnexpectedBody,
    UnknownPartition,
    UnknownResource,
    UnknownType,
    UnsupportedEncoding,
)
from focus_assets.model.outcome import Outcome
from focus_assets.model.wish import Wish
from focus_assets.sandbox import PLAIN, Attribute, Fault, Kind, Response, SandboxOptions
from focus_assets.sandbox.exchange import json_response
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import THINGS, Scene

FULL = Wish(full=True)


# --- who asks, and for what ---


async def test_a_wrong_password_is_tried_once_and_never_shown(scene: Scene) -> None:
    await scene.loaded()
    scene.server.options = dataclasses.replace(scene.options, password="another")
    error = await scene.refused(AuthenticationFailed)
    assert "'demo'" in str(error)
    assert "https://api.test/api/v1/auth" in str(error)
    assert scene.server.asked == [("auth", "")]


async def test_a_wrong_password_is_tried_once_by_all_partitions_together(scene: Scene) -> None:
    scene.server.options = dataclasses.replace(scene.options, password="another")
    outcomes: list[Outcome] = []
    async with scene.source() as source, anyio.create_task_group() as group:

        async def run(country: str) -> None:
            outcomes.append(await mirror(source, scene.database, scene.ref(country), tools=scene.tools))

        for country in ("DE", "FR"):
            group.start_soon(run, country)
    assert [type(outcome.error) for outcome in outcomes] == [AuthenticationFailed] * 2
    assert scene.server.asked == [("auth", "")]


async def test_a_missing_right_is_named(scene: Scene) -> None:
    await scene.loaded()
    scene.server.options = dataclasses.replace(scene.options, forbidden=frozenset({"things"}))
    await scene.refused(PermissionDenied)


async def test_an_unknown_resource_is_named_with_the_known_ones(scene: Scene) -> None:
    await scene.loaded()
    error = await scene.refused(UnknownResource, resource="thngs")
    assert "known: things" in str(error)


async def test_a_country_that_the_server_does_not_know_is_named_with_the_known_ones(set_scene: SetScene) -> None:
    scene = set_scene(countries=("DE", "FR", "XX"))
    await scene.loaded()
    error = await scene.refused(UnknownPartition, "XX")
    assert "'XX'" in str(error)
    assert "DE, FR" in str(error)


# --- a server that does not answer ---

PASSING = [Kind.DROP, Kind.FAILED, Kind.UNAVAILABLE, Kind.TOO_MANY]
LASTING = list(zip(PASSING, [ApiUnreachable, ServerFailed, ServerFailed, RateLimited], strict=True))


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [*(("full", kind) for kind in PASSING), *zip(("auth", "schema", "state"), PASSING, strict=False)],
)
async def test_what_passes_is_tried_again(scene: Scene, endpoint: str, kind: Kind) -> None:
    scene.faults((endpoint, kind))
    await scene.loaded()
    assert scene.stored() == scene.served()
    assert sum(scene.time.slept) > 0


@pytest.mark.parametrize(("kind", "error"), LASTING)
async def test_what_lasts_is_tried_within_the_budget_and_then_named(
    scene: Scene, kind: Kind, error: type[Exception]
) -> None:
    await scene.loaded()
    scene.change(updates=3, deletes=1)
    scene.faults(rate=1, kinds=[kind])
    await scene.refused(error)
    assert 1 < len(scene.server.asked) <= 4
    scene.faults()
    await scene.loaded()
    assert scene.stored() == scene.served()


@pytest.mark.parametrize("as_date", [False, True])
async def test_retry_after_is_honoured_in_both_forms(scene: Scene, as_date: bool) -> None:
    scene.faults(("full", Fault(Kind.UNAVAILABLE, seconds=7, as_date=as_date)))
    await scene.loaded()
    assert 7 <= max(scene.time.slept) < 9


async def test_a_slow_server_is_waited_for(scene: Scene) -> None:
    scene.faults(("full", Fault(Kind.SLOW, seconds=30)))
    await scene.loaded()
    assert scene.stored() == scene.served()


async def test_a_redirect_is_never_followed(scene: Scene) -> None:
    await scene.loaded()
    away = Response(302, {"location": "https://elsewhere.test/"}, iter(()))
    scene.server.edits["state"] = lambda answer: away
    await scene.refused(RedirectRefused)


# --- bodies that are not what they should be ---

BROKEN = [
    (Kind.CUT_LINE, Truncated),
    (Kind.CUT_CLEAN, Truncated),
    (Kind.CUT_GZIP, Truncated),
    (Kind.RESET, Truncated),
    (Kind.HANGUP, Truncated),
    (Kind.HTML, UnexpectedBody),
    (Kind.ERROR_OBJECT, UnexpectedBody),
    (Kind.GARBLED, UnexpectedBody),
]


@pytest.mark.parametrize(
    ("feed", "kind", "error"),
    [
        *(("full", *broken) for broken in BROKEN),
        *(("updated", *broken) for broken in BROKEN[::4]),
        *(("deleted", *broken) for broken in BROKEN[1::4]),
    ],
)
async def test_a_broken_body_is_an_error_that_says_which_feed_and_where(
    scene: Scene, feed: str, kind: Kind, error: type[BodyError]
) -> None:
    await scene.loaded()
    scene.change(updates=6, deletes=6, creates=6)
    scene.faults(*[(feed, kind)] * 3)
    found = await scene.refused(error, wish=Wish(full=feed == "full"))
    assert found.feed == feed
    assert found.line is not None or found.byte is not None
    assert scene.server.feeds().count(feed) == 3


@pytest.mark.parametrize("kind", [kind for kind, _ in BROKEN])
async def test_a_body_that_is_broken_once_is_fetched_again(scene: Scene, kind: Kind) -> None:
    await _survives(scene, kind)


async def test_half_a_body_leaves_nothing_in_the_stage(everywhere: Scene) -> None:
    await _survives(everywhere, Kind.CUT_LINE)


async def _survives(scene: Scene, kind: Kind) -> None:
    scene.faults(("full", kind))
    outcome = await scene.loaded()
    assert outcome.fetched == 30
    assert scene.stored() == scene.served()
    scene.change(updates=6, deletes=6, creates=6)
    scene.faults(("deleted", kind), ("created", kind), ("updated", kind))
    await scene.loaded()
    assert scene.stored() == scene.served()


@pytest.mark.parametrize("kind", [Kind.CUT_CLEAN, Kind.EMPTY])
async def test_a_full_load_that_lacks_lines_without_a_trace_is_incomplete(set_scene: SetScene, kind: Kind) -> None:
    scene = set_scene(options=SandboxOptions(extensions=PLAIN))
    await scene.loaded()
    scene.faults(("full", kind))
    error = await scene.refused(Incomplete, wish=FULL)
    assert error.total_items == 30
    assert error.held < 30


async def test_an_empty_first_load_of_a_full_table_is_incomplete(set_scene: SetScene) -> None:
    scene = set_scene(options=SandboxOptions(extensions=PLAIN))
    scene.faults(("full", "empty"))
    assert isinstance((await scene.mirror()).error, Incomplete)
    assert scene.stored() == {}
    assert (await scene.loaded()).reason == "no full load has completed"


async def test_lines_that_come_twice_are_one_row(everywhere: Scene) -> None:
    everywhere.faults(("full", Fault(Kind.DUPLICATES, every=2)))
    outcome = await everywhere.loaded()
    assert outcome.fetched == 45
    assert everywhere.stored() == everywhere.served()


async def test_a_line_beyond_the_limit_is_refused(set_scene: SetScene) -> None:
    scene = set_scene(max_line_bytes=2_000)
    await scene.loaded()
    scene.shelves["DE"].spoiled[11] = {"name": f'"{"x" * 2_000}"'}
    error = await scene.refused(LimitExceeded, wish=FULL)
    assert (error.feed, error.line) == ("full", 12)


async def test_a_body_beyond_the_limit_is_refused(set_scene: SetScene) -> None:
    scene = set_scene(max_body_bytes=3_000)
    error = (await scene.mirror()).error
    assert isinstance(error, LimitExceeded)
    assert error.feed == "full"


async def test_an_encoding_that_was_not_asked_for_is_refused(scene: Scene) -> None:
    await scene.loaded()
    scene.server.edits["full"] = lambda answer: Response(200, {"content-encoding": "zstd"}, iter((b"x",)))
    await scene.refused(UnsupportedEncoding, wish=FULL)


async def test_gzip_that_is_none_is_refused(scene: Scene) -> None:
    await scene.loaded()
    scene.server.edits["full"] = lambda answer: Response(200, {"content-encoding": "gzip"}, iter((b"{}\n",)))
    await scene.refused(CorruptEncoding, wish=FULL)


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        ("auth", Kind.HTML),
        ("auth", Kind.ERROR_OBJECT),
        ("schema", Kind.EMPTY),
        ("schema", Kind.ERROR_OBJECT),
        ("state", Kind.HTML),
        ("state", Kind.ERROR_OBJECT),
    ],
)
async def test_a_document_that_is_none_is_an_error(scene: Scene, endpoint: str, kind: Kind) -> None:
    await scene.loaded()
    scene.faults(*[(endpoint, kind)] * 6)
    scene.time.pass_by(3600)
    if endpoint == "schema" and kind is Kind.ERROR_OBJECT:
        await scene.refused(InvalidSchema)
    else:
        await scene.refused(UnexpectedBody)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"total_items": "30"},
        {"total_items": -1},
        {"total_items": True},
        {"total_items": 30.0},
        {"payload": {"total_items": None}},
        {"payload": {"total_items": 30, "created": "1"}},
    ],
)
async def test_a_state_that_does_not_count_is_an_error(scene: Scene, answer: object) -> None:
    await scene.loaded()
    scene.edit_state(lambda payload: answer)
    error = await scene.refused(UnexpectedBody)
    assert error.feed == "state"


@pytest.mark.parametrize("moment", ["yesterday", "2025-13-01T00:00:00Z", "0"])
async def test_an_as_of_that_is_no_time_is_an_error(scene: Scene, moment: str) -> None:
    scene.edit_state(lambda payload: payload.update(as_of=moment))
    assert isinstance((await scene.mirror()).error, UnexpectedBody)
    assert "full" not in scene.server.feeds()


# --- lines that are no rows ---

SPOILED = [
    ("amount", '"many"', BadValue),
    ("amount", "1.5", BadValue),
    ("amount", "true", BadValue),
    ("amount", "9223372036854775808", BadValue),
    ("weight", "NaN", RowError),
    ("weight", "1e400", BadValue),
    ("weight", "-Infinity", RowError),
    ("price", "1.23456", BadValue),
    ("price", "123456789012345678", BadValue),
    ("name", '"a\\u0000b"', BadValue),
    ("name", '"\\ud800"', BadValue),
    ("name", "5", BadValue),
    ("extra", '{"a":1,"a":2}', RowError),
    ("extra", '"\\u0000"', BadValue),
    ("updated_at", '"soon"', BadValue),
    ("updated_at", '"2025-07-01T16:01:00.0000001Z"', BadValue),
    ("id", "null", MissingKey),
]


@pytest.mark.parametrize(("column", "text", "kind"), SPOILED)
async def test_a_bad_value_is_refused_with_its_line_column_and_start(
    scene: Scene, column: str, text: str, kind: type[RowError]
) -> None:
    await scene.loaded()
    scene.shelves["DE"].spoiled[16] = {column: text}
    error = await scene.refused(kind, wish=FULL)
    assert (error.feed, error.line, error.column) == ("full", 17, column)
    assert "line 17" in str(error)
    assert f"'{column}'" in str(error)
    assert column != "amount" or text.strip('"') in str(error).lower()
    assert scene.server.feeds().count("full") == 1


async def test_a_name_that_comes_twice_in_a_line_is_refused(scene: Scene) -> None:
    await scene.loaded()
    scene.shelves["DE"].appended[2] = ',"name":"again"'
    error = await scene.refused(DuplicateName, wish=FULL)
    assert (error.line, error.column) == (3, "name")


async def test_a_bad_line_of_a_delta_stops_the_delta(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.shelves["DE"].spoiled[4] = {"amount": '"\\u0000"'}
    everywhere.table().update(4, everywhere.time())
    everywhere.table().delete(5, everywhere.time())
    error = await everywhere.refused(BadValue)
    assert (error.feed, error.line) == ("updated", 1)


@pytest.mark.parametrize("line", [b"[1]\n", b"{'id':1}\n", b'{"id":"a"}}\n', b"\xff\xfe\n"])
async def test_a_line_that_is_no_object_is_an_error(scene: Scene, line: bytes) -> None:
    await scene.loaded()
    scene.edit_lines("full", lambda lines: [*lines[:4], line, *lines[5:]])
    error = await scene.refused(UnexpectedBody, wish=FULL)
    assert (error.feed, error.line) == ("full", 5)
    assert error.byte is not None


async def test_a_message_from_the_server_can_hold_anything_and_still_be_written_down(everywhere: Scene) -> None:
    await everywhere.loaded()
    nasty = b'\x00\x1b[31m{"\xff": "\xed\xa0\x80"}' + b"x" * 100_000
    everywhere.server.edits["state"] = lambda answer: Response(200, {}, iter((nasty,)))
    await everywhere.refused(UnexpectedBody)
    everywhere.server.edits.clear()
    everywhere.shelves["DE"].spoiled[1] = {"amount": '"\\u0000\\ud800\\u001b\\u202e"'}
    await everywhere.refused(BadValue, wish=FULL)


# --- schemas ---

HOSTILE: list[tuple[Attribute, type[SchemaError]]] = [
    (Attribute("new", "complex128"), UnknownType),
    (Attribute("new", "decimal(5,9)"), UnknownType),
    (Attribute("NAME", "string"), NameRefused),
    (Attribute("_focus_deleted", "bool"), NameRefused),
    (Attribute("_synced_at", "time"), NameRefused),
    (Attribute("_country", "string"), NameRefused),
    (Attribute("a\nb", "string"), NameRefused),
    (Attribute("a\u202eb", "string"), NameRefused),
    (Attribute("", "string"), NameRefused),
    (Attribute("x" * 64, "string"), NameRefused),
]


@pytest.mark.parametrize(("attribute", "kind"), HOSTILE)
async def test_a_hostile_schema_is_refused_before_anything_is_written(
    set_scene: SetScene, attribute: Attribute, kind: type[SchemaError]
) -> None:
    scene = set_scene(attributes=(*THINGS, attribute))
    outcome = await scene.mirror()
    assert isinstance(outcome.error, kind)
    assert "retail__things" not in scene.dump()
    assert "full" not in scene.server.feeds()


async def test_a_schema_without_a_key_is_refused(set_scene: SetScene) -> None:
    scene = set_scene(attributes=tuple(dataclasses.replace(attribute, key=False) for attribute in THINGS))
    error = (await scene.mirror()).error
    assert isinstance(error, InvalidSchema)
    assert "primary key" in str(error)


@pytest.mark.parametrize("answer", [{}, [], {"resources": []}, {"resources": {"things": {"attributes": {}}}}])
async def test_a_schema_of_another_shape_is_refused(scene: Scene, answer: object) -> None:
    await scene.loaded()
    scene.server.edits["schema"] = lambda _: json_response(200, answer)
    await scene.refused(SchemaError)


async def test_an_unknown_type_is_named_with_its_resource_and_column(set_scene: SetScene) -> None:
    scene = set_scene(attributes=(*THINGS, Attribute("new", "complex128")))
    assert "things.new: unknown type 'complex128'" in str((await scene.mirror()).error)


# --- two at once ---


async def test_of_two_runs_on_one_partition_one_wins_and_nothing_is_lost(everywhere: Scene) -> None:
    await everywhere.loaded()
    everywhere.change(creates=5, updates=5, deletes=5)
    late, early = await _overlapping(everywhere)
    assert early.healthy
    assert isinstance(late.error, StaleGeneration)
    assert everywhere.stored() == everywhere.served()
    assert (everywhere.entry().generation, everywhere.entry().run_id) == (2, early.run_id)


async def test_of_two_first_runs_one_wins(everywhere: Scene) -> None:
    late, early = await _overlapping(everywhere)
    assert early.healthy
    assert isinstance(late.error, StaleGeneration)
    assert everywhere.stored() == everywhere.served()
    assert (everywhere.entry().generation, everywhere.entry().run_id) == (1, early.run_id)


async def _overlapping(scene: Scene) -> tuple[Outcome, Outcome]:
    """A run that has fetched everything waits until another one has come and gone."""
    scene.time.pass_by(60)
    fetched, resume = anyio.Event(), anyio.Event()
    outcomes: list[Outcome] = []

    async def wait_at_the_last_state(endpoint: str) -> None:
        if endpoint == "state" and {"full", "updated"} & set(scene.server.feeds()) and not fetched.is_set():
            fetched.set()
            await resume.wait()

    scene.server.asked.clear()
    scene.gate = wait_at_the_last_state
    with anyio.fail_after(90):
        async with anyio.create_task_group() as group:
            group.start_soon(_run_into, outcomes, scene)
            await fetched.wait()
            early = await scene.mirror(after=0)
            resume.set()
    return outcomes[0], early


async def _run_into(outcomes: list[Outcome], scene: Scene) -> None:
    outcomes.append(await scene.mirror(after=0))


async def test_a_database_that_somebody_else_holds_is_busy(sqlite_url: str, tmp_path: Path) -> None:
    scene = Scene(Database(Destination(url=SecretStr(sqlite_url), lock_timeout_seconds=1)), tmp_path)
    await scene.loaded()
    before = scene.dump()
    scene.change(updates=2)
    somebody = sqlite3.connect(tmp_path / "mirror.db", isolation_level=None)
    somebody.execute("BEGIN IMMEDIATE")
    outcome = await scene.mirror()
    somebody.execute("ROLLBACK")
    somebody.close()
    assert isinstance(outcome.error, DatabaseBusy)
    assert scene.dump() == before
    assert "not in the history" in outcome.notes[-1]


async def test_a_partition_that_somebody_else_publishes_is_busy(postgres_url: str, tmp_path: Path) -> None:
    scene = Scene(Database(Destination(url=SecretStr(postgres_url), lock_timeout_seconds=1)), tmp_path)
    await scene.loaded("DE")
    await scene.loaded("FR")
    scene.change("DE", updates=2)
    with scene.database.writing("publish for long") as somebody:
        somebody.execute(sa.text("UPDATE _focus_ledger SET rows = rows WHERE partition = 'DE'"))
        await scene.refused(DatabaseBusy, "DE")
        await scene.loaded("FR")
    await scene.loaded("DE")
    assert scene.stored() == scene.served()

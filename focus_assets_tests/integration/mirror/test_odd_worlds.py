"""Servers that are odd, and yet within the protocol: strange keys, many tenants, no clock, a login that ends."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import anyio
import pytest

from focus_assets.database.open import Database
from focus_assets.mirror import mirror
from focus_assets.model.errors import AuthenticationFailed, LimitExceeded, NameRefused, UnknownResource
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish
from focus_assets.sandbox import PLAIN, Attribute, Extensions, Kind, Resource, Response, SandboxOptions, Services, Sizes
from focus_assets.sandbox.data import Key
from focus_assets.sandbox.exchange import json_response
from focus_assets.sandbox.reference import reference
from focus_assets.sandbox.retail import retail
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import Scene, Stage

FULL = Wish(full=True)
PLAINLY = SandboxOptions(extensions=PLAIN)
UNDATED = dataclasses.replace(PLAINLY, date_header=False)
YEAR = 365 * 86_400 * 1_000_000


# --- logging in ---


async def test_partitions_share_one_login_and_one_renewal(scene: Scene) -> None:
    scene.time.pass_by(60)
    async with scene.source() as source:
        for _ in range(2):
            outcomes: list[Outcome] = []

            async def run(country: str, outcomes: list[Outcome] = outcomes) -> None:
                outcomes.append(await mirror(source, scene.database, scene.ref(country), tools=scene.tools))

            async with anyio.create_task_group() as group:
                group.start_soon(run, "DE")
                group.start_soon(run, "FR")
            assert [outcome.error for outcome in outcomes] == [None, None]
            scene.server.revoke_tokens()
    assert [endpoint for endpoint, _ in scene.server.asked].count("auth") == 2


async def test_a_token_is_renewed_before_it_is_due(set_scene: SetScene) -> None:
    scene = set_scene(token_life_seconds=600)
    async with scene.source() as source:
        for _ in range(3):
            scene.time.pass_by(400)
            assert (await mirror(source, scene.database, scene.ref(), tools=scene.tools)).error is None
    assert [endpoint for endpoint, _ in scene.server.asked].count("auth") == 2
    assert not [seen for seen in scene.server.log if seen.status == 401]


@pytest.mark.parametrize("endpoint", ["state", "full", "deleted", "updated"])
async def test_a_token_may_end_before_any_request(scene: Scene, endpoint: str) -> None:
    scene.faults((endpoint, Kind.UNAUTHORIZED))
    await scene.loaded()
    scene.change(updates=2)
    await scene.loaded()
    assert scene.server.faults.remaining == 0
    assert scene.stored() == scene.served()


async def test_a_server_that_refuses_its_own_tokens_is_asked_only_so_often(scene: Scene) -> None:
    await scene.loaded()
    scene.faults(*[("state", Kind.UNAUTHORIZED)] * 20)
    await scene.refused(AuthenticationFailed)
    assert [endpoint for endpoint, _ in scene.server.asked].count("auth") <= 2


# --- names and schemas of others ---


def _with_another(scene: Scene, name: str, *attributes: Attribute) -> None:
    (things,) = scene.server.world.services["retail"]
    other = Resource(name, (*things.attributes, *attributes), things.rows)
    scene.server.world.services["retail"] = (things, other)


@pytest.mark.parametrize("name", ["Things", "THINGS"])
async def test_resources_whose_tables_would_be_one_are_refused(scene: Scene, name: str) -> None:
    _with_another(scene, name)
    for resource in ("things", name):
        outcome = await scene.mirror(resource=resource)
        assert isinstance(outcome.error, NameRefused)
        assert "collides" in str(outcome.error)
    assert "retail__things" not in scene.dump()


@pytest.mark.parametrize("name", ["../admin", "a/b", ".", "things?x=1", "a\r\nb", "_focus_ledger", "ﬁle\u202e"])
async def test_a_resource_s_name_can_be_anything_and_do_nothing(scene: Scene, name: str) -> None:
    _with_another(scene, name)
    outcome = await scene.mirror(resource=name)
    if outcome.error is None:
        assert outcome.rows == 30
    else:
        assert isinstance(outcome.error, NameRefused)
    assert {target for target, _ in scene.server.asked} <= {"auth", "schema", "state", "full"}


async def test_resources_that_are_not_configured_may_be_as_they_like(set_scene: SetScene) -> None:
    scene = set_scene(resources=["things"])
    _with_another(scene, "Things", Attribute("new", "complex128"))
    await scene.loaded()
    outcome = await scene.mirror(resource="Things")
    assert isinstance(outcome.error, UnknownResource)


# --- servers without a clock ---


async def test_without_a_date_a_line_from_the_future_is_still_no_watermark(set_everywhere: SetScene) -> None:
    scene = set_everywhere(options=UNDATED)
    scene.table().update(7, scene.time() + YEAR)
    await scene.loaded()
    scene.change(updates=3)
    outcome = await scene.loaded()
    assert outcome.load == "delta"
    assert scene.stored() == scene.served()


async def test_without_a_date_a_row_from_the_future_yields_too(set_scene: SetScene) -> None:
    scene = set_scene(options=UNDATED)
    scene.table().update(7, scene.time() + YEAR)
    await scene.loaded()
    scene.table().update(7, scene.time())
    await scene.loaded()
    assert scene.stored() == scene.served()


async def test_without_a_date_the_full_diffs_come_by_our_clock(set_scene: SetScene) -> None:
    scene = set_scene(options=dataclasses.replace(UNDATED, token_life=1e9), full_every_days=2)
    await scene.loaded()
    assert (await scene.mirror(after=86_400)).load == "delta"
    outcome = await scene.mirror(after=86_400)
    assert (outcome.load, outcome.reason) == ("full", "the last full load is 2 days old")


async def test_a_state_that_has_expired_is_asked_for_anew(scene: Scene) -> None:
    await scene.loaded()
    scene.change(updates=2, deletes=2)

    def forgotten(answer: Response) -> Response:
        _, since = scene.server.asked[-1]
        return json_response(410, {"error": "gone"}) if since else answer

    for endpoint in ("state", "deleted", "created", "updated"):
        scene.server.edits[endpoint] = forgotten
    outcome = await scene.mirror()
    assert (outcome.load, outcome.error) == ("full", None)
    assert scene.stored() == scene.served()


async def test_a_delta_that_expires_while_it_settles_goes_on_as_a_full_load(scene: Scene) -> None:
    await scene.loaded()
    scene.change(updates=2, deletes=2)
    answered = {"deleted": 0}

    def moving(answer: Response) -> Response:
        answered["deleted"] += 1
        if answered["deleted"] > 1:
            return json_response(410, {"error": "gone"})
        scene.table().insert(scene.time())
        return answer

    scene.server.edits["deleted"] = moving
    outcome = await scene.mirror()
    assert (outcome.load, outcome.error) == ("full", None)
    assert scene.stored() == scene.served()


# --- keys of every kind ---

ODD = (
    Attribute("day", "date", key=True),
    Attribute("at", "time", key=True),
    Attribute("number", "int16", key=True),
    Attribute("code", "uuid", key=True),
    Attribute("price", "decimal(9,4)", key=True),
    Attribute("raw", "bytes", key=True),
    Attribute("name", "string"),
    Attribute("created_at", "time"),
    Attribute("updated_at", "time"),
)


@dataclasses.dataclass
class OddRows:
    """Keys that the server writes in one way and a database gives back in another."""

    size: int = 12
    bad: set[int] = dataclasses.field(default_factory=set)

    def key(self, index: int) -> Key:
        day, code = f"2025-01-{index + 1:02}", f"0A1B2C3D-0000-4000-8000-{index:012X}"
        return (day, f"{day}T12:00:00.5+02:00", index, code, f"{index}.50", "AAH/")

    def line(self, index: int, revision: int, created: str, updated: str) -> str:
        day, at, number, code, price, raw = map(json.dumps, self.key(index))
        name = "5" if index in self.bad else f'"r{revision}"'
        return (
            f'{{"day":{day},"at":{at},"number":{number},"code":{code},'
            f'"price":{price},"raw":{raw},"name":{name},'
            f'"created_at":{created},"updated_at":{updated}}}'
        )


async def test_a_key_of_odd_parts_is_found_again_by_every_feed_and_in_the_quarantine(
    set_everywhere: SetScene,
) -> None:
    scene = set_everywhere(options=SandboxOptions(extensions=Extensions(digest=False)), bad_rows="quarantine")
    rows = OddRows()
    scene.server.world.services["retail"] = (Resource("odd", ODD, lambda country: rows),)
    table = scene.server.table("odd", "DE")

    async def outcome() -> tuple[str, int | None, int, Verdict | None]:
        found = await scene.mirror(resource="odd")
        assert found.error is None
        return found.load, found.rows, found.quarantined, found.verdict

    rows.bad = {4, 5}
    assert await outcome() == ("full", 10, 2, Verdict.COUNTED)
    table.update(1, scene.time())
    table.delete(2, scene.time())
    rows.bad = {5, 6}
    table.update(4, scene.time())
    table.update(6, scene.time())
    assert await outcome() == ("delta", 9, 2, Verdict.COUNTED)
    rows.bad = set()
    table.update(5, scene.time())
    table.delete(6, scene.time())
    assert await outcome() == ("delta", 10, 0, Verdict.COUNTED)


async def test_a_quarantine_takes_single_lines_and_never_a_whole_load(set_scene: SetScene) -> None:
    scene = set_scene(rows=12_000, bad_rows="quarantine", options=PLAINLY)
    shelf = scene.shelves["DE"]
    shelf.spoiled = {index: {"amount": '"x"'} for index in range(12_000)}
    outcome = await scene.mirror()
    assert isinstance(outcome.error, LimitExceeded)
    assert "put aside" in str(outcome.error)


# --- everything that the sandbox has ---


async def test_all_that_the_sandbox_serves_is_mirrored_by_value(database: Database, tmp_path: Path) -> None:
    scene = Scene(database, tmp_path, options=SandboxOptions(sizes=Sizes(promotions=200, products=60, stores=30)))
    sizes = scene.options.sizes
    services: Services = {**retail(sizes, seed=1), **reference()}
    scene.server = Stage(scene.options, clock=scene.time, services=services)
    for service, resources in services.items():
        scene.settings["business_service"] = service
        async with scene.source() as source:
            for resource in resources:
                await _mirrored_by_value(scene, source, PartitionRef("shop", service, resource.name, "DE"))


async def _mirrored_by_value(scene: Scene, source: object, ref: PartitionRef) -> None:
    loads = []
    for wish in (Wish(), Wish(), FULL):
        outcome = await mirror(source, scene.database, ref, wish=wish, tools=scene.tools)  # type: ignore[arg-type]
        assert outcome.error is None
        assert outcome.digest == "equal"
        loads.append((outcome.load, outcome.verdict))
        scene.time.pass_by(400)
        if len(loads) == 1:
            scene.server.change(ref.resource, "DE", service=ref.service, creates=3, updates=5, deletes=2, recreates=1)
    assert outcome.changes.written == 0
    assert loads == [("full", Verdict.PROVEN), ("delta", Verdict.COUNTED), ("full", Verdict.PROVEN)]


async def test_two_countries_at_once_share_a_table_and_lose_nothing(everywhere: Scene) -> None:
    for _ in range(3):
        everywhere.time.pass_by(60)
        outcomes: list[Outcome] = []

        async def run(country: str, outcomes: list[Outcome] = outcomes) -> None:
            outcomes.append(await everywhere.mirror(country, after=0))

        async with anyio.create_task_group() as group:
            group.start_soon(run, "DE")
            group.start_soon(run, "FR")
        assert [outcome.error for outcome in outcomes] == [None, None]
        for country in ("DE", "FR"):
            assert everywhere.stored(country) == everywhere.served(country)
            everywhere.change(country, creates=3, updates=3, deletes=3)

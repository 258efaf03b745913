"""Many partitions in one process: so many at a time, none failing the others."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from focus_assets.client.retry import unheard
from focus_assets.fleet import Fleet, open_fleet
from focus_assets.history.errors import errors
from focus_assets.model.errors import ServerFailed, UnknownPartition, UnknownResource
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.sandbox import Kind
from focus_assets_tests.integration.mirror.conftest import SetScene
from focus_assets_tests.integration.mirror.scene import Scene


@asynccontextmanager
async def _fleet(scene: Scene) -> AsyncIterator[Fleet]:
    async with scene.source() as source:
        yield Fleet(scene.config, scene.database, {"shop": source})


async def test_every_partition_of_every_resource_is_known_by_the_servers_schemas(scene: Scene) -> None:
    async with _fleet(scene) as fleet:
        assert await fleet.refs() == [scene.ref("DE"), scene.ref("FR")]
        assert await fleet.refs(resources=["things"], countries=["FR"]) == [scene.ref("FR")]
        assert await fleet.refs(resources=["shop/things"]) == [scene.ref("DE"), scene.ref("FR")]


async def test_a_name_that_is_not_there_is_told_with_those_that_are(scene: Scene) -> None:
    async with _fleet(scene) as fleet:
        with pytest.raises(UnknownResource, match=r"no resource 'thing'.*did you mean 'things'"):
            await fleet.refs(resources=["thing"])
        with pytest.raises(UnknownPartition, match="known: DE, FR"):
            await fleet.refs(countries=["XX"])


async def test_a_server_that_is_down_fails_by_partition_where_the_ledger_knows_them(scene: Scene) -> None:
    await scene.loaded()
    scene.faults(*[("schema", Kind.UNAVAILABLE)] * 20)
    async with _fleet(scene) as fleet:
        refs = await fleet.refs()
        assert refs == [scene.ref("DE"), scene.ref("FR")]
        outcomes = await fleet.mirror(refs, tools=scene.tools)
    assert [type(outcome.error) for outcome in outcomes] == [ServerFailed, ServerFailed]


async def test_an_error_is_kept_with_what_the_run_was_doing_and_told_in_the_log(scene: Scene) -> None:
    scene.faults(*[("full", Kind.UNAVAILABLE)] * 40)
    async with _fleet(scene) as fleet:
        (outcome,) = await fleet.mirror([scene.ref("DE")], tools=scene.tools)
    (row,) = errors(scene.database)
    (line,) = [json.loads(text) for text in scene.config.error_log.read_text(encoding="utf-8").splitlines()]
    assert row["type"] == line["error.type"] == "ServerFailed"
    assert row["run_id"] == line["labels"]["run_id"] == outcome.run_id
    assert row["repeatable"]
    assert row["attempts"] == int(line["labels"]["attempts"]) > 1
    assert row["happened_at"] == line["@timestamp"] >= outcome.started_at
    assert json.loads(row["context"]).items() >= {"load": "full", "status": "503"}.items()


async def test_a_log_that_cannot_be_written_is_told_with_the_outcome(scene: Scene) -> None:
    scene.faults(*[("full", Kind.UNAVAILABLE)] * 40)
    scene.config.error_log.parent.parent.mkdir(parents=True, exist_ok=True)
    scene.config.error_log.parent.write_text("a file where a folder should be")
    async with _fleet(scene) as fleet:
        (outcome,) = await fleet.mirror([scene.ref("DE")], tools=scene.tools)
    assert [note for note in outcome.notes if note.startswith("this error is not in the log: ")]
    assert len(errors(scene.database)) == 1


async def test_a_server_that_is_down_and_was_never_mirrored_fails_by_name(scene: Scene) -> None:
    scene.faults(*[("schema", Kind.UNAVAILABLE)] * 20)
    async with _fleet(scene) as fleet:
        with pytest.raises(ServerFailed):
            await fleet.refs()


async def test_one_partition_that_fails_leaves_the_others_be(set_scene: SetScene) -> None:
    scene = set_scene()
    scene.shelves["DE"].spoiled[3] = {"amount": '"many"'}
    told: list[Outcome] = []
    async with _fleet(scene) as fleet:
        refs = await fleet.refs()
        outcomes = [one for ref in refs for one in await fleet.mirror([ref], tools=scene.tools, told=told.append)]
    assert [outcome.ref for outcome in outcomes] == refs
    assert [outcome.error is None for outcome in outcomes] == [False, True]
    assert told == outcomes


async def test_results_are_in_the_order_of_the_partitions_and_so_many_run_at_once(set_scene: SetScene) -> None:
    scene = set_scene()
    refs = [PartitionRef("shop", "retail", "things", f"C{number}") for number in range(6)]
    limit = scene.config.concurrency.partitions
    running: list[str] = []
    most = 0

    async def work(ref: PartitionRef) -> str:
        nonlocal most
        running.append(ref.partition)
        most = max(most, len(running))
        for _ in range(6 - int(ref.partition[1:])):
            await anyio.lowlevel.checkpoint()
        running.remove(ref.partition)
        return ref.partition

    async with _fleet(scene) as fleet:
        assert await fleet.each(refs, work) == [ref.partition for ref in refs]
    assert most == min(limit, 6)


async def test_opening_a_fleet_asks_nobody(scene: Scene) -> None:
    async with open_fleet(scene.config, scene.database, heard=unheard) as fleet:
        assert list(fleet.sources) == ["shop"]
        assert fleet.database is scene.database
    assert scene.server.asked == []

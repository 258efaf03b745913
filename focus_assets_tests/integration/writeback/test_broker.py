"""Undos over a real RabbitMQ: whatever it does to a message, the end is the same, and only the DELETE closes it."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aio_pika
import anyio
import pytest
from aio_pika.abc import AbstractChannel
from pydantic import SecretStr

from focus_assets.config import Broker
from focus_assets.model.errors import BrokerUnreachable, MessageRefused
from focus_assets.sandbox.cluster import Whim
from focus_assets.sandbox.undos import taking
from focus_assets.writeback.intent import State
from focus_assets.writeback.open import settings_of
from focus_assets.writeback.rabbit import Places, RabbitSink, declare
from focus_assets.writeback.sinks import Message
from focus_assets_tests.integration.cli.conftest import PROGRAM, plain_environ
from focus_assets_tests.integration.writeback.scene import GROUP, PATIENCE, Scene, cluster, served
from focus_assets_tests.integration.writeback.test_command import run, write
from focus_assets_tests.ports import nobody
from focus_assets_tests.rabbit import OwnServer

GROUPS = "/api/v1/groups"
DEEP = b"[" * 100_000
CHILD = """
import os, signal, sys, urllib.error, urllib.request
import anyio
from pydantic import SecretStr
from focus_assets.config import Broker
from focus_assets.sandbox.undos import taking

url, queue, deletes, *nodes = sys.argv[1:]

async def delete(transaction_id):
    for node in nodes if deletes == "yes" else ():
        request = urllib.request.Request(f"{node}/api/v1/cluster/transaction/{transaction_id}/", method="DELETE")
        try:
            urllib.request.urlopen(request).close()
        except urllib.error.HTTPError as error:
            error.close()
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with taking(Broker(url=SecretStr(url), queue=queue, seconds=90), delete):
        await anyio.sleep_forever()

anyio.run(main)
"""


@pytest.fixture
def scene(tmp_path: Path, broker: Broker) -> Iterator[Scene]:
    """Two nodes, the gateway, and a broker between the drain and the cluster."""
    with brokered(tmp_path, broker) as made:
        yield made


@contextmanager
def brokered(folder: Path, broker: Broker, *, gateway: bool = False) -> Iterator[Scene]:
    """Where the gateway does not tell, what is seen is the drain's."""
    knobs = {"url": broker.url.get_secret_value(), "queue": broker.queue, "seconds": broker.seconds}
    with cluster(folder, f"sqlite:///{folder / 'writes.db'}", broker=knobs) as made:
        writeback = settings_of(made.config)
        told = writeback if gateway else writeback.model_copy(update={"broker": None})
        with served(made, made.config.model_copy(update={"writeback": told})):
            yield made


@dataclass
class Taken:
    """The cluster's side: what it was told to undo, and a way to wait for that."""

    scene: Scene
    told: list[str] = field(default_factory=list)
    _more: anyio.Condition = field(default_factory=anyio.Condition)

    async def delete(self, transaction_id: str) -> None:
        for node in self.scene.nodes:
            node.delete(transaction_id)
        async with self._more:
            self.told.append(transaction_id)
            self._more.notify_all()

    async def until(self, count: int) -> list[str]:
        """The first so many."""
        with anyio.fail_after(PATIENCE):
            async with self._more:
                while len(self.told) < count:
                    await self._more.wait()
        return self.told[:count]


@asynccontextmanager
async def consuming(scene: Scene, broker: Broker) -> AsyncIterator[Taken]:
    taken = Taken(scene)
    async with taking(broker, taken.delete):
        yield taken


@asynccontextmanager
async def looking(broker: Broker) -> AsyncIterator[tuple[AbstractChannel, Places]]:
    async with await aio_pika.connect(broker.whole_url) as connection:
        channel = await connection.channel()
        yield channel, await declare(channel, broker)


async def waiting(broker: Broker) -> int:
    """How many messages were in the queue: they are taken off, as a busy broker that is asked to count them says 0."""
    async with looking(broker) as (_, places):
        return len([message async for message in _drained(places)])


async def next_dead(broker: Broker) -> tuple[bytes, str]:
    """The next dead letter, and why it is dead."""
    async with looking(broker) as (_, places), places.grave.iterator() as letters:
        with anyio.fail_after(PATIENCE):
            letter = await anext(letters)
        await letter.ack()
        return letter.body, str(letter.headers["x-first-death-reason"])


def failed(scene: Scene, name: str = "alpha") -> str:
    """A create that was applied everywhere, and answered by 500; its transaction id."""
    scene.whim(Whim.FAILS_AFTER, node=1, methods=("POST",))
    answer = scene.ask("POST", GROUPS, {**GROUP, "name": name})
    scene.whim(None, node=1)
    assert answer.status == 400
    return str(answer.body["operation_id"])


def state(scene: Scene, operation_id: str) -> str:
    return str(scene.ask("GET", f"/api/v1/operations/{operation_id}").body["state"])


async def published(scene: Scene) -> None:
    """Drain until the producer is back, too."""
    with anyio.fail_after(PATIENCE):
        sent = 0
        while not sent:
            sent = (await scene.drain()).posts["undos"].sent


def deaf(scene: Scene) -> None:
    """No node does what a DELETE says."""
    for node in range(len(scene.nodes)):
        scene.whim(Whim.FAILS_BEFORE, node=node, methods=("DELETE",))


def healed(scene: Scene) -> None:
    for node in range(len(scene.nodes)):
        scene.whim(None, node=node)


async def test_an_undo_reaches_a_cluster_that_does_no_deletion_and_closes_nothing(scene: Scene, broker: Broker) -> None:
    operation = failed(scene)
    deaf(scene)
    async with consuming(scene, broker) as cluster_side:
        passed = await scene.drain()
        assert await cluster_side.until(1) == [operation]
    assert (passed.posts["undos"].sent, scene.held, state(scene, operation)) == (1, [[], []], State.COMPENSATING)
    healed(scene)
    await scene.drain()
    assert state(scene, operation) == State.COMPENSATED
    assert await waiting(broker) <= 1  # the second pass has told it again, to nobody


async def test_the_gateway_tells_of_a_failed_create_at_once(tmp_path: Path, broker: Broker) -> None:
    with brokered(tmp_path, broker, gateway=True) as scene:
        async with consuming(scene, broker) as cluster_side:
            operation = await anyio.to_thread.run_sync(failed, scene)
            assert await cluster_side.until(1) == [operation]
            assert scene.held == [[], []]
            assert state(scene, operation) == State.UNKNOWN  # closed it is by the drain alone
            assert (await scene.drain()).states == {State.COMPENSATED: 1}


async def test_the_gateway_tells_of_a_deletion_that_nobody_answers(tmp_path: Path, broker: Broker) -> None:
    with brokered(tmp_path, broker, gateway=True) as scene:
        made = scene.ask("POST", GROUPS, GROUP).body["id"]
        deaf(scene)
        async with consuming(scene, broker) as cluster_side:
            assert scene.ask("DELETE", f"{GROUPS}/{made}").status == 202
            assert await cluster_side.until(1) == [made]
        assert scene.held == [[], []]


async def test_a_lost_undo_changes_nothing_but_time(scene: Scene, broker: Broker) -> None:
    operation = failed(scene)
    deaf(scene)
    await scene.drain()
    async with looking(broker) as (_, places):
        assert (await places.queue.purge()).message_count == 1
    assert (scene.held, state(scene, operation)) == ([["alpha"], ["alpha"]], State.COMPENSATING)
    healed(scene)
    await scene.drain()
    assert (scene.held, state(scene, operation)) == ([[], []], State.COMPENSATED)


@pytest.mark.parametrize("deletes", ["yes", "no"])
async def test_a_consumer_killed_between_delivery_and_acknowledgement_is_told_again(
    scene: Scene, broker: Broker, deletes: str
) -> None:
    operation = failed(scene)
    lives = scene.ask("POST", GROUPS, {**GROUP, "name": "beta"}).body["id"]
    deaf(scene)
    await scene.drain()
    nodes = scene.config.writeback.nodes.values() if scene.config.writeback else ()
    healed(scene)
    command = [sys.executable, "-c", CHILD, broker.whole_url, broker.queue, deletes, *nodes]
    child = await anyio.run_process(command, check=False, env=plain_environ())
    assert child.returncode == -signal.SIGKILL
    assert scene.held == ([["beta"], ["beta"]] if deletes == "yes" else [["alpha", "beta"], ["alpha", "beta"]])
    async with consuming(scene, broker) as cluster_side:
        assert await cluster_side.until(1) == [operation]
    assert (scene.held, await waiting(broker)) == ([["beta"], ["beta"]], 0)
    assert scene.ask("GET", f"{GROUPS}/{lives}").status == 200


async def test_doubled_and_reordered_undos_delete_what_failed_and_nothing_else(scene: Scene, broker: Broker) -> None:
    owed = [failed(scene, f"group-{number}") for number in range(6)]
    deaf(scene)
    await scene.drain()
    healed(scene)
    await scene.drain()  # now the names are free, and what has them next must live
    lives = {scene.ask("POST", GROUPS, {**GROUP, "name": f"group-{number}"}).body["id"] for number in range(6)}
    async with looking(broker) as (_, places):
        bodies = [message.body async for message in _drained(places)]
        shuffled = [*bodies, *bodies, *bodies]
        random.Random(7).shuffle(shuffled)
        for body in shuffled:
            await places.entrance.publish(aio_pika.Message(body), routing_key=broker.queue)
    async with consuming(scene, broker) as cluster_side:
        assert set(await cluster_side.until(len(shuffled))) == set(owed)
    assert {str(one["transaction_id"]) for one in scene.nodes[0].groups} == lives
    assert {str(one["transaction_id"]) for one in scene.nodes[1].groups} == lives


async def _drained(places: Places) -> AsyncIterator[aio_pika.abc.AbstractIncomingMessage]:
    while message := await places.queue.get(fail=False):
        await message.ack()
        yield message


async def test_what_no_queue_takes_is_an_error_and_the_next_one_finds_a_queue_again(broker: Broker) -> None:
    sink = RabbitSink(broker)
    try:
        await sink.publish(message("one"))
        async with looking(broker) as (_, places):
            await places.queue.unbind(places.entrance, routing_key=broker.queue)
            with pytest.raises(MessageRefused, match="the message went into no queue"):
                await sink.publish(message("two"))
        await sink.publish(message("three"))
    finally:
        await sink.aclose()
    assert await waiting(broker) == 2


async def test_a_full_queue_takes_no_more_and_drops_nothing(broker: Broker) -> None:
    small = broker.model_copy(update={"longest_queue": 2})
    sink, taken, refused = RabbitSink(small), 0, False
    try:
        while not refused and taken < 1000:  # a quorum queue sees a moment later that it is full
            try:
                await sink.publish(message(str(taken)))
                taken += 1
            except MessageRefused:
                refused = True
    finally:
        await sink.aclose()
    assert refused
    assert await waiting(small) == taken


async def test_a_queue_that_others_made_otherwise_is_an_error_that_says_so(broker: Broker) -> None:
    async with looking(broker):
        pass
    sink = RabbitSink(broker.model_copy(update={"delivery_limit": 3}))
    with pytest.raises(MessageRefused, match="inequivalent arg 'x-delivery-limit'"):
        await sink.publish(message("one"))
    await sink.aclose()


def message(text: str) -> Message:
    return Message(text, "key", f'{{"transaction_id": "{text}"}}', text)


async def test_what_is_no_undo_is_a_dead_letter_and_what_follows_is_taken(scene: Scene, broker: Broker) -> None:
    async with looking(broker) as (_, places):
        for body in (b"\xff not JSON", DEEP, b'{"transaction_id": 7}', b'{"transaction_id": "it-follows"}'):
            await places.entrance.publish(aio_pika.Message(body), routing_key=broker.queue)
    async with consuming(scene, broker) as cluster_side:
        assert await cluster_side.until(1) == ["it-follows"]
        dead = [await next_dead(broker) for _ in range(3)]
    assert sorted(dead) == [(body, "rejected") for body in (DEEP, b'{"transaction_id": 7}', b"\xff not JSON")]
    assert await waiting(broker) == 0


async def test_what_nobody_can_do_is_a_dead_letter_after_its_deliveries(broker: Broker) -> None:
    settings = broker.model_copy(update={"delivery_limit": 3})
    tries = []

    async def delete(transaction_id: str) -> None:
        tries.append(transaction_id)
        raise OSError("the store is gone")

    sink = RabbitSink(settings)
    await sink.publish(message("poison"))
    await sink.aclose()
    async with taking(settings, delete):
        assert await next_dead(settings) == (b'{"transaction_id": "poison"}', "delivery_limit")
    assert tries == ["poison"] * 4
    assert await waiting(settings) == 0


def absent(port: int, user: str = "") -> Broker:
    """Settings of a broker at a port where nobody listens."""
    return Broker(url=SecretStr(f"amqp://{user}127.0.0.1:{port}/"), seconds=PATIENCE)


async def test_without_a_broker_a_drain_does_what_it_does_anyway(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with nobody() as port, brokered(tmp_path, absent(port, "user:hidden-word@"), gateway=True) as scene:
        owed = [failed(scene, f"group-{number}") for number in range(3)]
        with caplog.at_level(logging.WARNING, logger="focus_assets"):
            passed = await scene.drain()
        assert [state(scene, operation) for operation in owed] == [State.COMPENSATED] * 3
        assert scene.held == [[], []]
    assert (passed.posts["undos"].sent, {type(one) for one in passed.posts["undos"].problems}) == (
        0,
        {BrokerUnreachable},
    )
    lines = [record for record in caplog.records if "has not taken a message" in record.getMessage()]
    assert 1 <= len(lines) <= 2  # the drain's, and perhaps the gateway's
    assert "hidden-word" not in caplog.text + str([line.__dict__ for line in lines])


async def _nothing(_: str) -> None:
    """What nobody is told of."""


async def test_what_did_not_connect_is_closed_and_left_to_no_other_thread() -> None:
    with nobody() as port:
        with pytest.raises(BrokerUnreachable):
            await RabbitSink(absent(port)).publish(message("one"))
        with pytest.raises(BrokerUnreachable):
            async with taking(absent(port), _nothing):
                raise AssertionError("nobody listens there")
    await anyio.to_thread.run_sync(gc.collect)


async def test_a_consumer_that_hears_nothing_tries_no_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Broker(url=SecretStr(f"amqp://127.0.0.1:{silent.getsockname()[1]}/"), seconds=0.2)
        before = asyncio.all_tasks()
        with pytest.raises(BrokerUnreachable, match="nothing was heard"):
            async with taking(settings, _nothing):
                raise AssertionError("nobody answers there")
        assert asyncio.all_tasks() == before


@pytest.mark.slow
async def test_a_broker_that_is_restarted_keeps_what_it_confirmed_and_both_sides_come_back(
    own_rabbit: OwnServer, tmp_path: Path
) -> None:
    settings = Broker(url=SecretStr(own_rabbit.url), seconds=PATIENCE)
    told, gate = anyio.Event(), anyio.Event()
    with brokered(tmp_path, settings) as scene:
        cluster_side = Taken(scene)

        async def slowly(transaction_id: str) -> None:
            told.set()
            await gate.wait()
            await cluster_side.delete(transaction_id)

        async with taking(settings, slowly):
            owed = failed(scene)
            deaf(scene)
            assert (await scene.drain()).posts["undos"].sent == 1
            await told.wait()
            await anyio.to_thread.run_sync(own_rabbit.stop)
            assert (await scene.drain()).posts["undos"].sent == 0
            gate.set()
            await anyio.to_thread.run_sync(own_rabbit.start)
            assert await cluster_side.until(1) == [owed]  # what it was told first it could not acknowledge
            await published(scene)
            assert await cluster_side.until(2) == [owed, owed]
        assert (scene.held, state(scene, owed)) == ([[], []], State.COMPENSATING)
        assert await waiting(settings) == 0


async def test_a_broker_that_takes_connections_and_says_nothing_holds_up_no_write(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Broker(url=SecretStr(f"amqp://127.0.0.1:{silent.getsockname()[1]}/"), seconds=PATIENCE)
        with brokered(tmp_path, settings, gateway=True) as scene:
            began = time.monotonic()
            operation = failed(scene)
            assert scene.ask("POST", GROUPS, {**GROUP, "name": "beta"}).status == 201
            assert time.monotonic() - began < settings.seconds  # writes do not know of it
            writeback = settings_of(scene.config)
            hasty = writeback.model_copy(update={"broker": settings.model_copy(update={"seconds": 1.0})})
            scene.config = scene.config.model_copy(update={"writeback": hasty})
            passed = await scene.drain()
            assert state(scene, operation) == State.COMPENSATED
    assert "nothing was heard within 1 s" in str(passed.posts["undos"].problems[0])


def test_a_drain_says_what_it_has_published(scene: Scene, broker: Broker, tmp_path: Path) -> None:
    knobs = {"url": broker.whole_url, "queue": broker.queue, "seconds": broker.seconds}
    failed(scene)
    write(tmp_path, scene, broker=knobs)
    assert json.loads(run(tmp_path, "writes", "drain", "--json")[1])["undos"] == {"sent": 1, "problem": None}
    failed(scene, "beta")
    with nobody() as port:
        write(tmp_path, scene, broker={"url": f"amqp://127.0.0.1:{port}/"})
        code, out, err = run(tmp_path, "writes", "drain")
    assert (code, "0 undos were published" in out, "undos: amqp://127.0.0.1:" in err) == (0, True, True)


def test_the_sandboxs_cluster_takes_undos_off_the_queue(broker: Broker) -> None:
    command = [sys.executable, "-c", PROGRAM, "sandbox", "--cluster", "--nodes", "1", "--port", "0", "--queue"]
    environ = {**plain_environ(), "FOCUS_BROKER_URL": broker.whole_url}
    with subprocess.Popen([*command, broker.queue], env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stdout.readline() for _ in range(2)]  # type: ignore[union-attr]
            assert lines[1].strip().startswith(f"they take undos from the queue {broker.queue} of amqp://")
            anyio.run(_told_of_an_undo_and_of_nonsense, broker, lines[0].split()[-1])
        finally:
            process.kill()


async def _told_of_an_undo_and_of_nonsense(broker: Broker, node: str) -> None:
    """The nonsense comes after the undo: when it is dead, that is done."""
    import httpx

    group = {**GROUP, "transaction_id": "a-transaction-of-twenty"}
    async with httpx.AsyncClient(base_url=f"{node}/api/v1/cluster") as client, looking(broker) as (_, places):
        assert (await client.post("", json=group)).status_code == 201
        for body in (b'{"transaction_id": "a-transaction-of-twenty"}', b"nonsense"):
            await places.entrance.publish(aio_pika.Message(body), routing_key=broker.queue)
        assert (await next_dead(broker))[0] == b"nonsense"
        assert (await client.get("")).status_code == 404


@pytest.mark.parametrize("url", ["http://somewhere", "amqp://"])
def test_a_url_that_is_no_brokers_is_refused(url: str) -> None:
    command = [sys.executable, "-c", PROGRAM, "sandbox", "--cluster", "--port", "0", "--broker", url]
    ended = subprocess.run(command, env=plain_environ(), capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "expected a URL such as amqp://user:password@host:5672/vhost" in " ".join(ended.stderr.split())

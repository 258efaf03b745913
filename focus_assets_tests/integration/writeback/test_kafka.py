"""How writes ended, told to Kafka: nothing that is committed is lost, and no write waits for it."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from focus_assets.config import Kafka
from focus_assets.model.errors import BrokerUnreachable, DatabaseError, MessageRefused
from focus_assets.sandbox.cluster import Whim
from focus_assets.writeback import outbox
from focus_assets.writeback.drain import Pass, drain
from focus_assets.writeback.kafka import KafkaSink, properties
from focus_assets.writeback.open import open_writer
from focus_assets.writeback.sinks import Message
from focus_assets_tests.integration.cli.conftest import plain_environ
from focus_assets_tests.integration.writeback.scene import GROUP, Scene, cluster, served
from focus_assets_tests.integration.writeback.test_command import run, write
from focus_assets_tests.kafka import PATIENCE, played, read, settings
from focus_assets_tests.ports import nobody

GROUPS = "/api/v1/groups"
KILLED = """
import os, signal, sys
import anyio
from focus_assets.config import load_config
from focus_assets.writeback import outbox
from focus_assets.writeback.drain import drain
from focus_assets.writeback.open import open_writer

outbox.forget = lambda *_: os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with open_writer(load_config(None, os.environ)) as writer:
        await drain(writer)

anyio.run(main)
"""


@contextmanager
def telling(folder: Path, kafka: Kafka) -> Iterator[Scene]:
    """Two nodes and the gateway, whose writes' ends are told."""
    with cluster(folder, f"sqlite:///{folder / 'writes.db'}", kafka=knobs(kafka)) as made, served(made):
        yield made


def knobs(kafka: Kafka) -> dict[str, Any]:
    return {"servers": kafka.servers, "topic": kafka.topic, "seconds": kafka.seconds}


@pytest.fixture
def scene(tmp_path: Path, kafka: Kafka) -> Iterator[Scene]:
    with telling(tmp_path, kafka) as made:
        yield made


def made(scene: Scene, name: str) -> str:
    return str(scene.ask("POST", GROUPS, {**GROUP, "name": name}).body["id"])


async def passed(scene: Scene) -> Pass:
    async with open_writer(scene.config) as writer:
        return await drain(writer)


async def test_each_end_of_a_write_is_told_once_and_in_the_order_of_its_name(scene: Scene, kafka: Kafka) -> None:
    first = made(scene, "alpha")
    other = made(scene, "beta")
    assert scene.ask("DELETE", f"{GROUPS}/{first}").status == 204
    second = made(scene, "alpha")
    scene.whim(Whim.FAILS_AFTER, methods=("POST",))
    failed = scene.ask("POST", GROUPS, {**GROUP, "name": "gamma"}).body["operation_id"]
    scene.whim(None)
    assert outbox.count(scene.database) == 4
    assert (await scene.drain()).posts["news"].sent == 5
    assert outbox.count(scene.database) == 0
    assert (await scene.drain()).posts["news"].sent == 0
    told = read(kafka, 5)
    of_alpha = [(one["kind"], one["transaction_id"], one["state"]) for one in told if one["key"] == "alpha"]
    assert of_alpha == [("create", first, "DONE"), ("delete", first, "DONE"), ("create", second, "DONE")]
    by_id = {one["transaction_id"]: one for one in told if one["key"] != "alpha"}
    assert by_id[failed]["state"] == "COMPENSATED"
    assert "the server failed (500)" in by_id[failed]["error"]
    assert (by_id[other]["group"], by_id[other]["error"]) == ({**GROUP, "name": "beta"}, None)
    assert len({one["event_id"] for one in told}) == 5


@dataclass
class Picky:
    """Refuses what it is told to refuse."""

    refuses: str
    taken: list[str] = field(default_factory=list)
    shown: str = "a picky broker"

    async def publish(self, message: Message) -> None:
        told = json.loads(message.body)
        if (what := f"{told['kind']} {told['key']}") == self.refuses:
            raise MessageRefused(f"it does not take {what}")
        self.taken.append(what)


async def test_what_follows_a_message_that_was_refused_waits_with_it_and_others_do_not(scene: Scene) -> None:
    assert scene.ask("DELETE", f"{GROUPS}/{made(scene, 'alpha')}").status == 204
    made(scene, "alpha")
    made(scene, "beta")
    picky = Picky("delete alpha")
    async with open_writer(scene.config) as writer:
        told = replace(writer, news=picky)
        assert (await drain(told)).posts["news"].problem == "it does not take delete alpha"
        assert (sorted(picky.taken), outbox.count(scene.database)) == (["create alpha", "create beta"], 2)
        picky.refuses = ""
        assert (await drain(told)).posts["news"].sent == 2
    assert picky.taken[2:] == ["delete alpha", "create alpha"]


async def passed_by(scene: Scene, kafka: Kafka) -> Pass:
    """The same, that tells another Kafka, or has another patience."""
    assert scene.config.writeback is not None
    writeback = scene.config.writeback.model_copy(update={"kafka": kafka})
    async with open_writer(scene.config.model_copy(update={"writeback": writeback})) as writer:
        return await drain(writer)


async def test_while_it_is_away_writes_go_on_and_are_told_when_it_is_back(tmp_path: Path) -> None:
    with nobody() as port, telling(tmp_path, away := settings(f"127.0.0.1:{port}")) as scene:
        began = time.monotonic()
        ids = [made(scene, "alpha"), made(scene, "beta")]
        assert scene.ask("DELETE", f"{GROUPS}/{ids[0]}").status == 204
        assert time.monotonic() - began < away.seconds  # none of the three has waited for it
        post = (await passed_by(scene, away.model_copy(update={"seconds": 1.0}))).posts["news"]
        assert (post.sent, {type(one) for one in post.problems}) == (0, {BrokerUnreachable})
        assert outbox.count(scene.database) == 3
        with played() as servers:
            back = away.model_copy(update={"servers": servers})
            assert (await passed_by(scene, back)).posts["news"].sent == 3
            of_alpha = [one["kind"] for one in read(back, 3) if one["key"] == "alpha"]
        assert of_alpha == ["create", "delete"]


async def test_what_was_sent_and_not_recorded_is_sent_again(scene: Scene, kafka: Kafka) -> None:
    first = made(scene, "alpha")
    scene.ask("DELETE", f"{GROUPS}/{first}")
    with sqlite3.connect(scene.config.destination.url.get_secret_value().removeprefix("sqlite:///")) as holding:
        holding.execute("CREATE TRIGGER held BEFORE DELETE ON _focus_outbox BEGIN SELECT RAISE(FAIL, 'no room'); END")
    with pytest.raises(DatabaseError):
        await passed(scene)
    with sqlite3.connect(scene.config.destination.url.get_secret_value().removeprefix("sqlite:///")) as holding:
        holding.execute("DROP TRIGGER held")
    assert (await passed(scene)).posts["news"].sent == 2
    told = read(kafka, 4)
    assert [one["kind"] for one in told] == ["create", "delete"] * 2
    assert [one["event_id"] for one in told[:2]] == [one["event_id"] for one in told[2:]]


async def test_killed_between_sending_and_recording_it_is_sent_again(
    scene: Scene, kafka: Kafka, tmp_path: Path
) -> None:
    ids = [made(scene, name) for name in ("alpha", "beta", "gamma")]
    write(tmp_path, scene, kafka=knobs(kafka))
    child = await anyio.run_process([sys.executable, "-c", KILLED], check=False, cwd=tmp_path, env=plain_environ())
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert outbox.count(scene.database) == 3
    assert (await passed(scene)).posts["news"].sent == 3
    told = [one["transaction_id"] for one in read(kafka, 6)]
    assert sorted(told) == sorted(ids * 2)


def test_a_drain_says_what_it_has_told(scene: Scene, kafka: Kafka, tmp_path: Path) -> None:
    made(scene, "alpha")
    write(tmp_path, scene, kafka=knobs(kafka))
    assert json.loads(run(tmp_path, "writes", "drain", "--json")[1])["news"] == {"sent": 1, "problem": None}


async def test_a_broker_that_answers_nothing_is_given_up_after_its_seconds() -> None:
    with nobody() as port:
        sink, said, until = KafkaSink(settings(f"127.0.0.1:{port}", seconds=0.5)), "", time.monotonic() + PATIENCE
        while not re.search(r"timed out \(.*Connection refused", said):  # where its own threads had time for it
            assert time.monotonic() < until, said
            with pytest.raises(BrokerUnreachable) as raised:
                await sink.publish(Message("one", "key", "{}", "one"))
            said = str(raised.value)
        await sink.aclose()


async def test_settings_that_the_client_refuses_are_an_error_that_says_so() -> None:
    wrong = settings("127.0.0.1:9", username="me", password="geheim", mechanism="NO-SUCH")
    with pytest.raises(MessageRefused, match="NO-SUCH") as refused:
        await KafkaSink(wrong).publish(Message("one", "key", "{}", "one"))
    assert "geheim" not in str(refused.value)


def test_who_logs_in_does_so_by_sasl_and_over_tls_where_that_is_asked_for() -> None:
    plain = properties(settings("a:1"))
    assert (plain["security.protocol"], plain["acks"], plain["enable.idempotence"]) == ("PLAINTEXT", "all", True)
    told = properties(settings("a:1", tls=True, username="me", password="geheim"))
    assert told["security.protocol"] == "SASL_SSL"
    assert (told["sasl.mechanism"], told["sasl.username"], told["sasl.password"]) == ("SCRAM-SHA-512", "me", "geheim")
    assert properties(settings("a:1", username="me", password="geheim"))["security.protocol"] == "SASL_PLAINTEXT"
    assert properties(settings("a:1", tls=True))["security.protocol"] == "SSL"

"""Give each test queues of its own at a RabbitMQ, and see that they go away with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import aio_pika
import anyio
import pytest
from aio_pika.connection import make_url
from pydantic import SecretStr

from focus_assets.config import Broker
from focus_assets.model.errors import BrokerError
from focus_assets.writeback.rabbit import translated
from focus_assets_tests.ports import port_of_our_own
from focus_assets_tests.services import missing

# The package's own command is for root and its service's user; this one is for anybody.
_PROGRAM = shutil.which("rabbitmq-server", path=f"/usr/lib/rabbitmq/bin:{os.environ.get('PATH', os.defpath)}")
_STARTING_SECONDS = 90.0
_USUAL = "amqp://guest:guest@127.0.0.1:5672/"


@pytest.fixture(scope="session")
def rabbit_url() -> Iterator[str]:
    """The URL of a broker: FOCUS_TEST_AMQP_URL, else the one on the usual port, else one of our own."""
    url = os.environ.get("FOCUS_TEST_AMQP_URL") or _USUAL
    if _answers(url):
        yield url
    elif "FOCUS_TEST_AMQP_URL" in os.environ or _PROGRAM is None:
        missing(f"RabbitMQ at {Broker(url=SecretStr(url)).shown}")
    else:
        with OwnServer(_PROGRAM) as own:
            yield own.url


@pytest.fixture
def broker(rabbit_url: str) -> Iterator[Broker]:
    """Settings with names that nobody else uses."""
    settings = Broker(url=SecretStr(rabbit_url), queue=f"focus.test.{uuid.uuid4().hex[:12]}", seconds=_STARTING_SECONDS)
    yield settings
    anyio.run(_remove, settings)


async def _remove(settings: Broker) -> None:
    async with await aio_pika.connect(settings.whole_url) as connection:
        channel = await connection.channel()
        for queue in (settings.queue, settings.grave):
            await channel.queue_delete(queue)
        for exchange in (settings.entrance, settings.to_grave):
            await channel.exchange_delete(exchange)


def _answers(url: str) -> bool:
    settings = Broker(url=SecretStr(url), seconds=3)

    async def connect() -> None:
        with translated(settings), anyio.fail_after(settings.seconds):
            async with aio_pika.Connection(make_url(url)) as connection:
                await connection.connect()

    try:
        anyio.run(connect)
    except BrokerError:
        return False
    return True


class OwnServer:
    """A RabbitMQ on ports of its own, whose data go away with it; it may be ended and started again meanwhile."""

    def __init__(self, program: str) -> None:
        self._program, port = program, port_of_our_own()
        self.url = f"amqp://guest:guest@127.0.0.1:{port}/"
        self._folder = tempfile.TemporaryDirectory(prefix="focus-rabbitmq-")
        folder = self._folder.name
        plugins = Path(folder) / "plugins"
        plugins.write_text("[].", encoding="utf-8")
        self._environ = {
            **os.environ,
            "HOME": folder,
            "RABBITMQ_NODENAME": f"focus-{port}@localhost",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(port_of_our_own()),
            "RABBITMQ_MNESIA_BASE": folder,
            "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
        }

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        """Come back when it answers."""
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            [self._program], env=self._environ, stdout=quiet, stderr=quiet, start_new_session=True
        )
        until = time.monotonic() + _STARTING_SECONDS
        while not _answers(self.url):
            assert self._process.poll() is None, "RabbitMQ has ended"
            assert time.monotonic() < until, "RabbitMQ does not answer"
            time.sleep(0.2)

    def stop(self) -> None:
        """In order, as a restart does it."""
        self._process.terminate()
        self._process.wait(_STARTING_SECONDS)

    def kill(self) -> None:
        """As kill -9 does it, with all that it has started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@pytest.fixture
def own_rabbit() -> Iterator[OwnServer]:
    """A server that the test may end."""
    if _PROGRAM is None:
        missing("RabbitMQ's server")
    with OwnServer(_PROGRAM) as own:
        yield own

"""Give each test queues of its own at a RabbitMQ, and see that they go away with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aio_pika
import anyio
import pytest
from pydantic import SecretStr

from focus_assets.config import Broker
from focus_assets.model.errors import BrokerError
from focus_assets.writeback.rabbit import translated
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
        with _own_server(_PROGRAM) as own:
            yield own


@pytest.fixture
def broker(rabbit_url: str) -> Iterator[Broker]:
    """Settings with names that nobody else uses."""
    settings = Broker(url=SecretStr(rabbit_url), queue=f"focus.test.{uuid.uuid4().hex[:12]}")
    yield settings
    anyio.run(_remove, settings)


async def _remove(settings: Broker) -> None:
    async with await aio_pika.connect(settings.whole_url) as connection:
        channel = await connection.channel()
        for queue in (settings.queue, settings.grave):
            await channel.queue_delete(queue)
        for exchange in (settings.entrance, settings.to_grave):
            await channel.exchange_delete(exchange)


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    settings = Broker(url=SecretStr(url), seconds=3)

    async def connect() -> None:
        with translated(settings), anyio.fail_after(settings.seconds):
            async with await aio_pika.connect(url):
                return

    try:
        anyio.run(connect)
    except BrokerError:
        return False
    return True


@contextmanager
def _own_server(program: str) -> Iterator[str]:
    """A RabbitMQ on ports of its own, whose data go away with it."""
    port = free_port()
    url = f"amqp://guest:guest@127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory(prefix="focus-rabbitmq-") as folder:
        plugins = Path(folder) / "plugins"
        plugins.write_text("[].", encoding="utf-8")
        environ = {
            "HOME": folder,
            "RABBITMQ_NODENAME": f"focus-{port}@localhost",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": folder,
            "RABBITMQ_LOG_BASE": folder,
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
        }
        quiet, whole = subprocess.DEVNULL, {**os.environ, **environ}
        with subprocess.Popen([program], env=whole, stdout=quiet, stderr=quiet, start_new_session=True) as server:
            try:
                _await(url, server)
                yield url
            finally:
                os.killpg(server.pid, signal.SIGKILL)


def _await(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _STARTING_SECONDS
    while not _answers(url):
        assert server.poll() is None, "RabbitMQ has ended"
        assert time.monotonic() < until, "RabbitMQ does not answer"
        time.sleep(0.2)

"""Publish to Kafka: acknowledged by all replicas in sync, in order for each key.

https://docs.confluent.io/platform/current/clients/librdkafka/html/md_CONFIGURATION.html
"""

from __future__ import annotations

import time
from typing import Any

import anyio
from confluent_kafka import KafkaError, KafkaException, Producer

from focus_assets.config import Kafka
from focus_assets.database.threads import in_thread
from focus_assets.model.errors import BrokerError, BrokerUnreachable, MessageRefused
from focus_assets.writeback.sinks import Message

_POLL = 0.05
_OF_THE_TOPIC = ("TOPIC_AUTHORIZATION_FAILED", "TOPIC_EXCEPTION", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC")
_REFUSED = frozenset({"MSG_SIZE_TOO_LARGE", "INVALID_RECORD", *_OF_THE_TOPIC})


class KafkaSink:
    """Connects when there is something to publish, and anew after a failure."""

    def __init__(self, settings: Kafka) -> None:
        self._settings = settings
        self._opening = anyio.Lock()
        self._producer: Producer | None = None
        self._heard = ""  # what the client has said of its connections

    @property
    def shown(self) -> str:
        """Servers and topic."""
        return f"{self._settings.servers} ({self._settings.topic})"

    async def publish(self, message: Message) -> None:
        """Raises BrokerUnreachable, MessageRefused."""
        producer = await self._ready()
        try:
            await in_thread(self._deliver, producer, message)
        except BrokerError:
            self._producer = None
            raise

    async def aclose(self) -> None:
        """Leave; whatever was not acknowledged was an error already."""
        self._producer = None

    async def _ready(self) -> Producer:
        async with self._opening:
            if self._producer is None:
                self._producer = await in_thread(self._opened)
            return self._producer

    def _opened(self) -> Producer:
        self._heard = ""
        try:
            return Producer(properties(self._settings) | {"error_cb": self._hear})
        except KafkaException as error:
            raise MessageRefused(f"{self.shown}: {error.args[0].str()}") from error

    def _deliver(self, producer: Producer, message: Message) -> None:
        reports: list[KafkaError | None] = []
        headers: list[tuple[str, str | bytes | None]] = [
            ("event_id", message.name),
            ("transaction_id", message.transaction_id),
        ]
        try:
            producer.produce(
                self._settings.topic,
                key=message.key.encode(),
                value=message.body.encode(),
                headers=headers,
                on_delivery=lambda error, _: reports.append(error),
            )
        except KafkaException as error:
            self._raise(error.args[0])
        except BufferError as error:
            raise BrokerUnreachable(f"{self.shown}: {error}") from error
        until = time.monotonic() + self._settings.seconds + 1  # it reports an end of its own before that
        while not reports and time.monotonic() < until:
            producer.poll(_POLL)
        if not reports:
            raise BrokerUnreachable(f"{self.shown}: nothing was heard within {self._settings.seconds:g} s")
        if reports[0] is not None:
            self._raise(reports[0])

    def _hear(self, error: KafkaError) -> None:
        self._heard = f" ({error.str()})"

    def _raise(self, error: KafkaError) -> None:
        kind = MessageRefused if error.name() in _REFUSED else BrokerUnreachable
        raise kind(f"{self.shown}: {error.str()}{self._heard}")


def properties(settings: Kafka) -> dict[str, Any]:
    """What librdkafka is told; the password is among it."""
    plain: dict[str, Any] = {
        "bootstrap.servers": settings.servers,
        "client.id": "focus-assets",
        # Sent again after a lost answer, a message is neither doubled nor overtaken within one producer.
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": 0,
        "message.timeout.ms": round(settings.seconds * 1000),
        "log_level": 0,
        "security.protocol": f"{'SASL_' if settings.username else ''}{'SSL' if settings.tls else 'PLAINTEXT'}",
    }
    if settings.username is None or settings.password is None:
        return plain
    return plain | {
        "sasl.mechanism": settings.mechanism,
        "sasl.username": settings.username,
        "sasl.password": settings.password.get_secret_value(),
    }

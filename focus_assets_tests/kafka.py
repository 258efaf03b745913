"""Give each test a topic of its own: at a Kafka where one is named, else at the cluster that librdkafka plays."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from focus_assets.config import Kafka

PATIENCE = 90.0


@pytest.fixture
def kafka() -> Iterator[Kafka]:
    """FOCUS_TEST_KAFKA_SERVERS, else three brokers of librdkafka's own mock, on sockets."""
    if servers := os.environ.get("FOCUS_TEST_KAFKA_SERVERS"):
        yield settings(servers)
        return
    with played() as servers:
        yield settings(servers)


def settings(servers: str, **knobs: Any) -> Kafka:
    """With a topic that nobody else uses."""
    return Kafka(servers=servers, topic=f"focus.test.{uuid.uuid4().hex[:12]}", **{"seconds": PATIENCE, **knobs})


@contextmanager
def played() -> Iterator[str]:
    """The addresses of brokers that live as long as the producer that plays them."""
    owner = Producer({"test.mock.num.brokers": 3, "log_level": 0})
    brokers = owner.list_topics(timeout=PATIENCE).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    del owner


def read(kafka: Kafka, count: int) -> list[dict[str, Any]]:
    """The first so many messages of all partitions, in the order of each key. Fails where there are not as many."""
    consumer = Consumer({"bootstrap.servers": kafka.servers, "group.id": "test", "log_level": 0})
    try:
        topic = consumer.list_topics(kafka.topic, timeout=PATIENCE).topics[kafka.topic]
        consumer.assign([TopicPartition(kafka.topic, number, OFFSET_BEGINNING) for number in topic.partitions])
        found: list[dict[str, Any]] = []
        while len(found) < count:
            message = consumer.poll(PATIENCE)
            assert message is not None, f"{len(found)} of {count} messages came"
            assert message.error() is None, message.error()
            value, key = message.value(), message.key()
            assert value is not None
            found.append(json.loads(value))
            assert key == found[-1]["key"].encode()
        return found
    finally:
        consumer.close()

"""What focus.yaml may say of brokers."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus_assets.config import Broker, Kafka, load_config
from focus_assets.model.errors import InvalidConfiguration
from focus_assets_tests.unit.test_config import SOURCE

WRITEBACK = """
writeback:
  nodes: {one: "http://127.0.0.1:9"}
  broker:
    url: amqps://focus@rabbit.example.org/writes
    password: ${RABBITMQ_PASSWORD}
  kafka:
    servers: kafka-1.example.org:9092, kafka-2.example.org:9092
    username: focus
    password: ${KAFKA_PASSWORD}
"""
ENVIRON = {"PASSWORD": "x", "RABBITMQ_PASSWORD": "geh@im/1:#", "KAFKA_PASSWORD": "auch geheim"}


def loaded(folder: Path, text: str = WRITEBACK) -> tuple[Broker, Kafka]:
    file = folder / "focus.yaml"
    file.write_text(SOURCE + text, encoding="utf-8")
    writeback = load_config(file, ENVIRON).writeback
    assert writeback is not None
    assert writeback.broker is not None
    assert writeback.kafka is not None
    return writeback.broker, writeback.kafka


def test_secrets_come_from_the_environment_and_are_never_shown(tmp_path: Path) -> None:
    broker, kafka = loaded(tmp_path)
    assert broker.whole_url == "amqps://focus:geh%40im%2F1%3A%23@rabbit.example.org/writes"
    assert broker.shown == "amqps://rabbit.example.org/writes"
    assert kafka.servers == "kafka-1.example.org:9092,kafka-2.example.org:9092"
    assert "geh" not in f"{broker!r}{broker.shown}{kafka!r}"


def test_the_names_follow_the_queues_where_none_are_given(tmp_path: Path) -> None:
    broker, kafka = loaded(tmp_path)
    assert (broker.queue, broker.entrance) == ("focus.undos", "focus.undos")
    assert (broker.to_grave, broker.grave) == ("focus.undos.dead", "focus.undos.dead")
    assert kafka.topic == "focus.writes"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("amqps://focus@rabbit.example.org/writes", "https://x", "broker.url: expected a URL such as amqp://user"),
        (
            "amqps://focus@rabbit.example.org/writes",
            "amqp://h:99999/",
            "broker.url: expected a URL such as amqp://user",
        ),
        ("    password: ${RABBITMQ_PASSWORD}", "    queue: a b", "broker.queue: expected letters, digits"),
        (
            "    password: ${RABBITMQ_PASSWORD}",
            "    dead_letter_queue: focus.undos",
            "broker: expected other names for dead letters than for the undos",
        ),
        ("kafka-1.example.org:9092,", "kafka-1.example.org,", "kafka.servers: expected HOST:PORT"),
        ("    username: focus\n", "", "kafka: expected both username and password, or neither"),
        ("    password: ${RABBITMQ_PASSWORD}", "    seconds: 0", "broker.seconds: "),
    ],
)
def test_what_is_wrong_is_said_without_a_secret(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        loaded(tmp_path, WRITEBACK.replace(old, new))
    assert f"writeback.{said}" in str(caught.value)
    assert "geh" not in str(caught.value)

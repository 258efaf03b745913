"""Say which brokers are told of writes."""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from focus_assets.config.knobs import Count, Knobs, Seconds

_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,200}")
_SERVER = re.compile(r"[A-Za-z0-9_.-]+:[0-9]{1,5}|\[[0-9A-Fa-f:]+\]:[0-9]{1,5}")


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("expected letters, digits, _, ., : or -")
    return name


class Broker(Knobs):
    """A RabbitMQ through which the cluster is told what to undo, as it may reach it when its nodes answer nobody.

    It is a faster way and no more: a message that is lost, doubled or late changes no result.
    """

    url: SecretStr = Field(description="Such as amqp://user@rabbit.example.org/vhost; amqps:// for TLS.")
    password: SecretStr | None = Field(
        default=None, description="Replaces the URL's: here no character needs an escape."
    )
    queue: str = Field(default="focus.undos", description="The quorum queue from which the cluster takes the undos.")
    exchange: str | None = Field(default=None, description="Where they are published; else the queue's name.")
    dead_letter_exchange: str | None = Field(
        default=None, description="Where messages go that cannot be taken; else the queue's name and `.dead`."
    )
    dead_letter_queue: str | None = Field(
        default=None, description="Where they are kept for a person; else the queue's name and `.dead`."
    )
    delivery_limit: Count = Field(
        default=20, description="After so many deliveries without an acknowledgement a message is a dead letter."
    )
    longest_queue: Count = Field(default=100_000, description="A queue as long as this takes no more messages.")
    seconds: Seconds = Field(default=5.0, description="The longest to wait for a connection or a confirmation.")

    @field_validator("url")
    @classmethod
    def _is_amqp(cls, url: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(url.get_secret_value())
            fits = parts.scheme in ("amqp", "amqps") and parts.hostname and parts.port != 0 and not parts.fragment
        except ValueError:  # whose text quotes the URL
            fits = None
        if not fits:
            raise ValueError("expected a URL such as amqp://user:password@host:5672/vhost") from None
        return url

    @field_validator("queue", "exchange", "dead_letter_exchange", "dead_letter_queue")
    @classmethod
    def _is_a_name(cls, name: str | None) -> str | None:
        return None if name is None else _named(name)

    @model_validator(mode="after")
    def _the_dead_lie_elsewhere(self) -> Self:
        if self.grave == self.queue or self.to_grave == self.entrance:
            raise ValueError("expected other names for dead letters than for the undos")
        return self

    @property
    def entrance(self) -> str:
        """The exchange to which undos are published."""
        return self.exchange or self.queue

    @property
    def to_grave(self) -> str:
        """The exchange of dead letters."""
        return self.dead_letter_exchange or f"{self.queue}.dead"

    @property
    def grave(self) -> str:
        """The queue of dead letters."""
        return self.dead_letter_queue or f"{self.queue}.dead"

    @property
    def whole_url(self) -> str:
        """The URL with the password."""
        parts = urlsplit(self.url.get_secret_value())
        if self.password is None:
            return parts.geturl()
        user = f"{parts.username or 'guest'}:{quote(self.password.get_secret_value(), safe='')}"
        return parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}").geturl()

    @property
    def shown(self) -> str:
        """The address for people: no user, no password, no options."""
        parts = urlsplit(self.url.get_secret_value())
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


class Kafka(Knobs):
    """A Kafka that is told as JSON how each write ended: at least once, and in order for each name of a group."""

    servers: str = Field(description="Bootstrap servers with commas between: kafka-1.example.org:9092.")
    topic: str = Field(default="focus.writes", description="Where the messages go.")
    tls: bool = Field(default=False, description="Whether connections are encrypted.")
    username: str | None = Field(default=None, description="For SASL; none: nobody logs in.")
    password: SecretStr | None = Field(default=None, description="For SASL.")
    mechanism: str = Field(default="SCRAM-SHA-512", description="The SASL mechanism.")
    seconds: Seconds = Field(default=5.0, description="The longest to wait until the servers have a message.")

    @field_validator("servers")
    @classmethod
    def _are_servers(cls, servers: str) -> str:
        found = [server.strip() for server in servers.split(",")]
        if not all(_SERVER.fullmatch(server) for server in found):
            raise ValueError("expected HOST:PORT, several with commas between")
        return ",".join(found)

    @field_validator("topic")
    @classmethod
    def _is_a_topic(cls, topic: str) -> str:
        return _named(topic)

    @model_validator(mode="after")
    def _has_both_or_none(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("expected both username and password, or neither")
        return self

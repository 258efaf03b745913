"""Say which cluster takes writes, how long they are followed up, and who may ask the gateway for them."""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from focus_assets.config.auth import Auth, NoAuth, ShowableSecret
from focus_assets.config.brokers import Broker, Kafka
from focus_assets.config.knobs import Count, Knobs, Seconds

_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
SHORTEST_TOKEN = 16


class ReadBack(Knobs):
    """A mirrored resource whose rows tell the transactions that the cluster holds."""

    source: str = Field(description="A source of this file.")
    resource: str = Field(description="Its resource that lists the groups.")
    column: str = Field(default="transaction_id", description="The column with the transaction ids.")


class Writeback(Knobs):
    """A cluster that takes writes, each of which ends at all of its nodes or at none."""

    nodes: dict[str, str] = Field(
        min_length=1, description="The nodes by name, each with its URL: what stands before `/api/v1/cluster`."
    )
    auth: Auth = Field(default=NoAuth(kind="none"), description="How to log in at the nodes.")
    token: ShowableSecret | None = Field(
        default=None, description="What callers of the gateway show as their bearer token: 16 characters at least."
    )
    request_seconds: Seconds = Field(default=10.0, description="The longest that one call to a node may take.")
    lifetime_seconds: Seconds = Field(
        default=120.0,
        description="The longest after which a node, or whatever stands before it, may still apply a request that was "
        "sent, and by how much the machines' clocks differ. Until then no deletion counts as the last one.",
    )
    longest_wait_seconds: Seconds = Field(default=300.0, description="The longest time between two tries.")
    give_up_hours: Seconds = Field(default=24.0, description="What still fails after so many hours is DEAD.")
    drain_seconds: Count = Field(default=30, description="How often Dagster works on what is due.")
    broker: Broker | None = Field(
        default=None, description="A RabbitMQ through which the cluster is told what to undo."
    )
    kafka: Kafka | None = Field(default=None, description="A Kafka that is told how each write ended.")
    read_back: ReadBack | None = Field(
        default=None, description="Where a write is found again: it is confirmed when a later load shows it."
    )

    @field_validator("nodes")
    @classmethod
    def _are_urls(cls, nodes: dict[str, str]) -> dict[str, str]:
        for name, url in nodes.items():
            parts = urlsplit(url)
            if not _NODE.fullmatch(name):
                raise ValueError(f"the node's name {name[:40]!r} is refused; expected letters, digits, _, . or -")
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise ValueError(f"{name}: expected a URL such as https://node-1.example.org")
            if parts.username or parts.password:
                raise ValueError(f"{name}: expected a URL without user and password; auth is for these")
        return nodes

    @field_validator("token")
    @classmethod
    def _is_long_enough(cls, token: ShowableSecret | None) -> ShowableSecret | None:
        if token is not None and len(token.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"expected {SHORTEST_TOKEN} characters at least")
        return token

    @model_validator(mode="after")
    def _lives_longer_than_a_call(self) -> Self:
        if self.lifetime_seconds <= self.request_seconds:
            raise ValueError("expected lifetime_seconds greater than request_seconds: a call is a part of that time")
        return self

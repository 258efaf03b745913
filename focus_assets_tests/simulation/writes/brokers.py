"""Brokers at their worst: they lose, double, delay and reorder, and refuse what they take, or take what they refuse."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from random import Random
from typing import Any

import anyio.lowlevel

from focus_assets.model.errors import BrokerUnreachable, MessageRefused
from focus_assets.writeback.saga import SECOND
from focus_assets.writeback.sinks import Message
from focus_assets_tests.simulation.writes.world import World


@dataclass(frozen=True, slots=True)
class Manners:
    """Shares of messages: not taken; taken and not confirmed; taken again and again; confirmed and lost.

    `latest`: seconds until which a message may come, each after its own time. `dies`: shares of deliveries at which the
    consumer dies between two nodes, or before it acknowledges.
    """

    refuses: float = 0.0
    unheard: float = 0.0
    doubles: float = 0.0
    loses: float = 0.0
    latest: float = 0.0
    dies: float = 0.0


def draw_manners(chance: Random, *, loses: bool) -> Manners:
    """Only of a queue is it assumed that it loses what it has confirmed: nothing could make up for a log that does."""
    return Manners(
        refuses=chance.choice((0.0, 0.2, 0.9)),
        unheard=chance.choice((0.0, 0.2, 0.5)),
        doubles=chance.choice((0.0, 0.3)),
        loses=chance.choice((0.0, 0.3)) if loses else 0.0,
        latest=chance.choice((0.0, 5.0, 200.0, 3000.0)),
        dies=chance.choice((0.0, 0.3)) if loses else 0.0,
    )


@dataclass
class _Broker(ABC):
    """What has been given to it and is not there yet."""

    world: World
    manners: Manners
    chance: Random
    shown: str = "a broker"
    coming: list[tuple[int, Message]] = field(default_factory=list)

    async def publish(self, message: Message) -> None:
        """As a producer sees it; before and after, the process may die or stand still."""
        self.world.point(f"before: {self.shown}")
        await self.world.stand_still()
        await anyio.lowlevel.checkpoint()
        self._take(message)
        self.world.point(f"after: {self.shown}")

    def _take(self, message: Message) -> None:
        if self._happens("refuses"):
            raise self.chance.choice((BrokerUnreachable, MessageRefused))(f"{self.shown} takes nothing")
        if self._happens("loses"):
            return
        unheard = self._happens("unheard")
        late = self.manners.latest if self._late(unheard) else 0.0
        for _ in range(3 if self._happens("doubles") else 1):
            self.coming.append((self.world.now + round(self.chance.uniform(0, late) * SECOND), message))
        self.arrive()
        if unheard:
            raise BrokerUnreachable(f"{self.shown} has confirmed nothing")

    def _late(self, unheard: bool) -> bool:
        return True

    def _happens(self, what: str) -> bool:
        if self.chance.random() >= getattr(self.manners, what):
            return False
        self.world.note(f"{self.shown} {what}")
        return True

    def arrive(self) -> None:
        """What is due comes, in any order."""
        due = [message for at, message in self.coming if at <= self.world.now]
        self.coming = [(at, message) for at, message in self.coming if at > self.world.now]
        self.chance.shuffle(due)
        for message in due:
            self._deliver(message)

    @abstractmethod
    def _deliver(self, message: Message) -> None: ...


@dataclass
class Queue(_Broker):
    """RabbitMQ and the cluster's consumer, who may die at any node, and is then told again."""

    shown: str = "the queue"

    def _deliver(self, message: Message) -> None:
        transaction_id = json.loads(message.body)["transaction_id"]
        for node in self.world.cluster.values():
            if self._happens("dies"):
                break
            if node.delete(transaction_id):
                self.world.note("undone by a message")
        else:
            if not self._happens("dies"):
                return
        self.coming.append((self.world.now + round(self.chance.uniform(0, self.manners.latest) * SECOND), message))


@dataclass
class Log(_Broker):
    """Kafka and all that it has kept; what it has confirmed is kept then, what it has not may still come."""

    shown: str = "the log"
    kept: list[dict[str, Any]] = field(default_factory=list)

    def _late(self, unheard: bool) -> bool:
        return unheard

    def _deliver(self, message: Message) -> None:
        self.kept.append(json.loads(message.body))

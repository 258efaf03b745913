"""Say what brokers are told of writes, and send it without ever holding up a write.

The tables are the truth: docs/decisions/0007-the-table-is-the-truth.md
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Protocol

from focus_assets.model.errors import BrokerError, BrokerUnreachable
from focus_assets.writeback.intent import Intent

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """JSON for whoever listens. `name` is the same at each repetition; what has one `key` stays in its order."""

    name: str
    key: str
    body: str
    transaction_id: str


class Sink(Protocol):
    """A broker that confirms what it has taken over."""

    @property
    def shown(self) -> str:
        """Which one, for people: no secret in it."""

    async def publish(self, message: Message) -> None:
        """Come back when the broker has confirmed it. Raises BrokerError: then it may have it, or not."""


@dataclass
class Post:
    """One pass's way to a sink: where that is found to be away, the pass goes on without it."""

    sink: Sink
    sent: int = 0
    away: bool = False
    problems: list[BrokerError] = field(default_factory=list)

    @property
    def problem(self) -> str:
        """Why it was not used to its end; empty where it was."""
        return str(self.problems[0]) if self.problems else ""

    async def send(self, message: Message) -> bool:
        """Whether the broker has confirmed it."""
        if self.away:
            return False
        try:
            await self.sink.publish(message)
        except BrokerError as error:
            if not self.problems:
                said = {"transaction_id": message.transaction_id, "reason": str(error)}
                _log.warning("%s has not taken a message, and the tables keep it", self.sink.shown, extra=said)
            self.problems.append(error)
            if isinstance(error, BrokerUnreachable):
                self.away = True
            return False
        self.sent += 1
        return True


def undo_of(intent: Intent) -> Message:
    """Tells the cluster to delete whatever group has the transaction id.

    Only of an intent that can never be DONE as a create any more: a create that failed and is recorded as such, or a
    deletion.
    """
    told = {"transaction_id": intent.target, "operation_id": intent.operation_id}
    return Message(intent.operation_id, intent.key, json.dumps(told), intent.target)

"""Say what an intent is: one write to all nodes of a cluster, or of a row to an API, and how far it has come there.

Moments are whole microseconds since 1970 in UTC.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """What is to be true in the end: every node has the group, or none has; a row's item is new, other, or gone."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class State(enum.StrEnum):
    """How far a write has come."""

    PENDING = "PENDING"
    """recorded; nothing was sent"""
    SENT = "SENT"
    """sent to the nodes, whose answers are not recorded yet"""
    DONE = "DONE"
    """every node has said so: the only state that a caller is told as a success"""
    UNKNOWN = "UNKNOWN"
    """a node may have applied it or not"""
    COMPENSATING = "COMPENSATING"
    """a create that failed, being undone at every node"""
    COMPENSATED = "COMPENSATED"
    """undone: no node has it, and none can get it any more; a row's: refused, and then wanted no more"""
    DEAD = "DEAD"
    """given up for a reason that repeating does not change; a person has to look, then it can be replayed"""


ENDED = frozenset({State.DONE, State.COMPENSATED, State.DEAD})


class Standing(enum.StrEnum):
    """What is known of one node."""

    IDLE = "idle"
    """nothing was sent there"""
    SENT = "sent"
    """a create was sent there: it may be applied until the longest life of a request has passed"""
    HELD = "held"
    """it has the group, and nothing on the way could change that"""
    CLEAR = "clear"
    """it does not have the group, and nothing on the way could change that"""


@dataclass(frozen=True, slots=True)
class Step:
    """One node's part: `sent_at` is the last moment at which a create left for it, `stuck` why it is given up there.

    Of a row: `call` is what was sent last, `sends` how often after something new was known, `doubted` whether an answer
    was lost since; `version` is that of the knowledge from which it was planned.
    """

    node: str
    standing: Standing = Standing.IDLE
    sent_at: int = 0
    identity: str = ""
    stuck: str = ""
    call: str = ""
    sends: int = 0
    doubted: bool = False
    version: int = 0

    @property
    def open(self) -> bool:
        """Whether the group may still be there, and something can be done about it."""
        return self.standing is not Standing.CLEAR and not self.stuck


@dataclass(frozen=True, slots=True)
class Intent:
    """One write. `target` is the transaction id of the group that it speaks of, which a create gives it.

    A row's has the name of its `entry` in the configuration; its key is the row's, its payload the body.
    It is due at `next_at` (None: it has ended), and whoever works on it has moved that away. `revision` counts its
    changes in the table, so that of two workers one is refused.
    """

    operation_id: str
    kind: Kind
    key: str
    target: str
    payload: str
    steps: tuple[Step, ...]
    created_at: int
    deadline: int
    next_at: int | None
    state: State = State.PENDING
    attempts: int = 0
    error: str = ""
    revision: int = 0
    entry: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will be done about it by itself."""
        return self.state in ENDED

    @property
    def open_steps(self) -> tuple[Step, ...]:
        """The nodes that may still have the group."""
        return tuple(step for step in self.steps if step.open)

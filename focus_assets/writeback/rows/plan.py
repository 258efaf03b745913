"""Decide what to send: compare the rows with what was sent last. Pure.

A key is left alone while an earlier write of it is not settled, and while nobody knows what the API has of it. What was
refused is not sent again as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from focus_assets.model.errors import DeletionsRefused, RepeatedKey
from focus_assets.model.verdict import SHRINK_RATIO, SHRINK_ROWS
from focus_assets.writeback.intent import Intent, Kind, Standing, State

NOTHING = ""  # the body of what is deleted


@dataclass(frozen=True, slots=True)
class OutgoingRow:
    """A row as it is sent: its key as JSON text, its body, and the body's fingerprint."""

    key: str
    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class SentRow:
    """What the API was sent last under a key: '' is not known, and before `waits_until` nobody can know.

    `version` counts the changes of this knowledge. A `suspect` is a body ('' a deletion) that was sent too late, where
    nobody knows whether the API took it: what is there may be of others.
    """

    hash: str
    version: int
    waits_until: int = 0
    suspect: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One write that is needed; `version` is that of the knowledge it rests on, 0 where there was none.

    One that `looks` reads the item first: a deletion's body then tells which item is ours.
    """

    kind: Kind
    key: str
    body: str
    version: int
    looks: bool = False


@dataclass
class SendPlan:
    """What is to be sent, and what is not: `waiting` for an earlier write, `dead` as it was refused as it is.

    `over` are dead intents that nobody wants any more; `forgotten` are keys of which nothing is left to know.
    """

    deletes: list[Change] = field(default_factory=list)
    updates: list[Change] = field(default_factory=list)
    creates: list[Change] = field(default_factory=list)
    unchanged: int = 0
    waiting: int = 0
    dead: int = 0
    over: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, int]:
        """How many are to be sent, and how many not, and why not."""
        return {
            "to_create": len(self.creates),
            "to_update": len(self.updates),
            "to_delete": len(self.deletes),
            "unchanged": self.unchanged,
            "waiting": self.waiting,
            "dead": self.dead,
        }

    @property
    def changes(self) -> list[Change]:
        """In the order in which they are sent: what is gone makes room first."""
        return [*self.deletes, *self.updates, *self.creates]


def plan_sending(
    rows: Iterable[OutgoingRow],
    sent: Mapping[str, SentRow],
    unsettled: Mapping[str, Intent],
    *,
    now: int,
    deletes: bool = True,
    accept_deletions: bool = False,
) -> SendPlan:
    """What to send of these rows; `unsettled` has, by key, the intents that are open or DEAD.

    Raises RepeatedKey, and DeletionsRefused where far more would be deleted than is usual.
    """
    plan, seen = SendPlan(), set[str]()
    for row in rows:
        if row.key in seen:
            raise RepeatedKey(row.key)
        seen.add(row.key)
        _place(plan, row, _Known(sent.get(row.key), unsettled.get(row.key), now))
    gone = [key for key in sent if key not in seen]
    for key in gone if deletes else ():
        _place_gone(plan, key, _Known(sent[key], unsettled.get(key), now))
    for key, intent in unsettled.items():
        if key not in seen and key not in sent:
            _leave(plan, intent)
    if not accept_deletions:
        _guard(before=len(sent), gone=len(plan.deletes))
    return plan


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one key: what it was sent last, and an earlier write that is open or DEAD."""

    sent: SentRow | None
    earlier: Intent | None
    now: int

    @property
    def must_wait(self) -> bool:
        """For the earlier write, or until nothing can be on its way."""
        is_open = self.earlier is not None and not self.earlier.ended
        return is_open or (self.sent is not None and self.now < self.sent.waits_until)

    def refused(self, body: str) -> bool:
        """Whether just this was tried, and is DEAD."""
        return self.earlier is not None and self.earlier.state is State.DEAD and self.earlier.payload == body

    @property
    def version(self) -> int:
        """Of what was sent last; 0 where that is nothing."""
        return self.sent.version if self.sent else 0


def _place(plan: SendPlan, row: OutgoingRow, known: _Known) -> None:
    if known.must_wait:
        plan.waiting += 1
    elif known.sent is not None and known.sent.hash == row.hash:
        plan.unchanged += 1
        plan.over += [known.earlier.operation_id] if known.earlier else []
    elif known.refused(row.body):
        plan.dead += 1
    elif known.sent is None or known.sent.suspect is not None:
        plan.creates.append(Change(Kind.CREATE, row.key, row.body, known.version, looks=known.sent is not None))
    else:
        plan.updates.append(Change(Kind.UPDATE, row.key, row.body, known.version))


def _place_gone(plan: SendPlan, key: str, known: _Known) -> None:
    suspect = known.sent.suspect if known.sent else None
    if known.must_wait:
        plan.waiting += 1
    elif suspect == NOTHING:
        plan.forgotten.append(key)
    elif known.refused(suspect or NOTHING):
        plan.dead += 1
    else:
        plan.deletes.append(Change(Kind.DELETE, key, suspect or NOTHING, known.version, looks=suspect is not None))


def _leave(plan: SendPlan, intent: Intent) -> None:
    """A row that was never sent for certain, and is gone: nobody wants it, unless nobody knows what is there."""
    if not intent.ended:
        plan.waiting += 1
    elif intent.steps[0].standing is Standing.SENT:
        plan.dead += 1
    else:
        plan.over.append(intent.operation_id)


def _guard(*, before: int, gone: int) -> None:
    if gone > max(before * SHRINK_RATIO, SHRINK_ROWS):
        raise DeletionsRefused(before=before, gone=gone)

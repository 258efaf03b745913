"""Judge a load before it is published: what may be claimed of it, or what to do instead."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from focus_assets.model.errors import Incomplete, LoadError, ShrinkRefused, Unsettled
from focus_assets.model.state import Bracket

SETTLING_ROUNDS = 3
SHRINK_RATIO = 0.20
SHRINK_ROWS = 100


class Verdict(enum.StrEnum):
    """What a load claims; nothing claims more than was checked."""

    PROVEN = "proven"
    """The content: a complete full diff while the server stood still."""
    COUNTED = "counted"
    """The number: both states and COUNT(*) agree."""
    MOVING = "moving"
    """The server changed all the while; the count lies between two states that it showed."""
    UNVERIFIED = "unverified"
    """The source has no total to compare with."""
    DIVERGED = "diverged"
    """The counts differ, and full diffs did not mend it today."""


class Digest(enum.StrEnum):
    """How the digest of our rows compares with the server's. Equal is a good sign, and no proof."""

    EQUAL = "equal"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Publish:
    """Commit, and say this."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Heal:
    """Roll back and compare everything by value."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConfirmShrink:
    """Roll back, wait, and hear the server a second time."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Roll back and publish nothing: the counts differ and today's heals are used up."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Roll back and fail by name."""

    error: LoadError


Decision = Publish | Heal | ConfirmShrink | GiveUp | Refuse


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known inside the transaction, before it commits.

    `rows` is COUNT(*) of the partition after the apply; `quarantined` the lines put aside; `rounds` how many
    settling deltas this run has fetched; `news` how many keys the last of them changed (None: none was fetched);
    `short` that it brought fewer lines than the server says that there are;
    `committed_rows` the last committed count, None on a first load; `removed` the rows that this load deletes;
    `digest` how our digest compares with the server's, `digest_before` how it did at the last load; `keeps` says that
    rows stay which the server no longer has; `staged` how many rows came, each key once.
    """

    bracket: Bracket
    rows: int
    full: bool
    quarantined: int = 0
    rounds: int = 0
    news: int | None = None
    short: bool = False
    committed_rows: int | None = None
    removed: int = 0
    accept_shrink: bool = False
    shrink_confirmed: bool = False
    heals_left: int = 0
    compare_total: bool = True
    digest: Digest | None = None
    digest_before: Digest | None = None
    keeps: bool = False
    staged: int = 0

    @property
    def held(self) -> int:
        """What stands against the server's total."""
        return self.rows + self.quarantined


def settles(bracket: Bracket, rounds: int) -> bool:
    """Whether to fetch what has changed meanwhile: the states differ, and rounds are left."""
    return bracket.countable and not bracket.agrees and rounds < SETTLING_ROUNDS


def closes(bracket: Bracket, *, full: bool, rounds: int) -> bool:
    """Whether a closing delta could prove a full load: the totals agree, but nothing says that the server rested."""
    return full and rounds == 0 and bracket.agrees and not bracket.quiet


def judge(evidence: Evidence) -> Decision:
    """Decide what becomes of a load: the count first, then the shrink guard."""
    decision = _judge_count(evidence)
    if isinstance(decision, Publish):
        return _guard_shrink(evidence) or decision
    return decision


def _judge_count(evidence: Evidence) -> Decision:
    bracket = evidence.bracket
    if _lacks_changes(evidence):
        return Heal("a feed brings fewer lines than the server says") if evidence.heals_left > 0 else GiveUp()
    if not evidence.compare_total or not bracket.countable:
        return Publish(Verdict.UNVERIFIED)
    if evidence.keeps:
        return _judge_keeping(evidence)
    if bracket.agrees:
        return _judge_agreeing(evidence)
    if bracket.spans(evidence.held):
        return Publish(Verdict.MOVING)
    return Refuse(Unsettled(held=evidence.held, totals=bracket.totals, rounds=evidence.rounds))


def _judge_keeping(evidence: Evidence) -> Decision:
    """There may be more rows than the server has, never fewer; only an equal number is worth the word `counted`."""
    bracket, least = evidence.bracket, min(evidence.bracket.totals)
    came = evidence.staged + evidence.quarantined if evidence.full else evidence.held
    if came >= least:
        equal = bracket.agrees and evidence.held == least
        return Publish(Verdict.COUNTED if equal else Verdict.UNVERIFIED)
    if evidence.full:
        return Refuse(Incomplete(held=came, total_items=least))
    return Heal(_falls_behind(evidence.held, least)) if evidence.heals_left > 0 else GiveUp()


def _falls_behind(held: int, total: int) -> str:
    return f"the mirror would hold {held:,} rows, the server says {total:,}"


def _judge_agreeing(evidence: Evidence) -> Decision:
    total = evidence.bracket.totals[1]
    if _hides_a_difference(evidence):
        return Heal("the counts agree, the digests no longer do")
    if evidence.held == total:
        return Publish(Verdict.PROVEN if _is_proof(evidence) else Verdict.COUNTED)
    if evidence.full:
        return Refuse(Incomplete(held=evidence.held, total_items=total))
    if evidence.heals_left > 0:
        return Heal(_falls_behind(evidence.held, total))
    return GiveUp()


def _lacks_changes(evidence: Evidence) -> bool:
    """A delta without some of its lines; only an equal digest says that nothing is missing in spite of it."""
    return evidence.short and not evidence.full and evidence.digest is not Digest.EQUAL


def _hides_a_difference(evidence: Evidence) -> bool:
    """Only a digest that once agreed can be compared: a server may write its timestamps in another way.

    Nor one from which rows are missing that were put aside: comparing everything would not bring them.
    """
    parted = evidence.digest_before is Digest.EQUAL and evidence.digest is Digest.DIFFERENT
    parted = parted and evidence.quarantined == 0
    return parted and not evidence.full and evidence.heals_left > 0 and evidence.held == evidence.bracket.totals[1]


def _is_proof(evidence: Evidence) -> bool:
    stood_still = evidence.bracket.quiet if evidence.rounds == 0 else evidence.news == 0
    complete = (
        evidence.full and not evidence.short and evidence.quarantined == 0 and evidence.digest is not Digest.DIFFERENT
    )
    return complete and stood_still


def _guard_shrink(evidence: Evidence) -> Decision | None:
    before = evidence.committed_rows
    if before is None or evidence.accept_shrink or not shrinks(before, evidence):
        return None
    if evidence.rows == 0 and before > SHRINK_ROWS:
        return Refuse(ShrinkRefused(before=before, after=0, reason="a table is emptied only on request"))
    if evidence.shrink_confirmed:
        return None
    return ConfirmShrink()


def shrinks(before: int, evidence: Evidence) -> bool:
    """A drop of more than max(20 %, 100 rows), in the count or by the `deleted` feed."""
    drop = max(before - evidence.rows, 0 if evidence.full else evidence.removed)
    return drop > max(before * SHRINK_RATIO, SHRINK_ROWS)

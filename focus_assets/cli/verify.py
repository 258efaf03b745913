"""Compare the mirror with the server, changing nothing: COUNT(*) with the total, and how old the last proof is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.text import Text

from focus_assets.audit import audit
from focus_assets.cli.call import Call, print_json
from focus_assets.cli.each import Answers, for_each, tell_errors
from focus_assets.cli.ending import FAILED, OK
from focus_assets.cli.records import Record, error_record, partition_record
from focus_assets.cli.selection import Wanted
from focus_assets.cli.tables import Column, Line, number, print_partitions
from focus_assets.fleet import Fleet
from focus_assets.model.audit import Audit
from focus_assets.model.errors import FocusError
from focus_assets.model.partition import PartitionRef
from focus_assets.model.plan import instant

COLUMNS = (
    Column("rows", number=True),
    Column("server total", "server", number=True),
    Column("difference", "diff", number=True),
    Column("count"),
    Column("last proof", "proof"),
    Column("age", number=True),
)
GOOD = ("equal", "kept", "no total")
STYLES = dict.fromkeys(GOOD, "green") | {"moving": "yellow"}


@dataclass(frozen=True, slots=True)
class Compared:
    """An audit, and whether its source's total may be compared at all."""

    audit: Audit
    comparable: bool

    @property
    def says(self) -> str:
        """What the counts say, in two words."""
        if self.audit.rows is None:
            return "no mirror"
        if not self.comparable or self.audit.difference is None:
            return "no total"
        if self.audit.moving:
            return "moving"
        if self.audit.more:
            return "kept"
        return "equal" if self.audit.agrees else "different"

    @property
    def proven_at(self) -> str | None:
        """The server's clock at the start of the last full diff that proved the content."""
        return self.audit.entry.proven_at if self.audit.entry else None

    def age(self, now: datetime) -> timedelta | None:
        """How long ago that was, by our clock."""
        return now - instant(self.proven_at) if self.proven_at else None


def verify(call: Call, wanted: Wanted, *, as_json: bool) -> int:
    """Exit code 1 where a count differs, or could not be compared."""
    answers = for_each(call, wanted, _compare)
    now = datetime.now(UTC)
    if as_json:
        for ref, answer in answers.found:
            print_json(verify_record(ref, answer, now))
    else:
        _print(call, answers, now)
    tell_errors(call, answers.errors)
    bad = answers.errors or any(compared.says not in GOOD for compared in answers.good)
    return FAILED if bad else OK


async def _compare(fleet: Fleet, ref: PartitionRef) -> Compared:
    source = fleet.sources[ref.source]
    return Compared(await audit(source, fleet.database, ref), source.terms(ref.resource).compare_total)


def _print(call: Call, answers: Answers[Compared], now: datetime) -> None:
    if answers.good:
        print_partitions(call.out, COLUMNS, [Line(one.audit.ref, _cells(one, now)) for one in answers.good])


def _cells(compared: Compared, now: datetime) -> tuple[str | Text, ...]:
    found = compared.audit
    difference = "–" if found.difference is None or not compared.comparable else f"{found.difference:+,}"
    return (
        number(found.rows),
        number(found.total_items),
        "0" if difference == "+0" else difference,
        Text(compared.says, style=STYLES.get(compared.says, "bold red")),
        f"{compared.proven_at[:16].replace('T', ' ')}Z" if compared.proven_at else "never",
        in_words(compared.age(now)),
    )


def in_words(age: timedelta | None) -> str:
    """How long, to one unit.

    >>> in_words(timedelta(minutes=90))
    '1 h'
    """
    if age is None:
        return "–"
    seconds = max(0, int(age.total_seconds()))
    units = ((86400, "d"), (3600, "h"), (60, "min"))
    return next((f"{seconds // size} {unit}" for size, unit in units if seconds >= size), f"{seconds} s")


def verify_record(ref: PartitionRef, answer: Compared | FocusError, now: datetime) -> Record:
    """`agrees` is null where there is nothing to compare with."""
    if isinstance(answer, FocusError):
        nothing = dict.fromkeys((*_FIELDS, "proof_age_seconds"))
        return {**partition_record(ref), **nothing, "error": error_record(answer)}
    found, age = answer.audit, answer.age(now)
    values = (
        found.rows,
        found.quarantined,
        found.total_items,
        found.difference if answer.comparable else None,
        None if answer.says == "no total" else answer.says in ("equal", "kept"),
        found.moving,
        answer.proven_at,
    )
    named = dict(zip(_FIELDS, values, strict=True))
    seconds = None if age is None else round(age.total_seconds(), 1)
    return {**partition_record(ref), **named, "proof_age_seconds": seconds, "error": None}


_FIELDS = ("rows", "quarantined", "total_items", "difference", "agrees", "moving", "proven_at")

"""A server's timestamp is in the ledger as the server wrote it, and nothing is asked from later than it says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.load.ledger import claim, entries
from focus_assets.model.errors import BadValue
from focus_assets.model.feed import Batch, Block, Feed, Row
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.stamps import since
from focus_assets.model.verdict import Verdict
from focus_assets.sources.rows import RowDecoder
from focus_assets_tests.contract.loading import Loading, column
from focus_assets_tests.effort import effort

TIMESTAMPS = effort(1_000, 100_000)
STAMPED = ResourceSchema("stamped", (column("id", "string"), column("updated_at", "time")), ("id",), ("updated_at",))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Written:
    """A timestamp as a server writes it, and the nanosecond since 1970 that it means, by another reckoning."""

    wire: str
    nanos: int


def timestamps(count: int) -> Iterator[Written]:
    """Zero to nine digits, with `Z`, an offset or neither, a `T` or a space, of two centuries."""
    chance = random.Random(1)
    for number in range(count):
        second = EPOCH + timedelta(seconds=chance.randrange(-(10**9), 5 * 10**9))
        digits = "".join(chance.choice("0123456789") for _ in range(number % 10))
        if number % 3 == 0:
            digits = digits[:6] + "0" * len(digits[6:])  # what a database can hold
        shift = chance.choice([0, 0, 60, -60, 120, 330, -210, 345, 14 * 60, -12 * 60])
        local = second + timedelta(minutes=shift)
        fraction, between = f".{digits}" if digits else "", chance.choice("T ")
        wire = f"{local:%Y-%m-%d}{between}{local:%H:%M:%S}{fraction}{_zone(shift, chance)}"
        yield Written(wire, (second - EPOCH) // timedelta(seconds=1) * 10**9 + int(digits.ljust(9, "0")))


def _zone(shift: int, chance: random.Random) -> str:
    if not shift:
        return chance.choice(["Z", "", "+00:00", "-00:00", "+00"])
    hours, minutes = divmod(abs(shift), 60)
    return f"{'-' if shift < 0 else '+'}{hours:02}{chance.choice([':', ''])}{minutes:02}"


def asked(text: str) -> int:
    """The nanosecond that a delta is asked from."""
    return (datetime.fromisoformat(text + "+00:00") - EPOCH) // MICRO * 1000


def test_watermarks_are_verbatim_in_the_ledger_and_never_rounded_up(database: Database) -> None:
    Loading(database)
    written = list(timestamps(TIMESTAMPS))
    with database.writing("write the ledger") as connection:
        for number, one in enumerate(written):
            _claim(connection, str(number), one.wire)
    found = {int(ref.partition): entry.watermark for ref, entry in entries(database).items()}
    assert found == {number: one.wire for number, one in enumerate(written)}
    for one, watermark in zip(written, (found[number] for number in range(TIMESTAMPS)), strict=True):
        assert watermark is not None
        assert 0 <= one.nanos - asked(since(watermark, 0)) < 1000, one
        assert asked(since(watermark, 300)) == asked(since(watermark, 0)) - 300 * 10**9, one


def _claim(connection: sa.Connection, partition: str, watermark: str) -> None:
    blank = {"schema": "{}", "schema_hash": "", "key_hash": "", "config_hash": ""}
    entry = LedgerEntry(
        generation=1, rows=0, verdict=Verdict.UNVERIFIED, load="full", watermark=watermark, as_of=watermark, **blank
    )
    claim(connection, PartitionRef("shop", "retail", "stamped", partition), entry)


def test_rows_keep_the_very_microsecond_or_are_refused(database: Database) -> None:
    given = Loading(database, PartitionRef("shop", "retail", "stamped", "DE"), STAMPED)
    kept: dict[str, int] = {}
    rows: list[Row] = []
    for number, one in enumerate(timestamps(TIMESTAMPS)):
        batch = _decoded(str(number), one.wire)
        assert (batch is None) == (one.nanos % 1000 != 0), one
        if batch is not None:
            assert batch.newest is not None
            assert (batch.newest.wire, batch.newest.micros) == (one.wire, one.nanos // 1000), one
            rows += batch.rows
            kept[str(number)] = one.nanos // 1000
    assert len(kept) > TIMESTAMPS // 3
    given.full(rows)
    assert _stored(given) == kept


def _decoded(key: str, wire: str) -> Batch | None:
    try:
        line = f'{{"id":"{key}","updated_at":"{wire}"}}\n'.encode()
        return RowDecoder(STAMPED, Feed.FULL).decode(Block(line, 1, 0))
    except BadValue:
        return None


def _stored(given: Loading) -> dict[str, int]:
    table = given.target.table
    query = sa.select(table.c.id, table.c.updated_at)
    with given.database.reading("read the times") as connection:
        found = connection.exec_driver_sql(str(query.compile(dialect=connection.dialect))).all()
    return {key: _micros(value) for key, value in found}


def _micros(value: object) -> int:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICRO  # what has no zone is in UTC

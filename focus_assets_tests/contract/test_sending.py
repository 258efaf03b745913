"""Rows are sent alike from every database, and each remembers what it sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
import sqlalchemy as sa

from focus_assets.config import Sending
from focus_assets.database.open import Database
from focus_assets.model.errors import BadValue, InvalidConfiguration
from focus_assets.model.feed import Block, Feed
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.sources.rows import RowDecoder
from focus_assets.writeback import intents
from focus_assets.writeback.intent import Intent, Kind, Standing, State, Step
from focus_assets.writeback.rows import sent
from focus_assets.writeback.rows.confirm import confirmed_rows
from focus_assets.writeback.rows.outgoing import outgoing, selection_of
from focus_assets.writeback.rows.send import Sender, drain_rows, send
from focus_assets.writeback.rows.settle import Answer, Applied, Call, Found, Lost, Missing, Rules
from focus_assets.writeback.saga import SECOND, Terms
from focus_assets_tests.contract.loading import Loading, column

TYPES = {
    "id": "int64",
    "place": "string",
    "price": "decimal(18,4)",
    "ratio": "float64",
    "ok": "bool",
    "at": "time",
    "day": "date",
    "ref": "uuid",
    "raw": "bytes",
    "tags": "[]string",
    "more": "json",
}
SCHEMA = ResourceSchema("wares", tuple(column(*pair) for pair in TYPES.items()), ("place", "id"))
LINE = (
    '{"id":9007199254740993,"place":"Ålesund \'7\'","price":12345678901234.5600,"ratio":0.1,"ok":true,'
    '"at":"2025-07-01T18:01:00.827904+02:00","day":"2025-07-01","ref":"123E4567-e89b-12d3-a456-426614174000",'
    '"raw":"AAH/","tags":["a","b, c"],"more":{"n":[1,2.50],"s":"x"}}'
)
BODY = (
    '{"id":9007199254740993,"place":"Ålesund \'7\'","price":12345678901234.5600,"ratio":0.1,"ok":true,'
    '"at":"2025-07-01T16:01:00.827904Z","day":"2025-07-01","ref":"123e4567-e89b-12d3-a456-426614174000",'
    '"raw":"AAH/","tags":["a","b, c"],"more":{"n":[1,2.50],"s":"x"}}'
)
NOTHING = json.dumps({"id": 2, "place": "-", **dict.fromkeys(list(TYPES)[2:])})
ENTRY = Sending(resource="shop/wares", key=("place", "id"), source="shop", path="wares")


@dataclass
class Api:
    """Holds bodies by key; `loses` of the next writes are applied, and not answered."""

    held: dict[tuple[str, ...], str] = field(default_factory=dict)
    loses: int = 0

    async def ask(self, call: Call, key: tuple[str, ...], body: str, idempotency_key: str) -> Answer:
        """One request."""
        del idempotency_key
        if call is Call.LOOK:
            return Found(same=self.held[key] == body) if key in self.held else Missing()
        if call is Call.DELETE:
            self.held.pop(key, None)
        else:
            self.held[key] = body
        self.loses -= 1
        return Lost("no answer") if self.loses >= 0 else Applied()


@pytest.fixture
def loading(database: Database) -> Loading:
    """Two rows: one with a value in each column, one with none but its key."""
    found = Loading(database, PartitionRef("shop", "retail", "wares", ""), SCHEMA)
    found.full(_rows(LINE, NOTHING))
    return found


@pytest.fixture
def times() -> Iterator[int]:
    """A clock that nobody else moves."""
    return count(1_750_000_000 * SECOND, 200 * SECOND)


def _rows(*lines: str) -> list[tuple[object, ...]]:
    text = "".join(f"{line}\n" for line in lines).encode()
    return [*RowDecoder(SCHEMA, Feed.FULL).decode(Block(text, 1, 0)).rows]


def bodies(database: Database, entry: Sending = ENTRY) -> dict[str, str]:
    """The bodies by key."""
    with database.reading("read what is to be sent") as connection:
        return {row.key: row.body for row in outgoing(connection, selection_of("wares", entry, database))}


def exact(body: str) -> object:
    """Numbers as they are spelled, without zeros at the end of a fraction."""
    return json.loads(body, parse_float=lambda text: text.rstrip("0"), parse_int=str)


def test_each_type_is_sent_as_it_came(loading: Loading) -> None:
    found = bodies(loading.database)
    assert sorted(found) == ['["-","2"]', '["Ålesund \'7\'","9007199254740993"]']
    assert exact(found['["Ålesund \'7\'","9007199254740993"]']) == exact(BODY)
    assert json.loads(found['["-","2"]']) == json.loads(NOTHING)


def test_only_the_columns_that_are_named_are_sent(loading: Loading) -> None:
    found = bodies(loading.database, ENTRY.model_copy(update={"columns": ("id", "place", "ok")}))
    assert json.loads(found['["-","2"]']) == {"id": 2, "place": "-", "ok": None}


def test_a_resource_that_was_never_loaded_is_named(database: Database) -> None:
    with pytest.raises(InvalidConfiguration, match=r"writes\.wares: shop/wares was never loaded: `focus sync` does"):
        bodies(database)


def test_a_column_that_is_not_there_is_named(loading: Loading) -> None:
    with pytest.raises(InvalidConfiguration, match="shop/wares has no column 'nothing'"):
        bodies(loading.database, ENTRY.model_copy(update={"columns": ("id", "place", "nothing")}))


def test_a_key_that_no_database_could_keep_is_refused(database: Database) -> None:
    entry = ENTRY.model_copy(update={"resource": None, "query": f"SELECT '{'x' * 400}' AS place, 1 AS id"})
    with pytest.raises(BadValue, match="a key may have 384 characters"):
        bodies(database, entry)


async def test_what_was_sent_is_remembered_and_lost_answers_are_settled(loading: Loading, times: Iterator[int]) -> None:
    database, api = loading.database, Api(loses=1)
    sender = Sender("wares", database, api, Rules(Terms(lifetime=100)), at_once=1, now=lambda: next(times))
    selection = selection_of("wares", ENTRY, database)
    first = await send(sender, selection)
    assert (first.done, first.open) == ({Kind.CREATE: 1}, {State.UNKNOWN: 1})
    assert (await drain_rows(sender)).states == {State.DONE: 1}
    assert set(api.held.values()) == set(bodies(database).values())
    assert (await send(sender, selection)).plan.unchanged == 2
    loading.full(_rows(LINE.replace('"ok":true', '"ok":false')))
    assert (await send(sender, selection)).done == {Kind.UPDATE: 1, Kind.DELETE: 1}
    assert list(api.held.values()) == list(bodies(database).values())
    with database.reading("look") as connection:
        rows = connection.execute(sa.select(sent.SENT.c.row_key, sent.SENT.c.version)).all()
    assert [tuple(row) for row in rows] == [('["Ålesund \'7\'","9007199254740993"]', 2)]
    assert intents.counts(database)[State.DONE] == 4


@pytest.mark.parametrize("key", ["place", "id"])
async def test_what_the_mirror_shows_again_is_confirmed(loading: Loading, times: Iterator[int], key: str) -> None:
    database, api = loading.database, Api()
    entry = ENTRY.model_copy(update={"key": (key,), "read_back": "shop/wares"})
    sender = Sender("wares", database, api, now=lambda: next(times))
    await send(sender, selection_of("wares", entry, database))
    done = intents.find(database, entry="wares")
    assert len(done) == 2
    assert confirmed_rows(entry, database, done) == {intent.operation_id for intent in done}
    loading.full(_rows(NOTHING))
    left = [intent.operation_id for intent in done if json.loads(intent.payload)["id"] == 2]
    assert confirmed_rows(entry, database, done) == set(left)


def test_what_is_being_settled_waits_for_nobody_who_came_later(database: Database) -> None:
    sent.ensure(database)
    step = Step("wares", Standing.HELD, version=3)
    times = {"created_at": 0, "deadline": 0, "next_at": None}
    ended = Intent("op", Kind.UPDATE, "[1]", "op", "{}", (step,), state=State.DEAD, entry="wares", **times)
    rivals = not database.dialect.single_writer
    with database.writing("remember one") as connection:
        connection.execute(sa.insert(sent.SENT).values(entry="wares", row_key="[1]", payload_hash="", version=3))
    with database.writing("settle it") as first:
        sent.settle(first, ended, 0, many_writers=rivals)
        if rivals:
            with database.connection("take it meanwhile") as other, pytest.raises(sa.exc.DBAPIError):
                other.execute(sa.select(sent.SENT.c.version).with_for_update(nowait=True))
    assert sent.count_sent(database, "wares") == 1

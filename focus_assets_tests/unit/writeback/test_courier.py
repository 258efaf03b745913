"""The gateway's courier takes no time of a caller, whatever the broker does."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.model.errors import BrokerUnreachable
from focus_assets.writeback.courier import AWAY_SECONDS, courier
from focus_assets.writeback.intent import Intent, Kind, State
from focus_assets.writeback.saga import SECOND
from focus_assets.writeback.sinks import Message
from focus_assets.writeback.writes import Writer

PATIENCE = 90.0


@dataclass
class Told:
    """A broker that does with each message what the next one in the list says: an error, or (None) its work."""

    manners: list[Exception | None] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    shown: str = "a broker"
    asked: int = 0
    more: anyio.Event = field(default_factory=anyio.Event)

    async def publish(self, message: Message) -> None:
        self.asked += 1
        self.more.set()
        if (error := self.manners.pop(0) if self.manners else None) is not None:
            raise error
        self.names.append(message.name)

    async def again(self) -> None:
        """Until it was asked once more."""
        with anyio.fail_after(PATIENCE):
            await self.more.wait()
        self.more = anyio.Event()


class Stuck(Told):
    async def publish(self, message: Message) -> None:
        await super().publish(message)
        await anyio.sleep_forever()


class Clock:
    now = 0


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    """Nothing of its database or cluster is used."""
    Clock.now = 0
    database = Database(Destination(url=SecretStr(f"sqlite:///{tmp_path / 'unused.db'}")))
    return Writer(database, None, now=lambda: Clock.now)  # type: ignore[arg-type]


def failed(name: str, state: State = State.UNKNOWN) -> Intent:
    return Intent(name, Kind.CREATE, name, name, "", (), 0, 0, 0, state)


async def test_a_broker_that_never_comes_back_holds_up_nobody_and_is_left_at_the_end(writer: Writer) -> None:
    stuck = Stuck()
    with anyio.fail_after(PATIENCE):
        async with courier(dataclasses.replace(writer, undos=stuck)) as tell:
            for number in range(3000):  # more than are kept: the rest is the drain's
                tell(failed(str(number)))
            await stuck.again()
    assert stuck.asked == 1


async def test_a_broker_that_is_away_is_left_alone_for_a_while(writer: Writer) -> None:
    told = Told([BrokerUnreachable("it is away")])
    async with courier(dataclasses.replace(writer, undos=told)) as tell:
        tell(failed("one"))
        await told.again()
        tell(failed("two"))
        await anyio.wait_all_tasks_blocked()
        Clock.now = AWAY_SECONDS * SECOND
        tell(failed("three"))
        await told.again()
    assert (told.asked, told.names) == (2, ["three"])


async def test_what_nobody_has_thought_of_is_logged_and_ends_nothing(
    writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told([RuntimeError("a bug")])
    with caplog.at_level(logging.ERROR):
        async with courier(dataclasses.replace(writer, undos=told)) as tell:
            tell(failed("one"))
            await told.again()
            tell(failed("two"))
            await told.again()
    assert told.names == ["two"]
    assert [record.__dict__["transaction_id"] for record in caplog.records] == ["one"]


async def test_what_has_ended_is_told_to_nobody(writer: Writer) -> None:
    told = Told()
    async with courier(dataclasses.replace(writer, undos=told)) as tell:
        for state in (State.DONE, State.COMPENSATED, State.DEAD):
            tell(failed(state, state))
        await anyio.wait_all_tasks_blocked()
    assert told.asked == 0
    async with courier(writer) as tell:
        tell(failed("nobody listens"))

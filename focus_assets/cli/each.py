"""Do something with every wanted partition; what fails for one is told beside what succeeded for the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import anyio

from focus_assets.cli.call import Call
from focus_assets.cli.ending import sentence
from focus_assets.cli.selection import Wanted, select
from focus_assets.cli.tables import sentences
from focus_assets.fleet import Fleet, open_fleet
from focus_assets.model.errors import FocusError
from focus_assets.model.partition import PartitionRef

T = TypeVar("T")
Work = Callable[[Fleet, PartitionRef], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Answers(Generic[T]):
    """What was found for each partition, and what could not be: of partitions, and of whole sources."""

    found: Sequence[tuple[PartitionRef, T | FocusError]]
    sources: dict[str, FocusError]

    @property
    def good(self) -> list[T]:
        """What was found."""
        return [answer for _, answer in self.found if not isinstance(answer, FocusError)]

    @property
    def errors(self) -> list[tuple[str, FocusError]]:
        """What could not be, and whose it is."""
        partitions = [(str(ref), answer) for ref, answer in self.found if isinstance(answer, FocusError)]
        return [*partitions, *self.sources.items()]


def for_each(call: Call, wanted: Wanted, work: Work[T]) -> Answers[T]:
    """Open the fleet, choose the partitions, work on so many at a time."""
    return anyio.run(partial(_for_each, call, wanted, work))


async def _for_each(call: Call, wanted: Wanted, work: Work[T]) -> Answers[T]:
    async def one(ref: PartitionRef) -> T | FocusError:
        try:
            return await work(fleet, ref)
        except FocusError as error:
            return error

    async with open_fleet(call.config) as fleet:
        selection = await select(fleet, wanted)
        answers = await fleet.each(selection.refs, one)
    return Answers(list(zip(selection.refs, answers, strict=True)), selection.failed)


def tell_errors(call: Call, errors: Sequence[tuple[str, Exception]]) -> None:
    """One sentence each, on stderr."""
    sentences(call.err, ((who, sentence(error)) for who, error in errors), style="red")

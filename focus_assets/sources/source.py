"""Say what a source promises: its schema, its state, everything it has, and what has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from focus_assets.model.feed import Batch, Block, Feed
from focus_assets.model.marks import Marks
from focus_assets.model.mode import Mode
from focus_assets.model.partition import PartitionRef
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.state import State

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a resource wants to be mirrored; the knobs of its entry in the configuration.

    Up to `digest_rows` rows of a partition are digested after a load where the server gives a digest.
    """

    overlap_seconds: float = 300
    full_every: timedelta | None = None
    heals_per_day: int = 3
    compare_total: bool = True
    quarantine: bool = False
    has_deltas: bool = True
    digest_rows: int = 200_000
    mode: Mode = Mode.MIRROR
    marks: Marks = Marks.TIMES


class Decoder(Protocol):
    """Blocks in, typed rows out."""

    @property
    def ignored(self) -> frozenset[str]:
        """The attributes that lines had and the schema lacks, so far."""

    def decode(self, block: Block) -> Batch:
        """Raises RowError, or BodyError where it is no line of this feed at all."""


class Lines(Protocol):
    """The blocks of one feed."""

    @property
    def server_time(self) -> datetime | None:
        """The server's clock when it answered; None where it does not tell."""

    @property
    def total_lines(self) -> int | None:
        """How many lines the server says that it sends; None where it does not tell."""

    def __aiter__(self) -> AsyncIterator[Block]: ...


class Source(Protocol):
    """One API, as the mirror sees it; every method raises ApiError."""

    @property
    def name(self) -> str:
        """The name of its entry in the configuration."""

    @property
    def service(self) -> str:
        """The business service, or what stands for one: the database schema of its tables."""

    def terms(self, resource: str) -> Terms:
        """How a resource wants to be mirrored."""

    async def resources(self) -> list[str]:
        """The names of its resources."""

    def scope(self, ref: PartitionRef) -> str:
        """What a partition's rows are taken from; when it changes, the mirror is compared as a whole."""

    async def schemas(self, *, fresh: bool = False) -> dict[str, ResourceSchema]:
        """Every resource's schema by name; `fresh` asks the server even if it was asked a moment ago."""

    async def schema(self, resource: str, *, fresh: bool = False) -> ResourceSchema:
        """One resource's schema; raises UnknownResource besides."""

    async def state(self, ref: PartitionRef, since: str | None) -> State:
        """What the server says of a partition now."""

    def stream(self, ref: PartitionRef, feed: Feed, since: str | None) -> AbstractAsyncContextManager[Lines]:
        """One attempt at one feed; it ends without an error only when the body was whole."""

    def decoder(
        self, ref: PartitionRef, schema: ResourceSchema, feed: Feed, *, not_beyond: int | None, packed: bool = False
    ) -> Decoder:
        """Turns the blocks of a feed into rows; change times beyond `not_beyond` (µs) are not a watermark.

        With `packed` the rows of a batch may be PackedRows.
        """

    async def repeat(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Do it again while its errors are repeatable and the budget lasts."""

"""Cut a full load's answer at every byte: what is not whole is refused, by the wire or by the count.

python -m focus_assets_tests.integration.truncation.truncations --all
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from pydantic import SecretStr

from focus_assets.config import Config, Destination, ExchangeSource, NoAuth
from focus_assets.database.open import Database
from focus_assets.fetch import Batches, Order, fetch
from focus_assets.load.ledger import entries
from focus_assets.mirror import mirror
from focus_assets.model.errors import ApiError, Incomplete
from focus_assets.model.feed import Feed, Row
from focus_assets.model.ledger import LedgerEntry
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef
from focus_assets.model.wish import Wish
from focus_assets.sources.open import open_source
from focus_assets.sources.source import Source
from focus_assets_tests.integration.client.sockets import head, serving
from focus_assets_tests.integration.truncation.cuts import Body, Cut, Framing, every_cut, lines_of, some_cuts

SIZE = 4096
REF = PartitionRef("shop", "retail", "things", "DE")
_SCHEMA = (
    b'{"resources":{"things":{"attributes":[{"id":{"primary_key":true,"foreign_key":null,"type":"string"}},'
    b'{"name":{"primary_key":false,"foreign_key":null,"type":"string"}},'
    b'{"amount":{"primary_key":false,"foreign_key":null,"type":"int64"}},'
    b'{"updated_at":{"primary_key":false,"foreign_key":null,"type":"time"}}]}}}'
)


@dataclass
class Server:
    """Says what the protocol alone says, and `cut` for a full load."""

    lines: bytes
    cut: Cut

    def script(self, request: bytes) -> Iterable[bytes]:
        path = request.split(b" ", 2)[1].partition(b"?")[0]
        if path.endswith(b"/full/lines"):
            return self.cut.answer()
        if path.endswith(b"/schema"):
            return _whole(_SCHEMA)
        if path.endswith(b"/state"):
            return _whole(b'{"total_items":%d}' % self.lines.count(b"\n"))
        return _whole(b"")


def _whole(body: bytes) -> Iterable[bytes]:
    return head(content_length=len(body), date="Tue, 01 Jul 2025 17:00:00 GMT"), body


@dataclass
class Result:
    """What became of the cuts of one framing and encoding."""

    cuts: int = 0
    wire: Counter[str] = field(default_factory=Counter)
    count: int = 0
    whole: int = 0
    wrong: list[str] = field(default_factory=list)


class Trial:
    """One server, one source over its socket, one database with an earlier load in it."""

    def __init__(self, server: Server, source: Source, database: Database, whole: Sequence[Row]) -> None:
        self.server, self.source, self.database, self.whole = server, source, database, whole
        self.results: dict[tuple[Framing, bool], Result] = {
            (framing, gzipped): Result() for gzipped in (False, True) for framing in Framing
        }
        self.entry: LedgerEntry | None = None
        self.driven = 0

    async def load(self, cut: Cut) -> Outcome:
        """The real mirror, told to compare everything."""
        self.server.cut = cut
        return await mirror(self.source, self.database, REF, wish=Wish(full=True))

    async def begin(self, first: Cut) -> None:
        """An earlier load, which every cut has to leave as it is."""
        outcome = await self.load(first)
        assert outcome.error is None, outcome.error
        self.entry = entries(self.database)[REF]

    async def judge(self, cut: Cut, *, drive: bool) -> None:
        """Who refuses this cut: the wire, or the count; `drive` asks the mirror even where the wire has."""
        result = self.results[cut.framing, cut.body.gzipped]
        result.cuts += 1
        self.server.cut = cut
        rows, error = await self._fetched()
        whole = list(rows) == list(self.whole)
        if error is not None:
            result.wire[type(error).__name__] += 1
        elif whole:
            result.whole += 1
        if (error is None and not whole) or drive:
            await self._drive(cut, result, error=error, whole=whole)

    async def _fetched(self) -> tuple[Sequence[Row], ApiError | None]:
        rows: list[Row] = []
        schema = (await self.source.schemas())["things"]
        order = Order(source=self.source, ref=REF, schema=schema, feeds=(Feed.FULL,))

        def write(batches: Batches) -> int:
            for batch in batches:
                rows.extend(batch)
            return len(rows)

        try:
            await fetch(order, write)
        except ApiError as error:
            return rows, error
        return rows, None

    async def _drive(self, cut: Cut, result: Result, *, error: ApiError | None, whole: bool) -> None:
        outcome = await self.load(cut)
        self.driven += 1
        now = entries(self.database)[REF]
        refused = isinstance(outcome.error, Incomplete if error is None else type(error))
        if error is None and whole:
            good = outcome.error is None
            self.entry = now
        else:
            good = refused and now == self.entry
            result.count += error is None
        if not good:
            result.wrong.append(f"{cut}: {outcome.error!r}, {outcome.verdict}")


@asynccontextmanager
async def trial(lines: bytes, folder: Path) -> AsyncIterator[Trial]:
    """Everything opened as the product opens it."""
    whole = Cut(Body(lines, gzipped=False), Framing.LENGTH, len(lines))
    server = Server(lines, whole)
    database = Database(Destination(url=SecretStr(f"sqlite:///{folder / 'mirror.db'}")))
    async with serving(server.script) as url:
        config = _config(url, folder)
        async with open_source("shop", config) as source:
            found = Trial(server, source, database, ())
            await found.begin(whole)
            found.whole, error = await found._fetched()
            assert error is None
            yield found


def _config(url: str, folder: Path) -> Config:
    given: dict[str, Any] = {
        "kind": "exchange",
        "base_url": url,
        "business_service": "retail",
        "auth": NoAuth(kind="none"),
        "countries": ("DE",),
        "retry": {"attempts": 1},
    }
    return Config(sources={"shop": ExchangeSource(**given)}, destination=Destination(), home=folder)


async def truncate(cuts: Sequence[Cut], lines: bytes, folder: Path, *, drive_every: int) -> Trial:
    """All these cuts; the mirror is driven wherever the wire is silent, and every so many cuts besides."""
    async with trial(lines, folder) as found:
        for number, cut in enumerate(cuts):
            await found.judge(cut, drive=number % drive_every == 0)
        return found


def table(found: Trial) -> str:
    """What is published of it."""
    lines = [f"{'framing':18}{'encoding':10}{'cuts':>8}{'wire':>8}{'count':>8}{'whole':>8}{'accepted':>10}"]
    for (framing, gzipped), row in found.results.items():
        name = f"{framing.value:18}{'gzip' if gzipped else 'identity':10}"
        lines.append(f"{name}{row.cuts:>8,}{row.wire.total():>8,}{row.count:>8,}{row.whole:>8,}{len(row.wrong):>10}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=2000)
    parser.add_argument("--all", action="store_true", help="every byte of every framing and encoding")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    lines = lines_of(SIZE, seed=given.seed)
    cuts = list(every_cut(lines))
    chosen = cuts if given.all else some_cuts(cuts, given.cuts)
    with tempfile.TemporaryDirectory(prefix="focus-cuts-") as folder:
        found = anyio.run(lambda: truncate(chosen, lines, Path(folder), drive_every=40))
    wrong = [text for row in found.results.values() for text in row.wrong]
    sys.stderr.write("".join(f"{text}\n" for text in wrong))
    done = f"{len(chosen):,} cuts, {found.driven:,} of them through the mirror, {len(wrong)} accepted wrongly"
    sys.stdout.write(f"{table(found)}\n{done}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

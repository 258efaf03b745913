"""Read rows and ledger while loads go on: every read is exactly one committed pair.

python -m focus_assets_tests.crash.readers --reads 20000
python -m focus_assets_tests.crash.readers --reads 20000 --postgres embedded
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import select
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from focus_assets.model.wish import Wish
from focus_assets_tests.crash.children import forked, start
from focus_assets_tests.crash.kills import opened
from focus_assets_tests.crash.places import Place
from focus_assets_tests.crash.stories import PLAIN_TEXT, CountedScene

_ROWS = 60
_LINES = "id || '|' || name || '|' || amount"
_ONE = {
    "sqlite": f"""SELECT l.generation, l."rows", (SELECT group_concat(line, ';') FROM
        (SELECT {_LINES} AS line FROM retail__things ORDER BY id)) FROM _focus_ledger l""",
    "postgresql": f"""SELECT l.generation, l."rows", (SELECT string_agg({_LINES}, ';' ORDER BY id COLLATE "C")
        FROM retail.things) FROM _focus_ledger l""",
}
_TWO = {
    "sqlite": ('SELECT generation, "rows" FROM _focus_ledger', f"SELECT {_LINES} FROM retail__things ORDER BY id"),
    "postgresql": (
        'SELECT generation, "rows" FROM _focus_ledger',
        f'SELECT {_LINES} FROM retail.things ORDER BY id COLLATE "C"',
    ),
}
Execute = Callable[[str], list[Any]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A ledger and the rows beside it: its generation and its count, the rows that were read and their digest."""

    generation: int
    said: int
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reader saw, how often, and how often a later read showed an earlier generation."""

    how: str
    pairs: Counter[Pair]
    backwards: int

    @property
    def reads(self) -> int:
        return self.pairs.total()


def pair(generation: int, said: int, lines: Iterable[str]) -> Pair:
    """From the rows in the order of their keys."""
    found = list(lines)
    return Pair(generation, said, len(found), hashlib.sha256(";".join(found).encode()).hexdigest()[:16])


def in_one_statement(execute: Execute, dialect: str) -> Pair:
    ((generation, said, lines),) = execute(_ONE[dialect])
    return pair(generation, said, (lines or "").split(";") if lines else [])


def in_one_transaction(execute: Execute, dialect: str) -> Pair:
    execute("BEGIN" if dialect == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ")
    found = in_two_statements(execute, dialect)
    execute("COMMIT")
    return found


def in_two_statements(execute: Execute, dialect: str) -> Pair:
    """What nobody should do: the two may belong to different loads. It shows that this measure can see them."""
    first, second = _TWO[dialect]
    ((generation, said),) = execute(first)
    return pair(generation, said, [line for (line,) in execute(second)])


def read(place: Place, reads: int, how: Callable[[Execute, str], Pair]) -> Seen:
    """At least so many reads, of at least a hundredth as many loads, over a connection of the driver's own."""
    execute, close = _driver(place)
    pairs: Counter[Pair] = Counter()
    latest = backwards = done = 0
    until = 2 + reads // 100
    while done < reads or latest < until:
        found = how(execute, place.database.dialect.name)
        done += 1
        pairs[found] += 1
        backwards += found.generation < latest
        latest = found.generation
    close()
    return Seen(how.__name__.replace("_", " "), pairs, backwards)


def _driver(place: Place) -> tuple[Execute, Callable[[], None]]:
    url = place.database._engine.url
    if place.database.dialect.name == "sqlite":
        file = sqlite3.connect(url.database or "", timeout=10, isolation_level=None)
        return lambda statement: file.execute(statement).fetchall(), file.close
    import psycopg

    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    server = psycopg.connect(plain, autocommit=True)

    def execute(statement: str) -> list[Any]:
        done = server.execute(statement.encode())
        return done.fetchall() if done.description else []

    return execute, server.close


def write(scene: CountedScene, stop: int) -> dict[int, Pair]:
    """Load after load, full and delta in turn, until somebody closes `stop`; what each has committed."""
    committed = {1: served(scene, 1)}
    generation = 1
    while not select.select([stop], [], [], 0)[0]:
        scene.change(updates=20, creates=3 + generation % 5, deletes=3 + (generation + 2) % 5)
        outcome = asyncio.run(scene.mirror(wish=Wish(full=generation % 2 == 0)))
        assert outcome.error is None, outcome.error
        assert outcome.generation == generation + 1
        generation += 1
        committed[generation] = served(scene, generation)
    return committed


def served(scene: CountedScene, generation: int) -> Pair:
    """The pair that a load of what the server has now must leave."""
    rows = scene.served()
    return pair(generation, len(rows), [f"{key}|{rows[key][0]}|{rows[key][1]}" for key in sorted(rows)])


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was seen, and all that was committed."""

    seen: list[Seen]
    committed: dict[int, Pair]

    def torn(self, one: Seen) -> int:
        """Reads that no load has committed, none and half of one included."""
        return sum(count for pair, count in one.pairs.items() if self.committed.get(pair.generation) != pair)

    def wrong(self) -> int:
        honest = [one for one in self.seen if one.how != "in two statements"]
        return sum(self.torn(one) + one.backwards for one in honest)


def readings(place: Place, home: Path, reads: int) -> Reading:
    """Two readers as they should be, one as it should not, and a writer, each a process."""
    scene = CountedScene(place.database, home, rows=_ROWS, options=PLAIN_TEXT)
    place.empty()
    assert forked(lambda: asyncio.run(scene.mirror()).error is None).value
    scene.time.pass_by(60)
    scene.runs = 1
    stop, hold = os.pipe()
    writer = start(lambda: write(_only(scene, hold), stop))
    ways = (in_one_statement, in_one_transaction, in_two_statements)
    each = [reads // 2, reads - reads // 2, reads // 10]
    readers = [start(lambda way=way, n=n: read(place, n, way)) for way, n in zip(ways, each, strict=True)]  # type: ignore[misc]
    seen = [child.ended(child.said(), os.waitpid(child.pid, 0)[1]).value for child in readers]
    os.close(hold)
    committed = writer.ended(writer.said(), os.waitpid(writer.pid, 0)[1]).value
    os.close(stop)
    return Reading(seen, committed)


def _only(scene: CountedScene, hold: int) -> CountedScene:
    os.close(hold)  # the writer's own copy would keep the pipe open
    return scene


def table(found: Reading) -> str:
    """What is published of it."""
    lines = [f"{'reader':22}{'reads':>8}{'loads seen':>12}{'empty':>7}{'torn':>7}{'backwards':>11}"]
    for one in found.seen:
        empty = sum(count for pair, count in one.pairs.items() if not pair.rows)
        loads = len({pair.generation for pair in one.pairs})
        lines.append(f"{one.how:22}{one.reads:>8,}{loads:>12,}{empty:>7,}{found.torn(one):>7,}{one.backwards:>11,}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=2000)
    parser.add_argument("--postgres", default="", metavar="URL", help="or the word `embedded`; without it SQLite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="focus-reads-") as folder, opened(given.postgres, Path(folder)) as place:
        found = readings(place, Path(folder), given.reads)
        place.remove()
    reads, loads = sum(one.reads for one in found.seen), len(found.committed) - 1
    done = f"{reads:,} reads on {place.database.dialect.name} during {loads:,} loads, {found.wrong()} wrong"
    sys.stdout.write(f"{table(found)}\n{done}\n")
    return 1 if found.wrong() else 0


if __name__ == "__main__":
    sys.exit(main())

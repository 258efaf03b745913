"""Kill -9 at each database call and each request of a sending: in the end the API has the table's rows.

python -m focus_assets_tests.crash.kills_of_sends --all                        every point, SQLite
python -m focus_assets_tests.crash.kills_of_sends --postgres embedded --kills 12
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import sqlalchemy as sa

from focus_assets.config import Config
from focus_assets.writeback.rows.open import open_sender
from focus_assets.writeback.rows.outgoing import Selection
from focus_assets.writeback.rows.send import Sender, ensure, send
from focus_assets_tests.crash.children import forked
from focus_assets_tests.crash.kills import opened
from focus_assets_tests.crash.places import Place, warming
from focus_assets_tests.crash.seam import CountedTransport, Seam, plain
from focus_assets_tests.integration.cli.conftest import PROGRAM, plain_environ

HOUR = 3600 * 10**6
BEFORE, AFTER = {"changed": "1", "gone": "1", "same": "1"}, {"changed": "2", "new": "1", "same": "1"}
SELECTION = Selection(sa.text("SELECT ref, worth FROM wares"), None, {}, ("ref",))
ENTRY = "offers"

Act = Callable[[Sender], Awaitable[Any]]


@contextmanager
def registry() -> Iterator[str]:
    """The URL of a registry with empty collections, in a process of its own: a fork must find no thread."""
    command = [sys.executable, "-c", PROGRAM, "sandbox", "--discovery", "--items", "0", "--port", "0", "--json"]
    with subprocess.Popen(command, env=plain_environ(), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())["url"]  # type: ignore[union-attr]
        finally:
            process.kill()


@dataclass
class Tally:
    """What became of the kills: rows that the API has not, or otherwise, and items that are no rows."""

    points: int = 0
    kills: int = 0
    missing: int = 0
    orphans: int = 0
    problems: list[str] = field(default_factory=list)


class Site:
    """The API, and at each call of `fresh` a database that sent nothing yet; every time the rows have other names."""

    def __init__(self, url: str, place: Place, home: Path) -> None:
        self.place, self._url, self.number = place, url, 0
        source = {"kind": "discovered", "base_url": url, "client_id": "sandbox", "client_secret": "sandbox"}
        entry = {"query": "-", "key": "ref", "source": "registry", "collection": "metadata_offers", "at_once": 1}
        self._config = Config.model_validate({"home": home, "sources": {"registry": source}, "writes": {ENTRY: entry}})
        with warming(place):
            self._prepare()
            self._fill(BEFORE)
            self.run(_send)
        forked(self._prepare)
        place.keep()

    def _prepare(self) -> None:
        ensure(self.place.database)
        with self.place.database.writing("make the table") as connection:
            connection.execute(sa.text("CREATE TABLE wares (ref VARCHAR(60), worth VARCHAR(10))"))

    def fresh(self) -> None:
        """Begin again: some rows are sent, then changed."""
        self.place.restore()
        self.number += 1
        for rows in (BEFORE, AFTER):
            forked(lambda rows=rows: self._fill(rows))
            if rows is BEFORE:
                forked(lambda: self.run(_send) and None)

    def _fill(self, rows: Mapping[str, str]) -> None:
        with self.place.database.writing("fill the table") as connection:
            connection.execute(sa.text("DELETE FROM wares"))
            for ref, worth in self.named(rows).items():
                connection.execute(sa.text("INSERT INTO wares VALUES (:ref, :worth)"), {"ref": ref, "worth": worth})

    def named(self, rows: Mapping[str, str]) -> dict[str, str]:
        """The rows of this time."""
        return {f"root:{name}-{self.number}": worth for name, worth in rows.items()}

    def run(self, act: Act, *, seam: Seam | None = None, ahead: int = 0) -> Any:
        """Do something in this process; its clock may be ahead."""

        async def done() -> Any:
            transport = CountedTransport(plain(), seam) if seam else None
            async with open_sender(self._config, ENTRY, transport=transport) as sender:
                here = dataclasses.replace(sender, database=self.place.database, now=lambda: sender.now() + ahead)
                ensure(here.database)
                if seam is not None:
                    seam.watch(here.database)
                return await act(here)

        return anyio.run(done)

    def count(self) -> int:
        """How many points a sending has."""
        return int(forked(lambda: self._counted(Seam())).value)

    def kill(self, at: int) -> None:
        """Send as far as that point."""
        assert forked(lambda: self._counted(Seam({at}))).signal == 9
        self.place.settle()

    def _counted(self, seam: Seam) -> int:
        self.run(_send, seam=seam)
        return len(seam.passed)

    def rest(self) -> None:
        """Send with a later clock each time until there is nothing to send."""
        for hours in range(1, 6):
            if forked(lambda ahead=hours * HOUR: self.run(_send, ahead=ahead)).value:
                return

    def held(self) -> dict[str, str]:
        """What the API has of this time's rows."""
        form = {"authorization": f"Basic {base64.b64encode(b'sandbox:sandbox').decode()}"}
        token = self._asked("identity/oauth/token/", form, b"grant_type=client_credentials")["access_token"]
        found = self._asked("metadata/data/offers?perPage=500", {"authorization": f"Bearer {token}"})["offers"]
        return {one["ref"]: one["worth"] for one in found if one["ref"].endswith(f"-{self.number}")}

    def _asked(self, path: str, headers: Mapping[str, str], data: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self._url}/{path}", data, headers=dict(headers))
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


async def _send(sender: Sender) -> bool:
    report = await send(sender, SELECTION)
    return report.whole and not report.plan.changes


def struck(site: Site, kills: int) -> Tally:
    """So many kills, spread over the points evenly."""
    tally = Tally()
    site.fresh()
    tally.points = site.count()
    for number in range(share := min(kills, tally.points)):
        at = 1 + number * tally.points // share
        site.fresh()
        site.kill(at)
        site.rest()
        _judge(site, at, tally)
    return tally


def _judge(site: Site, at: int, tally: Tally) -> None:
    wanted, held = site.named(AFTER), site.held()
    tally.kills += 1
    tally.missing += sum(held.get(ref) != worth for ref, worth in wanted.items())
    tally.orphans += len(held.keys() - wanted.keys())
    if held != wanted:
        tally.problems.append(f"killed at point {at}: the API has {held}, the table {wanted}")


def main() -> int:
    """The exit code: 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--all", action="store_true", help="every point there is")
    parser.add_argument("--postgres", default="", metavar="URL", help="or the word `embedded`; without it SQLite")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="focus-kills-") as folder,
        opened(given.postgres, Path(folder)) as place,
        registry() as url,
    ):
        tally = struck(Site(url, place, Path(folder)), 1_000_000 if given.all else given.kills)
        place.remove()
    sys.stderr.write("".join(f"{problem}\n" for problem in tally.problems))
    database = place.database.dialect.name
    sys.stdout.write(f"{tally.kills:,} kills on {database}, {tally.missing} rows missing, {tally.orphans} orphans\n")
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""Start the servers of the examples: what others wrote, on a port of loopback, with the example's own data."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from anyio.from_thread import start_blocking_portal
from lxml import etree

from focus_assets_tests.integration.auth.provider import CLIENT, SECRET, Provider
from focus_assets_tests.integration.client.sockets import serving
from focus_assets_tests.processes import started
from focus_assets_tests.services import missing

JSON_SERVER = "json-server@0.17.4"
SERVE = """
const jsonServer = require("json-server");
const app = jsonServer.create();
app.use(jsonServer.defaults({ logger: false }));
app.use(jsonServer.router("db.json"));
const server = app.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
"""
Rows = list[dict[str, Any]]


class Server(Protocol):
    """A server that runs: where, what it serves as rows of the table, and a hand that changes that."""

    @property
    def url(self) -> str:
        """What the example's `base_url` becomes."""

    def rows(self) -> Rows:
        """What is served now, in the order of the key; read from where the server has it, without our code."""

    def change(self) -> None:
        """Change a row, add one and, where the example mirrors, take one away."""


@dataclass(frozen=True)
class Datasette:
    """A SQLite file behind Datasette."""

    url: str
    file: Path

    def rows(self) -> Rows:
        with closing(sqlite3.connect(self.file)) as world:
            world.row_factory = sqlite3.Row
            return [dict(row) for row in world.execute("SELECT * FROM places ORDER BY id")]

    def change(self) -> None:
        with closing(sqlite3.connect(self.file)) as world, world:
            world.execute("UPDATE places SET population = 1, founded = NULL WHERE id = 700")
            world.execute("DELETE FROM places WHERE id BETWEEN 10 AND 12")
            world.execute("INSERT INTO places VALUES (5000, 'Ærø ☀', 6000, 88.25, '1750-05-01')")


@contextmanager
def datasette(folder: Path) -> Iterator[Server]:
    """Datasette on the example's world."""
    file = folder / "world.db"
    with closing(sqlite3.connect(file)) as world:
        world.executescript((folder / "world.sql").read_text(encoding="utf-8"))
    command = [sys.executable, "-m", "datasette", "serve", file, "--host", "127.0.0.1", "--port", "0"]
    with started(command, folder=folder) as said:
        yield Datasette(said.wait_for(r"running on (http://\S+)"), file)


@dataclass(frozen=True)
class JsonServer:
    """A JSON file behind json-server."""

    url: str

    def rows(self) -> Rows:
        return [_flat(post) for post in self.call("GET", "/posts?_sort=id")]

    def change(self) -> None:
        self.call("PATCH", "/posts/7", {"title": "Changed", "tags": ["new"]})
        self.call("DELETE", "/posts/11")
        author = {"name": "Barbara", "since": "2020-02-29"}
        self.call("POST", "/posts", {"title": "Post 99", "author": author, "tags": [], "words": 3, "published": True})

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}{path}", data, method=method, headers={"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=90) as answer:
            return json.load(answer)


def _flat(post: dict[str, Any]) -> dict[str, Any]:
    author, tags = post.pop("author"), post.pop("tags")
    return {**post, "author_name": author["name"], "author_since": author["since"], "tags": tags}


@contextmanager
def json_server(folder: Path) -> Iterator[Server]:
    """json-server, installed from npm, on the example's db.json."""
    environ = {**os.environ, "NODE_PATH": str(_installed(folder))}
    with started([_program("node"), "-e", SERVE], folder=folder, environ=environ) as said:
        yield JsonServer(said.wait_for(r"(http://\S+)"))


def _installed(folder: Path) -> Path:
    """The folder of node's modules, which is made once a clone: nothing of it is locked, but for the version."""
    kept = Path(__file__).parents[2] / ".artifacts" / JSON_SERVER
    if not kept.exists():
        made = folder / "node"
        made.mkdir()
        npm = [_program("npm"), "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", JSON_SERVER]
        done = subprocess.run(npm, cwd=made, capture_output=True, text=True, check=False)
        if done.returncode:
            missing(f"{JSON_SERVER} (npm: {done.stderr.strip()[-200:]})")
        kept.parent.mkdir(exist_ok=True)
        _move(made, kept)
    return kept / "node_modules"


def _move(made: Path, kept: Path) -> None:
    """Somebody else's, from a moment before, is as good."""
    beside = kept.with_name(f"{kept.name}.{os.getpid()}")
    shutil.move(made, beside)
    try:
        beside.rename(kept)
    except OSError:
        shutil.rmtree(beside)


def _program(name: str) -> str:
    return shutil.which(name) or missing(name)


class Shop(Provider):
    """Orders behind tokens that oauthlib issues."""

    url = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.start = datetime(2025, 7, 1, 16, tzinfo=UTC)
        self.orders = {number: self._order(number, minutes=number) for number in range(1, 52)}

    def _order(self, number: int, *, minutes: int, amount: str = "") -> dict[str, Any]:
        changed = f"{self.start + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}.000000Z"
        return {
            "number": number,
            "customer": f"C{number % 9}",
            "amount": amount or f"{number}.95",
            "changed_at": changed,
        }

    def served(self, target: str) -> object:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if parts.path == "/orders/count":
            return {"count": len(self.orders)}
        found = [one for one in self.rows() if one["changed_at"] >= query.get("changed_since", "")]
        page, size = int(query["page"]), int(query["per_page"])
        return {"orders": found[(page - 1) * size : page * size], "pages": -(-len(found) // size)}

    def rows(self) -> Rows:
        return [self.orders[number] for number in sorted(self.orders)]

    def change(self) -> None:
        self.orders[3] = self._order(3, minutes=60, amount="1000000000.01")
        self.orders[60] = self._order(60, minutes=61)
        del self.orders[8]


@contextmanager
def shop(folder: Path) -> Iterator[Server]:
    """Orders for who has a token."""
    del folder
    with start_blocking_portal() as portal:
        provider = Shop()
        with portal.wrap_async_context_manager(serving(provider)) as url:
            provider.url = url
            yield provider


@dataclass(frozen=True)
class Stations:
    """A CSV that Python's own file server serves."""

    url: str
    file: Path

    def rows(self) -> Rows:
        with self.file.open(encoding="utf-8", newline="") as lines:
            found = [_station(line) for line in csv.DictReader(lines, delimiter=";")]
        return sorted(found, key=lambda station: station["code"])

    def change(self) -> None:
        text = self.file.read_text(encoding="utf-8").replace(";2964;", ";2962;")
        kept = [line for line in text.splitlines() if not line.startswith("PAR")]
        self.file.write_text("\n".join([*kept, "SVA;Svalbard;;01.08.1975;true", ""]), encoding="utf-8")


def _station(line: dict[str, str]) -> dict[str, Any]:
    day, month, year = line["opened"].split(".")
    return {
        "code": line["code"],
        "name": line["name"].strip(),
        "elevation_m": line["elevation (m)"] or None,
        "opened": f"{year}-{month}-{day}",
        "automatic": line["automatic"] == "true",
    }


@dataclass(frozen=True)
class Rates:
    """An XML that Python's own file server serves."""

    url: str
    file: Path

    def rows(self) -> Rows:
        return sorted(
            (
                {"currency": rate.get("currency"), "day": rate.get("day"), "per_euro": rate.text}
                for rate in etree.parse(self.file).iter("rate")
            ),
            key=lambda rate: str(rate["currency"]),
        )

    def change(self) -> None:
        text = self.file.read_text(encoding="utf-8").replace("0.9305", "0.9299").replace("2024-01-02", "2024-01-03")
        lines = [line for line in text.splitlines() if "SEK" not in line]
        lines.insert(-1, '  <rate currency="JPY" day="2024-01-03">155.98</rate>')
        self.file.write_text("\n".join(lines), encoding="utf-8")


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """Python's own file server on the example's files."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", "files"]
    with started(command, folder=folder) as said:
        yield said.wait_for(r"\((http://[^)]+?)/?\)")


@contextmanager
def stations(folder: Path) -> Iterator[Server]:
    """The weather stations."""
    with files(folder) as url:
        yield Stations(url, folder / "files" / "stations.csv")


@contextmanager
def rates(folder: Path) -> Iterator[Server]:
    """The exchange rates."""
    with files(folder) as url:
        yield Rates(url, folder / "files" / "rates.xml")


@dataclass(frozen=True)
class Prices:
    """Prices by symbol and day."""

    url: str
    file: Path

    def rows(self) -> Rows:
        document = json.loads(self.file.read_text(encoding="utf-8"))
        return [
            {
                "_partition": symbol,
                "symbol": symbol,
                "day": day,
                "open_price": price["open"],
                "close_price": price["close"],
                "volume": price["volume"],
            }
            for symbol, days in sorted(document.items())
            for day, price in sorted(days.items())
        ]

    def change(self) -> None:
        document = json.loads(self.file.read_text(encoding="utf-8"))
        document["MSFT"]["2024-01-03"]["volume"] = 23083500
        document["AAPL"]["2024-01-04"] = {"open": 182.15, "close": 181.91, "volume": 71983600}
        self.file.write_text(json.dumps(document), encoding="utf-8")


@contextmanager
def prices(folder: Path, *arguments: str) -> Iterator[Server]:
    """The example's own server."""
    with started([sys.executable, "server.py", "--port", "0", *arguments], folder=folder) as said:
        yield Prices(said.wait_for(r"prices at (http://\S+)"), folder / "prices.json")


CREDENTIALS = {"SHOP_CLIENT_ID": CLIENT, "SHOP_CLIENT_SECRET": SECRET}

"""A copy of an example in a folder of its own, with its server and a database."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from focus_assets_tests.calling import Called, call
from focus_assets_tests.examples.servers import (
    Rows,
    Server,
    datasette,
    json_server,
    prices,
    rates,
    shop,
    stations,
)

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Example:
    """An example: its folder, the variable of its server's address, what it mirrors, and the verdict that it gets."""

    folder: str
    variable: str
    source: str
    resource: str
    key: str
    serve: Callable[[Path], AbstractContextManager[Server]]
    verdict: str = "counted"


EXAMPLES = (
    Example("01-datasette", "LIBRARY_URL", "library", "places", "id", datasette),
    Example("02-json-server", "BLOG_URL", "blog", "posts", "id", json_server),
    Example("03-oauth2", "SHOP_URL", "shop", "orders", "number", shop),
    Example("04-csv-files", "WEATHER_URL", "weather", "stations", "code", stations, "unverified"),
    Example("05-xml-files", "RATES_URL", "rates", "daily", "currency", rates),
    Example("06-prices", "PRICES_URL", "prices", "stock_prices", "symbol, day", prices, "unverified"),
)


@dataclass(frozen=True)
class Place:
    """Where somebody tries an example."""

    example: Example
    folder: Path
    database: str
    capsys: pytest.CaptureFixture[str]

    def focus(self, *arguments: str) -> Called:
        """Call the command on the example's own focus.yaml."""
        return call(self.folder / "focus.yaml", self.capsys, *arguments)

    def stored(self) -> Rows:
        """The table as a reader sees it, in the order of its key, without the time of the load."""
        engine = sa.create_engine(self.database)
        between = "__" if engine.dialect.name == "sqlite" else "."
        table = f"{self.example.source}{between}{self.example.resource}"
        with engine.connect() as connection:
            found = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY {self.example.key}")).mappings().all()
        engine.dispose()
        return [{name: value for name, value in row.items() if name != "_synced_at"} for row in found]


def spelled(rows: Rows) -> list[dict[str, str | None]]:
    """Rows whose values are spelled alike, however a database or a server gives them."""
    return [{name: _spelled(value) for name, value in sorted(row.items())} for row in rows]


def _spelled(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"))
    text = str(int(value)) if isinstance(value, bool) else str(value)
    text = text.replace(" 16:", "T16:").replace(" 17:", "T17:").replace("+00:00", ".000000Z")
    return str(Decimal(text).normalize()) if NUMBER.fullmatch(text) else text


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.folder)
def example(request: pytest.FixtureRequest) -> Example:
    """One after the other."""
    found: Example = request.param
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mirror.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


def copied(root: Path, example: Example, to: Path) -> Path:
    """A copy of the example's folder, without what somebody's own trial has left there."""
    ignored = shutil.ignore_patterns(".focus", ".venv", "data", "*.db")
    return Path(shutil.copytree(root / "examples" / example.folder, to / example.folder, ignore=ignored))

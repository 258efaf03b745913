"""The runs that are killed: what stands before each, what has happened since, and how it ends where nobody kills it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from focus_assets.database.open import Database
from focus_assets.model.errors import ShrinkRefused
from focus_assets.model.wish import AS_PLANNED, Wish
from focus_assets.sandbox import Alteration, SandboxOptions
from focus_assets.sources.open import open_source
from focus_assets.sources.source import Source
from focus_assets_tests.crash.seam import CountedTransport, Seam
from focus_assets_tests.integration.mirror.scene import Scene
from focus_assets_tests.transport import SandboxTransport

PLAIN_TEXT = SandboxOptions(gzip=False)


class CountedScene(Scene):
    """A scene whose runs pass a seam where there is one."""

    seam: Seam | None = None

    def pass_through(self, seam: Seam) -> None:
        """From now on every run does."""
        self.seam = seam
        seam.watch(self.database)

    @asynccontextmanager
    async def source(self) -> AsyncIterator[Source]:
        plain = SandboxTransport(self.server, sleep=self.time.sleep)
        transport = CountedTransport(plain, self.seam) if self.seam else plain
        chance = random.Random(0)
        async with open_source("shop", self.config, clock=self.time, chance=chance, transport=transport) as source:
            yield source


def _nothing(scene: CountedScene) -> None:
    """Nothing happens."""


@dataclass(frozen=True)
class Story:
    """`happens` moves the server's world, `meddles` the mirror behind the run's back; `wish` is what the run is asked.

    `error` is how it ends by itself (None: well). `again` is the wish with which a later run must end well.
    """

    name: str
    loaded: bool = True
    happens: Callable[[CountedScene], None] = _nothing
    meddles: Callable[[CountedScene], None] = _nothing
    wish: Wish = AS_PLANNED
    error: type[Exception] | None = None
    again: Wish = AS_PLANNED
    load: str = "delta"
    healed: bool = False
    rows: int = 48
    settings: dict[str, Any] = field(default_factory=dict)

    def scene(self, database: Database, home: Path) -> CountedScene:
        """Its beginning, at the server's end."""
        return CountedScene(database, home, rows=self.rows, options=PLAIN_TEXT, **self.settings)


def _life(scene: CountedScene) -> None:
    scene.change(creates=4, updates=9, deletes=5, recreates=2, into_scope=2)


def _column(scene: CountedScene) -> None:
    scene.server.alter("things", Alteration(add={"colour": ("string", "red")}))
    scene.change(updates=3, creates=1)


def _holes(scene: CountedScene) -> None:
    scene.sql(f"DELETE FROM {scene.shown} WHERE id IN ('k00003', 'k00017')")


def _emptied(scene: CountedScene) -> None:
    scene.change(deletes=scene.server.view("things", "DE").live)


def _spoilt(scene: CountedScene) -> None:
    for index in (3, 11):
        scene.shelves["DE"].spoiled[index] = {"amount": '"many"'}
        scene.table().update(index, scene.time.micros)
    scene.change(creates=2)


STORIES = (
    Story("first load", loaded=False, load="full"),
    Story("full load", happens=_life, wish=Wish(full=True), load="full"),
    Story("delta", happens=_life),
    Story("heal", happens=_life, meddles=_holes, load="full", healed=True),
    Story("schema change", happens=_column, load="full"),
    Story("shrink refusal", happens=_emptied, error=ShrinkRefused, again=Wish(accept_shrink=True), rows=128),
    Story("quarantine", happens=_spoilt, settings={"bad_rows": "quarantine"}),
)

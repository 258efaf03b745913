"""Speak the protocol as its usual client does, given the benefit of every doubt, in the same world.

Full when the table is empty; else created, updated and deleted since the latest timestamp among its rows, each
committed on its own; then COUNT(*) against the server's total.
"""

from __future__ import annotations

import json
import sqlite3
from random import Random
from typing import Any

import httpx

from focus_assets.model.stamps import canonical
from focus_assets_tests.simulation.faults import CALM
from focus_assets_tests.simulation.oracle import truth
from focus_assets_tests.simulation.plan import draw_plan
from focus_assets_tests.simulation.transport import BASE_URL, SERVICE, Bustle, SimulatedServer
from focus_assets_tests.simulation.world import World

_ASIDE = ("id", "part", "created_at", "updated_at")
_QUIET_RUNS = 3


class NaiveMirror:
    """Upserts where the original inserted, reads every format of time, and keeps countries apart."""

    def __init__(self, server: SimulatedServer) -> None:
        self.rows = sqlite3.connect(":memory:", isolation_level=None)
        self.rows.execute("CREATE TABLE items (country, key, stamp, line, PRIMARY KEY (country, key))")
        self._http = httpx.AsyncClient(transport=server, base_url=f"{BASE_URL}/api/v1")

    async def run(self, country: str) -> None:
        """What is wrong ends it; what it wrote before stays."""
        if self._http.headers.get("authorization") is None:
            answer = (await self._http.post("/auth", json={})).raise_for_status()
            self._http.headers["authorization"] = answer.json()["token"]
        query = "SELECT MAX(stamp) FROM items WHERE country = ?"
        watermark = self.rows.execute(query, (country,)).fetchone()[0]
        for feed in ("created", "updated", "deleted") if watermark else ("full",):
            await self._load(country, feed, (watermark or "").removesuffix("Z"))

    async def _load(self, country: str, feed: str, since: str) -> None:
        url = f"/{SERVICE}/resource/items/{country}/{feed}/lines"
        async with self._http.stream("GET", url, params={"delta_timestamp": since} if since else {}) as answer:
            if answer.status_code == 401:
                del self._http.headers["authorization"]
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                self._apply(country, feed, json.loads(line, parse_float=str))

    def _apply(self, country: str, feed: str, found: dict[str, Any]) -> None:
        key = json.dumps([found[name] for name in ("id", "part") if name in found])
        if feed == "deleted":
            self.rows.execute("DELETE FROM items WHERE country = ? AND key = ?", (country, key))
            return
        times = [canonical(found[name]) if found[name] else None for name in ("created_at", "updated_at")]
        values = [value for name, value in found.items() if name not in _ASIDE]
        line = json.dumps([*values[:3], *times, *values[3:]])
        self.rows.execute("REPLACE INTO items VALUES (?, ?, ?, ?)", (country, key, max(filter(None, times)), line))

    def content(self, country: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """By value."""
        rows = self.rows.execute("SELECT key, line FROM items WHERE country = ?", (country,))
        return {tuple(json.loads(key)): tuple(json.loads(line)) for key, line in rows}

    async def close(self) -> None:
        """Give everything back."""
        await self._http.aclose()
        self.rows.close()


async def naive_schedule(seed: int) -> tuple[bool, bool]:
    """Whether it ends wrong by value after some quiet runs, and whether COUNT(*) says all is well."""
    chance = Random(seed)
    plan = draw_plan(chance)
    world = World(plan.server, chance)
    server = SimulatedServer(world, chance, lambda event: None, auth=plan.auth)
    mirror = NaiveMirror(server)
    world.populate()
    for step in plan.steps:
        step.prepare(world)
        server.weather, server.bustle = step.weather, step.bustle
        await _tried(mirror, step.country)
    world.rest()
    server.weather, server.bustle = CALM, Bustle()
    countries = plan.server.countries
    for country in countries * _QUIET_RUNS:
        await _tried(mirror, country)
    held = {country: mirror.content(country) for country in countries}
    await mirror.close()
    rows = {country: world.current.rows[country] for country in countries}
    wrong = any(held[country] != truth(rows[country], world.columns) for country in countries)
    return wrong, wrong and all(len(held[country]) == len(rows[country]) for country in countries)


async def _tried(mirror: NaiveMirror, country: str) -> None:
    try:
        await mirror.run(country)
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return  # logged, and passed over

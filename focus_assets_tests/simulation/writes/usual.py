"""The usual way through the same schedules: note a failure afterwards, replay deletions until one is answered."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from random import Random

import httpx

from focus_assets_tests.simulation.writes.schedule import EVERY, RESTING_PASSES, Round, draw_plan
from focus_assets_tests.simulation.writes.world import Crashed, Weather, Wire, World


@dataclass(frozen=True, slots=True)
class Owed:
    """A row of `groupdelete`."""

    name: str
    transaction_id: str


class Usual:
    """A gateway without intents; `by_name` deletes whatever group has the name of the one that failed."""

    def __init__(self, seed: int, *, by_name: bool) -> None:
        self.chance = Random(seed)
        self.plan = draw_plan(self.chance)
        self.world = World(self.chance, self.plan.nodes, self.plan.unique_names, self.plan.weather)
        self.by_name, self.serial = by_name, 0
        self.owed: list[Owed] = []
        self.promised: dict[str, str] = {}  # the transactions whose callers were told a success, with their names

    async def play(self) -> tuple[bool, bool]:
        """Whether a group is left that nobody knows of, and whether one is missing."""
        for each in self.plan.rounds:
            with suppress(Crashed):
                await self._round(each)
            await self._wait(each.gap)
        self.world.weather = Weather()
        for _ in range(RESTING_PASSES):
            await self._wait(EVERY)
            if not self.owed and not any(node.on_their_way for node in self.world.cluster.values()):
                break
        there = [{str(one["transaction_id"]) for one in node.groups} for node in self.world.cluster.values()]
        promised = set(self.promised)
        return any(found - promised for found in there), any(promised - found for found in there)

    async def _round(self, each: Round) -> None:
        for name in each.creates:
            await self._create(name)
        for target in self.chance.sample(sorted(self.promised), min(each.deletes, len(self.promised))):
            if await self._everywhere(Owed(self.promised[target], target)):
                del self.promised[target]

    async def _create(self, name: str) -> None:
        self.serial += 1
        transaction_id = f"operation-{self.serial:012}"
        body = {"name": name, "description": f"the group {name}", "transaction_id": transaction_id}
        answers = [await self._ask(node, "POST", "", body) for node in self.plan.nodes]
        self.world.point("before the failure is noted")
        if answers == [201] * len(answers):
            self.promised[transaction_id] = name
        else:
            self.owed.append(Owed(name, transaction_id))

    async def _wait(self, seconds: float) -> None:
        while seconds > 0:
            self.world.pass_time(min(seconds, EVERY))
            seconds -= EVERY
            with suppress(Crashed):
                await self._replay()

    async def _replay(self) -> None:
        for row in list(self.owed):
            if not await self._everywhere(row):
                return  # one error ends the pass
            self.owed.remove(row)

    async def _everywhere(self, row: Owed) -> bool:
        return all([await self._delete(node, row) in (200, 204, 404) for node in self.plan.nodes])

    async def _delete(self, node: str, row: Owed) -> int:
        if not self.by_name:
            return await self._ask(node, "DELETE", f"/transaction/{row.transaction_id}/")
        named = [one for one in self.world.cluster[node].groups if one["name"] == row.name]
        return await self._ask(node, "DELETE", f"/{named[0]['id']}/") if named else 404

    async def _ask(self, node: str, method: str, path: str, body: object = None) -> int:
        request = httpx.Request(method, f"https://{node}.example/api/v1/cluster{path}", json=body)
        try:
            return (await Wire(self.world).handle_async_request(request)).status_code
        except httpx.HTTPError:
            return 0

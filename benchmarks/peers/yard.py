"""Where the contenders run, each from the same beginning."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from benchmarks import postgres
from benchmarks.bench import Stand, load_delta, load_floor, load_fully
from benchmarks.meter import Cost, measure
from benchmarks.peers.changes import CHANGED, EXPECTED
from benchmarks.peers.content import Content, content_of
from benchmarks.peers.peer import PEERS, Peer

FLOOR, OURS = "floor", "ours"
TITLES = {FLOOR: f"{postgres.copies_by()} csv + key", OURS: "focus"} | {peer.name: peer.title for peer in PEERS}
MERGING = (OURS, *(peer.name for peer in PEERS if peer.merges))


@dataclass(frozen=True, slots=True)
class Go:
    """One contender's one go; `content` is that of a peer, ours and the floor's are right or the bench ends."""

    name: str
    cost: Cost
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Yard:
    """The server of the rows, the database, a folder for what they leave, and the peers' environments."""

    stand: Stand
    scratch: postgres.Scratch
    folder: Path
    environments: Path

    def load(self, name: str) -> Go:
        """All rows, into an empty database."""
        if name == FLOOR:
            return Go(name, load_floor("postgres", self.scratch, self.stand).cost)
        if name == OURS:
            return Go(name, load_fully("postgres", self.scratch, self.stand).cost)
        self.scratch.renew()
        with tempfile.TemporaryDirectory(dir=self.folder) as state:
            cost = self._run(_peer(name), "start", Path(state))
        return Go(name, cost, content_of(self.scratch.url, self.stand.folder / "rows.csv"))

    def begin(self, name: str) -> None:
        """Its own first load, for every `delta` of it to begin with."""
        if name == OURS:
            load_fully("postgres", self.scratch, self.stand)
        else:
            self.scratch.renew()
            self._state(name).mkdir()
            self._run(_peer(name), "start", self._state(name), "merge")
        self.scratch.keep(name)

    def delta(self, name: str) -> Go:
        """The changes alone, into a copy of what its first load left."""
        self.scratch.renew(name)
        if name == OURS:
            return Go(name, load_delta("postgres", self.scratch, self.stand).cost)
        with tempfile.TemporaryDirectory(dir=self.folder) as state:
            shutil.copytree(self._state(name), state, dirs_exist_ok=True)
            os.sync()  # what the copy has still to write is not in the measured time
            cost = self._run(_peer(name), CHANGED, Path(state), "merge")
        return Go(name, cost, content_of(self.scratch.url, self.stand.folder / EXPECTED))

    def _run(self, peer: Peer, moment: str, state: Path, *wish: str) -> Cost:
        self.stand.turn(moment)
        command = peer.command(self.environments, self.stand.base_url, self.scratch.url, *wish)
        with chdir(state):
            return measure(command, pids=self.scratch.pids)

    def _state(self, name: str) -> Path:
        return self.folder / f"{name}.state"


def _peer(name: str) -> Peer:
    return next(peer for peer in PEERS if peer.name == name)

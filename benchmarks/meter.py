"""Run a command in a process of its own and say what it cost: time, processor, memory, and the same of its database."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_INTERVAL = 0.05
KIB = 1024

Pids = Callable[[], Iterable[int]]


class CommandFailed(Exception):
    """A contender did not finish: its last lines are the text."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds and bytes. `database_*` is what its server processes took, None where they cannot be seen.

    `peak` is the most that was resident, its children's included; `database_peak` leaves out the memory that the
    server's processes share.
    `load` is the machine's load average of the last minute, before; `said` is what it printed.
    """

    wall: float
    cpu: float
    peak: int
    database_cpu: float | None
    database_peak: int | None
    load: float
    said: str


@dataclass(slots=True)
class _Server:
    """What the processes of a database have used so far; each is seen until shortly before it ends."""

    pids: Pids
    used: dict[int, float] = field(default_factory=dict)
    peak: int = 0

    def look(self) -> None:
        for pid in {*self.pids(), *self.used}:
            if (used := _cpu_of(pid)) is not None:
                self.used[pid] = used
                self.peak = max(self.peak, _memory_of(pid, "RssAnon"))

    @property
    def cpu(self) -> float | None:
        return sum(self.used.values()) if self.used else None


def nobody() -> Iterable[int]:
    """No server: the database lives in the process."""
    return ()


def measure(command: Sequence[str], *, env: Mapping[str, str] | None = None, pids: Pids = nobody) -> Cost:
    """Run it to its end; raises CommandFailed. `pids` says which server processes work for it."""
    server, load = _Server(pids), os.getloadavg()[0]
    with tempfile.TemporaryFile("w+") as told:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        ended = threading.Event()
        watcher = _Watcher(process.pid, server, ended)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        watcher.join()
        told.seek(0)
        said = told.read().strip()
    if process.returncode:
        raise CommandFailed(f"{' '.join(command[:4])} … ended with {process.returncode}:\n{said[-2000:]}")
    peak = watcher.peak or usage.ru_maxrss * KIB
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak, server.cpu, server.peak or None, load, said)


def measure_inside(way: str, database: Path, file: Path) -> Cost:
    """One of `benchmarks.floors` that says itself what the loading took."""
    cost = measure([sys.executable, "-m", "benchmarks.floors", way, str(database), str(file)])
    return dataclasses.replace(cost, **json.loads(cost.said))


class _Watcher(threading.Thread):
    """Looks at a process until it has ended: the kernel's own figure would count its parent's memory too."""

    def __init__(self, pid: int, server: _Server, ended: threading.Event) -> None:
        super().__init__(daemon=True)
        self.pid, self.server, self.ended, self.peak = pid, server, ended, 0

    def run(self) -> None:
        while not self.ended.wait(_INTERVAL):
            now = sum(_memory_of(pid, "VmRSS") for pid in _family(self.pid))
            self.peak = max(self.peak, now, _memory_of(self.pid, "VmHWM"))
            self.server.look()


def _family(pid: int) -> Iterator[int]:
    """A process and all that it has started."""
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text(encoding="ascii").split()]
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _memory_of(pid: int, name: str) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = [line.split()[1] for line in text.splitlines() if line.startswith(f"{name}:")]
    return int(found[0]) * KIB if found else 0


def _cpu_of(pid: int) -> float | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK

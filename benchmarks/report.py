"""Say what was measured: medians and ratios as a table, everything as JSON."""

from __future__ import annotations

import dataclasses
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rich.table import Table

from benchmarks.bench import (
    BINARY,
    DATABASES,
    DELTA,
    FLOOR,
    FULL,
    GROWN_FEW,
    GROWN_MANY,
    INTERPRETED,
    UNCHANGED,
    Results,
    Run,
)
from benchmarks.postgres import copies_by

MIB = 1024 * 1024
LIMIT = 120 * MIB
ENOUGH = 100_000  # rows
TOO_SLOW = 6.0  # by CPU in the best of its rounds: about 3.5 on a quiet machine, 4.4 where others work too
PACKAGES = (
    "focus-assets",
    "focus-assets-native",
    "httpx",
    "msgspec",
    "psycopg",
    "psycopg-binary",
    "sqlalchemy",
    "duckdb",
)
TITLES = {"postgres": "PostgreSQL", "sqlite": "SQLite", "duckdb": "DuckDB"}
OVER = {BINARY: FLOOR, FULL: FLOOR, INTERPRETED: FLOOR, UNCHANGED: FULL, DELTA: FULL, GROWN_MANY: GROWN_FEW}


@dataclass(frozen=True, slots=True)
class Line:
    """The runs of one contender, summed up by their medians; the ratios are to the line that `over` names.

    `cpu_ratio` counts both processes, ours and the database's: other work on the machine moves it less.
    """

    database: str
    work: str
    runs: Sequence[Run]
    over: str = ""
    ratio: float | None = None
    cpu_ratio: float | None = None

    def median(self, name: str) -> float | None:
        """Of one figure of the costs, None where it was not seen."""
        found = [getattr(run.cost, name) for run in self.runs]
        return None if None in found else statistics.median(found)

    @property
    def wall(self) -> float:
        """Median seconds."""
        return statistics.median(run.cost.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """Median seconds of all processors, the database's too where it was seen."""
        return statistics.median(map(_cpu_of, self.runs))

    @property
    def peak(self) -> int:
        """The most that any run needed."""
        return max(run.cost.peak for run in self.runs)


def lines_of(results: Results) -> list[Line]:
    """One for every contender over the many rows, in the order in which they ran."""
    found: dict[tuple[str, str], list[Run]] = {}
    for run in _many(results):
        found.setdefault((run.database, run.work), []).append(run)
    plain = {key: Line(*key, runs) for key, runs in found.items()}
    return [_compared(line, plain) for line in plain.values()]


def _compared(line: Line, all_lines: dict[tuple[str, str], Line]) -> Line:
    over = OVER.get(line.work)
    other = all_lines.get((line.database, over)) if over else None
    if other is None:
        return line
    return dataclasses.replace(line, over=over or "", ratio=line.wall / other.wall, cpu_ratio=line.cpu / other.cpu)


def _many(results: Results) -> Iterable[Run]:
    """A delta reads few rows of many; a full load of few rows is about memory alone."""
    deltas = (DELTA, GROWN_FEW, GROWN_MANY)
    return (run for run in results.runs if run.work in deltas or run.rows == results.corpus.rows)


def quick_ratio(results: Results) -> float | None:
    """Our first load over what PostgreSQL's own manual would do, by wall; None where it was not measured."""
    lines = {(line.database, line.work): line for line in lines_of(results)}
    full = lines.get(("postgres", FULL))
    return None if full is None else full.ratio


def is_too_slow(results: Results) -> bool:
    """Whether our first load into PostgreSQL costs more of all processors than noise can explain, in every round.

    Of fewer rows than `make bench-quick` has it cannot be told: most is start-up then.
    """
    if results.corpus.rows < ENOUGH:
        return False
    least = {line.work: min(map(_cpu_of, line.runs)) for line in lines_of(results) if line.database == "postgres"}
    return FLOOR in least and FULL in least and least[FULL] > TOO_SLOW * least[FLOOR]


def _cpu_of(run: Run) -> float:
    return run.cost.cpu + (run.cost.database_cpu or 0.0)


def memory_ratios(results: Results) -> dict[str, tuple[int, int]]:
    """By database: the peak of the full load of many rows, and of few."""
    ratios = {}
    for name in DATABASES:
        full = [run for run in results.runs if run.database == name and run.work == FULL]
        many = [run.cost.peak for run in full if run.rows == results.corpus.rows]
        few = [run.cost.peak for run in full if run.rows < results.corpus.rows]
        if many and few:
            ratios[name] = max(many), max(few)
    return ratios


def table_of(results: Results) -> Table:
    """For people."""
    corpus = results.corpus
    table = Table(
        title=f"{corpus.rows:,} rows, {corpus.body_bytes / MIB:,.0f} MiB of NDJSON, {os.cpu_count()} cores",
        caption=_caption(results),
        caption_justify="left",
    )
    table.add_column("work", min_width=38)
    for name in ("wall s", "of them", "ratio", "by CPU", "rows/s", "CPU s", "database CPU s", "peak MiB"):
        table.add_column(name, justify="right")
    for line in lines_of(results):
        table.add_row(*_cells(line, corpus.changes), end_section=line.work == DELTA)
    return table


def _cells(line: Line, changes: int) -> list[str]:
    walls = [run.cost.wall for run in line.runs]
    ratio = "1.00" if line.work == FLOOR else "" if line.ratio is None else f"{line.ratio:.2f} × {line.over}"
    rows = line.runs[0].rows
    return [
        f"{TITLES[line.database]}: {_title(line, changes)}",
        f"{line.wall:.2f}",
        f"{min(walls):.2f}–{max(walls):.2f}",
        ratio,
        "" if line.cpu_ratio is None else f"{line.cpu_ratio:.2f}",
        f"{rows / line.wall:,.0f}",
        _seconds(line.median("cpu")),
        _seconds(line.median("database_cpu")),
        f"{line.peak / MIB:.0f}",
    ]


def _title(line: Line, changes: int) -> str:
    floor = {
        "postgres": f"{copies_by()} csv + key",
        "sqlite": "executemany + index",
        "duckdb": "read_json of a file (inexact)",
    }
    return {
        FLOOR: floor[line.database],
        BINARY: f"{copies_by()} binary + key",
        FULL: "first full load",
        INTERPRETED: "the same without the compiled piece",
        UNCHANGED: "full diff, nothing changed",
        DELTA: f"delta of {changes:,} lines",
        GROWN_FEW: f"delta of {line.runs[0].rows:,} lines, a tenth of the rows",
        GROWN_MANY: "the same, four times the rows",
    }[line.work]


def _seconds(found: float | None) -> str:
    return "–" if found is None else f"{found:.2f}"


def _caption(results: Results) -> str:
    said = [
        f"{TITLES[name]}: peak {many / MIB:.0f} MiB, {many / few:.2f} × that of few rows ({few / MIB:.0f} MiB)"
        for name, (many, few) in memory_ratios(results).items()
    ]
    loads = [run.cost.load for run in results.runs]
    settings = results.settings.get("postgres", {})
    shown = ", ".join(f"{name} {value}" for name, value in settings.items())
    return "\n".join(filter(None, [*said, f"load average {min(loads):.1f} to {max(loads):.1f}", shown]))


def json_of(results: Results) -> dict[str, Any]:
    """For programs: every run, not only the medians."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "packages": {name: _version(name) for name in PACKAGES},
        "databases": results.settings,
        "floor": copies_by(),
        "corpus": dataclasses.asdict(results.corpus),
        "lines": [_summed_up(line) for line in lines_of(results)],
        "memory": {name: {"many": many, "few": few} for name, (many, few) in memory_ratios(results).items()},
        "runs": [dataclasses.asdict(run) for run in results.runs],
    }


def _version(package: str) -> str | None:
    """None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _summed_up(line: Line) -> dict[str, Any]:
    names = ("database", "work", "over", "ratio", "cpu_ratio", "wall", "cpu", "peak")
    return {name: getattr(line, name) for name in names}


def over_the_limit(results: Results) -> list[str]:
    """Who needed more memory than a load may need; DuckDB, within the process, takes what it finds."""
    ours = [line for line in lines_of(results) if line.work != FLOOR and line.database != "duckdb"]
    return [f"{TITLES[line.database]}: {line.work}" for line in ours if line.peak > LIMIT]

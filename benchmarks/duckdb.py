"""Lend the bench a DuckDB file, and read its digest back."""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.corpus import jsonb_text, part_of
from benchmarks.meter import Cost, measure_inside
from benchmarks.names import COLUMNS

BATCH = 10_000
_MOMENT = "strftime({}, '%Y-%m-%dT%H:%M:%S.%fZ')"


class Scratch:
    """One file in a folder, made anew for every load that begins with nothing."""

    floor_is_exact = False

    def __init__(self, folder: Path) -> None:
        self._file = folder / "bench.duckdb"

    @property
    def url(self) -> str:
        """For SQLAlchemy."""
        return f"duckdb:///{self._file}"

    @property
    def settings(self) -> dict[str, str]:
        """What of it bears on the figures."""
        return {"version": duckdb.__version__}

    def renew(self) -> None:
        """No file."""
        for name in ("", ".wal"):
            Path(f"{self._file}{name}").unlink(missing_ok=True)

    def pids(self) -> list[int]:
        """It has no processes of its own."""
        return []

    def settle(self) -> None:
        """Nothing is written behind a load's back."""

    def floor(self, folder: Path) -> Cost:
        """Its own `read_json` of the served lines, from the disk."""
        return measure_inside("read_json", self._file, folder / "start" / "full.ndjson")

    def digest(self, table: str) -> tuple[int, int]:
        """COUNT(*) and the digest of the corpus."""
        shown = [_shown(name) for name in COLUMNS]
        count = digest = 0
        with duckdb.connect(str(self._file), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"SELECT {', '.join(shown)} FROM {table}")
            while rows := connection.fetchmany(BATCH):
                count += len(rows)
                digest += sum(part_of(_texts(row)) for row in rows)
        return count, digest


def _shown(name: str) -> str:
    if name.endswith("_at"):
        return _MOMENT.format(name)
    return name if name == "pct" else f"{name}::text"  # Python writes a double as the corpus has it


def _texts(row: tuple[object, ...]) -> list[str | None]:
    texts = [None if value is None else str(value) for value in row]
    attributes = texts[COLUMNS.index("attributes")]
    texts[COLUMNS.index("attributes")] = None if attributes is None else jsonb_text(attributes)
    return texts

"""Lend the bench an SQLite file, and read its digest back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from benchmarks.corpus import jsonb_text, part_of
from benchmarks.meter import Cost, measure_inside
from benchmarks.names import COLUMNS


class Scratch:
    """One file in a folder, made anew for every load that begins with nothing."""

    floor_is_exact = True

    def __init__(self, folder: Path) -> None:
        self._file = folder / "bench.db"

    @property
    def url(self) -> str:
        """For SQLAlchemy."""
        return f"sqlite:///{self._file}"

    @property
    def settings(self) -> dict[str, str]:
        """What of it bears on the figures."""
        return {"version": sqlite3.sqlite_version, "journal_mode": "wal", "synchronous": "normal"}

    def renew(self) -> None:
        """No file."""
        for name in ("", "-wal", "-shm"):
            Path(f"{self._file}{name}").unlink(missing_ok=True)

    def settle(self) -> None:
        """Nothing is written behind a load's back."""

    def pids(self) -> list[int]:
        """It has no processes of its own."""
        return []

    def floor(self, folder: Path) -> Cost:
        """Ready tuples, then the key's index; the time to read them from the CSV file is left out."""
        return measure_inside("executemany", self._file, folder / "rows.csv")

    def digest(self, table: str) -> tuple[int, int]:
        """COUNT(*) and the digest of the corpus."""
        connection = sqlite3.connect(self._file)
        try:
            connection.create_aggregate("digest", len(COLUMNS), _Digest)
            found = connection.execute(f"SELECT count(*), digest({', '.join(COLUMNS)}) FROM {table}").fetchone()
        finally:
            connection.close()
        return int(found[0]), int(found[1] or 0)


class _Digest:
    """Sums the parts of rows; booleans are 0 and 1 here."""

    def __init__(self) -> None:
        self._sum = 0

    def step(self, *values: object) -> None:
        texts = [None if value is None else str(value) for value in values]
        texts[7] = None if values[7] is None else "true" if values[7] else "false"
        texts[10] = None if texts[10] is None else jsonb_text(texts[10])
        self._sum += part_of(texts)

    def finalize(self) -> int:
        return self._sum

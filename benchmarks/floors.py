"""Load rows the way that a database's own manual would: what the mirror is measured against.

Processes of their own: `python -m benchmarks.floors copy URL CSV` where there is no psql, and `… executemany FILE CSV`
and `… read_json FILE NDJSON`, which print the seconds of the loading alone.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import psycopg

from benchmarks.names import COLUMNS

BLOCK, BATCH = 1024 * 1024, 2000
SQLITE_TABLE = f"CREATE TABLE promotions ({', '.join(COLUMNS)})"
DUCKDB_TYPES = (
    *("uuid", "varchar", "varchar", "varchar", "bigint", "decimal(18,4)", "double", "boolean", "date", "date"),
    *("json", "timestamptz", "timestamptz"),
)
SQLITE_KEY = "CREATE UNIQUE INDEX promotions_key ON promotions (id)"


def copy(url: str, file: Path, form: str = "csv") -> None:
    """COPY of a file, then the primary key."""
    with psycopg.connect(url, autocommit=True) as connection:
        with file.open("rb") as lines, connection.cursor().copy(f"COPY promotions FROM STDIN (FORMAT {form})") as sink:
            while block := lines.read(BLOCK):
                sink.write(block)
        connection.execute("ALTER TABLE promotions ADD PRIMARY KEY (id)")


def executemany(path: Path, file: Path) -> dict[str, float]:
    """Ready tuples in one transaction, then the key's index; the making of the tuples is not counted."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(SQLITE_TABLE)
        wall, cpu = 0.0, 0.0
        for statement, rows in _statements(file):
            began, used = time.perf_counter(), time.process_time()
            if rows:
                connection.executemany(statement, rows)
            else:
                connection.execute(statement)
            wall, cpu = wall + time.perf_counter() - began, cpu + time.process_time() - used
    connection.close()
    return {"wall": wall, "cpu": cpu}


def read_json(path: Path, file: Path) -> dict[str, float]:
    """DuckDB's own reader of a local file, told the types; without a key, which it would build as it loads.

    It takes every number through a double, texts too: of 48912720577240.3132 it makes 48912720577240.3100.
    """
    import duckdb  # its own extra: the other floors do without

    columns = ", ".join(f"{name}: '{kind}'" for name, kind in zip(COLUMNS, DUCKDB_TYPES, strict=True))
    options = f"format = 'newline_delimited', columns = {{{columns}}}"
    began, used = time.perf_counter(), time.process_time()
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE promotions AS SELECT * FROM read_json(?, {options})", [str(file)])
    return {"wall": time.perf_counter() - began, "cpu": time.process_time() - used}


def _statements(file: Path) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    insert = f"INSERT INTO promotions VALUES ({', '.join('?' * len(COLUMNS))})"
    yield "BEGIN IMMEDIATE", []
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        while batch := [_typed(row) for row in islice(rows, BATCH)]:
            yield insert, batch
    yield SQLITE_KEY, []
    yield "COMMIT", []


def _typed(row: list[str]) -> tuple[object, ...]:
    values: list[object] = [text or None for text in row]
    values[4], values[6], values[7] = int(row[4]), float(row[6]), row[7] == "true"
    return tuple(values)


if __name__ == "__main__":
    if sys.argv[1] == "copy":
        copy(sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
    else:
        way = {"executemany": executemany, "read_json": read_json}[sys.argv[1]]
        sys.stdout.write(json.dumps(way(Path(sys.argv[2]), Path(sys.argv[3]))))

"""The bench runs from start to end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from focus_assets.sources.packed import packer_type
from focus_assets_tests.benches import bench

WORKS = ["floor", "full", "unchanged", "delta"]


@pytest.fixture
def server(postgres_server: str) -> str:
    """As libpq takes it."""
    return make_url(postgres_server).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.slow
def test_it_measures_every_load_beside_its_floor(root: Path, tmp_path: Path, server: str) -> None:
    done = bench(root, "benchmarks", "--rows=2000", "--rounds=1", f"--out={tmp_path}", FOCUS_BENCH_POSTGRES_URL=server)
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.iterdir()
    saved = json.loads(file.read_text(encoding="utf-8"))
    lines = [(line["database"], line["work"]) for line in saved["lines"]]
    expected = [(database, work) for database in ("postgres", "sqlite", "duckdb") for work in WORKS]
    packed = packer_type() is not None
    expected[1:1] = [("postgres", "binary floor"), *([("postgres", "interpreted")] if packed else [])]
    assert (saved["packages"]["focus-assets-native"] is not None) == packed
    assert lines == [*expected, ("postgres", "delta on few"), ("postgres", "delta on many")]
    assert all((line["ratio"] is None) == (line["work"] in ("floor", "delta on few")) for line in saved["lines"])
    assert all(run["cost"]["peak"] < 200 * 1024 * 1024 for run in saved["runs"])
    assert "first full load" in done.stdout
    assert re.fullmatch(r"ratio to psql \\copy csv \+ key: [0-9]+\.[0-9]{2}", done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_memory_alone_is_that_of_many_rows_beside_few(root: Path, tmp_path: Path, server: str) -> None:
    done = bench(
        *(root, "benchmarks", "--rows=10001", "--rounds=1", "--only=memory", f"--out={tmp_path}"),
        FOCUS_BENCH_POSTGRES_URL=server,
    )
    assert done.returncode == 0, done.stderr
    compared = re.findall(r"(\w+): peak \d+ MiB, [\d.]+ × that of few rows", done.stdout)
    assert compared == ["PostgreSQL", "SQLite", "DuckDB"]


def test_a_contender_that_fails_is_told_by_its_last_words(root: Path, tmp_path: Path) -> None:
    nobody = "postgresql://nobody@127.0.0.1:1/nothing"
    done = bench(
        root, "benchmarks", "--rows=100", "--only=postgres", f"--out={tmp_path}", FOCUS_BENCH_POSTGRES_URL=nobody
    )
    assert done.returncode != 0
    assert not list(tmp_path.iterdir())

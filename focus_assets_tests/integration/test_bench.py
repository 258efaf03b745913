"""The bench runs from start to end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from focus_assets_tests.benches import bench

WORKS = ["floor", "full", "unchanged", "delta"]


@pytest.mark.slow
def test_it_measures_every_load_beside_its_floor(root: Path, tmp_path: Path, postgres_server: str) -> None:
    server = make_url(postgres_server).set(drivername="postgresql").render_as_string(hide_password=False)
    done = bench(root, "benchmarks", "--rows=2000", "--rounds=1", f"--out={tmp_path}", FOCUS_BENCH_POSTGRES_URL=server)
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.iterdir()
    saved = json.loads(file.read_text(encoding="utf-8"))
    lines = [(line["database"], line["work"]) for line in saved["lines"]]
    expected = [(database, work) for database in ("postgres", "sqlite", "duckdb") for work in WORKS]
    expected.insert(1, ("postgres", "binary floor"))
    assert lines == [*expected, ("postgres", "delta on few"), ("postgres", "delta on many")]
    assert all((line["ratio"] is None) == (line["work"] in ("floor", "delta on few")) for line in saved["lines"])
    assert all(run["cost"]["peak"] < 200 * 1024 * 1024 for run in saved["runs"])
    assert "first full load" in done.stdout
    assert re.fullmatch(r"ratio to psql \\copy csv \+ key: [0-9]+\.[0-9]{2}", done.stdout.splitlines()[-1])


def test_a_contender_that_fails_is_told_by_its_last_words(root: Path, tmp_path: Path) -> None:
    nobody = "postgresql://nobody@127.0.0.1:1/nothing"
    done = bench(
        root, "benchmarks", "--rows=100", "--only=postgres", f"--out={tmp_path}", FOCUS_BENCH_POSTGRES_URL=nobody
    )
    assert done.returncode != 0
    assert not list(tmp_path.iterdir())

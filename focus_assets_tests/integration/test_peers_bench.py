"""The bench beside the peers runs a delta from start to end; the peers themselves are not installed for it."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from benchmarks.postgres import Scratch
from focus_assets_tests.benches import bench


@pytest.mark.slow
def test_each_round_measures_the_same_delta(root: Path, tmp_path: Path, postgres_server: str) -> None:
    server = make_url(postgres_server).set(drivername="postgresql").render_as_string(hide_password=False)
    wanted = ("--delta", "--only=ours", "--rows=2000", "--rounds=2", f"--out={tmp_path}")
    done = bench(root, "benchmarks.peers", *wanted, FOCUS_BENCH_POSTGRES_URL=server)
    assert done.returncode == 0, done.stderr
    assert "200 updates, 100 creates, 100 deletes" in done.stdout
    (file,) = tmp_path.iterdir()
    runs = [json.loads(run["cost"]["said"]) for run in json.loads(file.read_text(encoding="utf-8"))["runs"]]
    assert [(run["load"], run["updated"], run["inserted"], run["deleted"]) for run in runs] == 2 * [
        ("delta", 200, 100, 100)
    ]


def test_who_cannot_merge_is_not_asked_to(root: Path, tmp_path: Path) -> None:
    done = bench(root, "benchmarks.peers", "--delta", "--only=ours,meltano", f"--out={tmp_path}")
    assert done.returncode == 2
    assert "not among ours,dlt_rest,dlt_arrow: meltano" in done.stderr


def test_what_was_kept_is_copied_as_often_as_it_is_wanted_and_leaves_nothing(postgres_server: str) -> None:
    scratch = Scratch(make_url(postgres_server))
    try:
        scratch.renew()
        _said(scratch, "CREATE TABLE one (number int)")
        scratch.keep("one")
        for _ in range(2):
            scratch.renew("one")
            _said(scratch, "INSERT INTO one VALUES (1)")
            assert _said(scratch, "SELECT number FROM one") == [(1,)]
        scratch.renew()
        assert _said(scratch, "SELECT to_regclass('one')") == [(None,)]
    finally:
        scratch.close()
    name = make_url(scratch.url).database
    with psycopg.connect(
        make_url(scratch.url).set(database="postgres").render_as_string(hide_password=False)
    ) as server:
        left = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name])
        assert left.fetchall() == []


def _said(scratch: Scratch, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(scratch.url, autocommit=True) as connection:
        answer = connection.execute(statement.encode())
        return answer.fetchall() if answer.description else []

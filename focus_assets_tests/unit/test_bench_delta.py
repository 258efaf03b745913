"""A delta of the bench: what is served to those who merge, and what they have to hold afterwards."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus import LARGE, Corpus, part_of, render
from benchmarks.peers.changes import CHANGED, EXPECTED, write_changes
from focus_assets.sandbox import Change

ROWS = 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus with a large delta."""
    folder = tmp_path_factory.mktemp("corpus")
    render(folder, ROWS, LARGE.of(ROWS))
    write_changes(folder)
    return folder


def rows_of(file: Path) -> list[list[str | None]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [[text or None for text in row] for row in csv.reader(lines)]


def served(folder: Path) -> list[dict[str, Any]]:
    page = json.loads((folder / CHANGED / "pages" / "1.json").read_text(encoding="utf-8"))
    assert page["next"] is None
    return [*page["items"]]


def test_a_large_delta_is_a_tenth_and_two_twentieths_of_the_rows() -> None:
    assert LARGE.of(1_000_000) == Change(updates=100_000, creates=50_000, deletes=50_000, seed=1)


def test_where_no_delta_is_asked_for_it_is_a_small_one(tmp_path: Path) -> None:
    assert render(tmp_path, ROWS).changes == 4 + 2 + 1


def test_the_rows_expected_after_the_delta_have_its_digest(folder: Path) -> None:
    corpus, rows = Corpus.load(folder), rows_of(folder / EXPECTED)
    assert (len(rows), sum(map(part_of, rows))) == (corpus.totals["later"], corpus.digests["later"])


def test_each_change_is_served_with_whether_it_is_a_deletion(folder: Path) -> None:
    changes = served(folder)
    assert len({change["id"] for change in changes}) == len(changes) == Corpus.load(folder).changes
    assert [change["deleted"] for change in changes] == [False] * 60 + [True] * 20
    assert all((change.keys() == {"id", "deleted"}) == change["deleted"] for change in changes)


def test_the_changes_that_are_served_lead_to_the_rows_that_are_expected(folder: Path) -> None:
    before, after = ({row[0] for row in rows_of(folder / name)} for name in ("rows.csv", EXPECTED))
    made = {change["id"] for change in served(folder) if not change["deleted"]}
    gone = {change["id"] for change in served(folder) if change["deleted"]}
    assert gone <= before
    assert after == (before | made) - gone

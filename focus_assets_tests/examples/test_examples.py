"""What the examples' pages say comes true: mirrored, verified, changed on the server, mirrored again."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus_assets_tests.examples.conftest import EXAMPLES, Example, Place, copied, spelled
from focus_assets_tests.examples.servers import CREDENTIALS, prices

pytestmark = pytest.mark.slow


@pytest.fixture
def place(
    example: Example,
    database: str,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    """The example in a folder of its own."""
    for name, value in {**CREDENTIALS, "FOCUS_DATABASE_URL": database}.items():
        monkeypatch.setenv(name, value)
    return Place(example, copied(root, example, tmp_path), database, capsys)


def test_it_is_mirrored_verified_changed_and_mirrored_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with place.example.serve(place.folder) as server:
        monkeypatch.setenv(place.example.variable, server.url)
        first = place.focus("sync", "--json")
        assert [one["error"] for one in first.records] == [None] * len(first.records)
        assert {one["verdict"] for one in first.records} == {place.example.verdict}
        assert spelled(place.stored()) == spelled(server.rows())
        assert place.focus("verify").code == 0
        assert place.focus("source", "try", place.example.source).code == 0
        before = server.rows()
        server.change()
        assert server.rows() != before
        second = place.focus("sync", "--json")
        assert [one["error"] for one in second.records] == [None] * len(second.records)
        assert spelled(place.stored()) == spelled(server.rows())
        assert sum(one["inserted"] for one in second.records) == 1
        assert sum(one["updated"] for one in second.records) >= 1
        assert place.focus("verify").code == 0
        third = place.focus("sync", "--json")
        assert {(one["inserted"], one["updated"], one["deleted"]) for one in third.records} == {(0, 0, 0)}


ENDPOINTS = (
    (EXAMPLES[0], "/world/places.json?_shape=objects&_size=500", "counted"),
    (EXAMPLES[4], "/rates.xml", "counted"),
    (EXAMPLES[1], "/posts?_page=1&_limit=10", "unverified"),
    (EXAMPLES[3], "/stations.csv", "unverified"),
    (EXAMPLES[5], "/historical?symbol=AAPL&apikey=demo", "unverified"),
)


@pytest.mark.parametrize(
    ("example", "database", "endpoint", "verdict"),
    [(example, "sqlite", endpoint, verdict) for example, endpoint, verdict in ENDPOINTS],
    indirect=["example", "database"],
    ids=[example.folder for example, _, _ in ENDPOINTS],
)
def test_a_first_entry_that_init_writes_loads_all_that_is_served(
    place: Place, endpoint: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.folder / "focus.yaml").unlink()
    monkeypatch.setenv("THERE_KEY", "demo")
    with place.example.serve(place.folder) as server:
        called = place.focus("source", "init", f"{server.url}{endpoint}", "--name", "there")
        assert (called.code, called.err) == (0, "")
        (loaded,) = place.focus("sync", "--json").records
        served = [row for row in server.rows() if row.get("_partition", "AAPL") == "AAPL"]
        assert (loaded["error"], loaded["rows"], loaded["verdict"]) == (None, len(served), verdict)


PRICES = EXAMPLES[5]


@pytest.mark.parametrize(("example", "database"), [(PRICES, "sqlite")], indirect=True, ids=["06-prices"])
def test_a_sentence_over_the_limit_is_an_error_for_its_symbol_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with prices(place.folder, "--calls", "2") as server:
        monkeypatch.setenv("PRICES_URL", server.url)
        called = place.focus("sync", "--json")
        failed = [one["error"] for one in called.records if one["error"]]
        assert called.code == 1
        assert [error["type"] for error in failed] == ["UnexpectedBody"]
        assert "the key is good for 2 calls a day" in failed[0]["message"]
        assert len(place.stored()) == 4


def test_every_example_is_run_by_a_test_and_listed(root: Path) -> None:
    folders = sorted(path.parent.name for path in (root / "examples").glob("*/focus.yaml"))
    tests = "".join(path.read_text(encoding="utf-8") for path in (root / "focus_assets_tests").rglob("*.py"))
    listed = (root / "examples" / "README.md").read_text(encoding="utf-8")
    assert {example.folder for example in EXAMPLES} <= set(folders)
    assert [name for name in folders if f'"{name}"' not in tests or f"({name}/" not in listed] == []

"""`focus source`: one page as a load would see it, and a first entry from what an endpoint answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from focus_assets.cli import main
from focus_assets.config import load_config
from focus_assets_tests.integration.cli.conftest import Called
from focus_assets_tests.integration.rest.server import Api, Call, Reply, serving

CANARY = "canary-4711-secret"


@dataclass
class Place:
    """A folder with a focus.yaml, beside an API."""

    folder: Path
    api: Api
    capsys: pytest.CaptureFixture[str]

    @property
    def file(self) -> Path:
        return self.folder / "focus.yaml"

    def write(self, resource: dict[str, Any], **source: Any) -> None:
        """A source `library` with the resource `things`."""
        usual = {"primary_key": ["id"], "records": "items", "path": "/token"}
        entry = {"kind": "rest", "base_url": self.api.base, "resources": {"things": usual | resource}, **source}
        self.file.write_text(yaml.safe_dump({"sources": {"library": entry}}), encoding="utf-8")

    def focus(self, *arguments: str) -> Called:
        """Call the command in the folder."""
        code = main(list(arguments))
        shown = self.capsys.readouterr()
        return Called(code, shown.out, shown.err)


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Nothing is there yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FOCUS_CONFIG", raising=False)
    with serving(Api()) as api:
        yield Place(tmp_path, api, capsys)


def lines(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.splitlines()]


def test_a_trial_shows_request_shape_each_step_and_columns(place: Place) -> None:
    place.write(
        {
            "params": {"kind": "all"},
            "pagination": {"kind": "cursor", "at": "next"},
            "total": "all",
            "transform": [{"rename": {"name": "title"}}, {"cast": {"price": "decimal(9,2)"}}],
        }
    )
    called = place.focus("source", "try", "library", "things")
    assert (called.code, called.err) == (0, "")
    shown = lines(called.out)
    assert ["GET", f"{place.api.base}/token"] in shown
    assert ["kind", "=", "all"] in shown
    assert ["items", "list", "of", "10", "objects"] in shown
    assert ["all", "25"] in shown
    assert f"10 records of 25; next: {place.api.base}/token" in called.out
    steps = [called.out.index(heading) for heading in ("as they came", "1. rename", "2. cast", "columns")]
    assert steps == sorted(steps)
    assert ["name", '"thing', '1', 'r0"', '"thing', '2', 'r0"', '"thing', '3', 'r0"'] in shown  # fmt: skip
    assert ["id", "int64", "key", "1"] in shown
    assert ["price", "decimal(9,2)", "1.25"] in shown
    assert place.api.paths() == ["/token?kind=all"]
    assert not (place.folder / ".focus" / "schema").exists()


def test_a_count_that_is_a_request_of_its_own_is_asked_for_too(place: Place) -> None:
    place.write({"path": "/all", "records": None, "total": {"path": "/count", "at": "things.count"}})
    place.file.write_text(place.file.read_text(encoding="utf-8").replace("records: null", ""), encoding="utf-8")
    called = place.focus("source", "try", "library")
    assert called.code == 0, called.err
    assert "25 records of 25; next: none" in called.out
    assert place.api.paths() == ["/all", "/count"]


def test_what_a_terminal_might_obey_is_spelled_out(place: Place) -> None:
    evil = {"id": 1, "na\x1b[2Jme": "\x1b]0;owned\x07", "flip": "\u202eabc"}
    place.api.spoil = lambda call, reply: Reply({"items": [evil], "\x1b[31m": 1})
    place.write({})
    called = place.focus("source", "try", "library")
    assert not {"\x1b", "\x07", "\u202e"} & set(called.out + called.err)
    assert "u001b]0;owned" in called.out


def test_what_came_from_the_environment_or_is_named_like_a_secret_is_not_shown(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    place.write(
        {"params": {"tenant": "${CANARY}", "access_token": CANARY, "size": 5}},
        auth={"kind": "api_key", "in": "query", "name": "k", "value": "${CANARY}"},
        headers={"X-Tenant": "${CANARY}"},
    )
    place.api.spoil = lambda call, reply: reply.having(echo=[CANARY], said=f"you sent {CANARY}")
    called = place.focus("source", "try", "library")
    assert called.code == 0
    assert ["tenant", "=", "…"] in lines(called.out)
    assert ["access_token", "=", "…"] in lines(called.out)
    assert ["X-Tenant:", "…"] in lines(called.out)
    assert ["size", "=", "5"] in lines(called.out)
    assert place.api.asked[0].query["tenant"] == CANARY
    assert CANARY not in called.out + called.err


def test_a_partition_is_tried_by_its_name(place: Place) -> None:
    place.api.prices = {"MSFT": {"2024-01-02": {"open": 1}}}
    place.write(
        {
            "path": "/historical",
            "params": {"symbol": "{partition}"},
            "partitions": ["AAPL", "MSFT"],
            "records": "prices",
            "transform": [{"explode_keys": {"as": "day"}}],
            "primary_key": ["symbol", "day"],
        }
    )
    called = place.focus("source", "try", "library", "-p", "MSFT")
    assert called.code == 0
    assert ["symbol", "string", "key", '"MSFT"'] in lines(called.out)
    assert place.focus("source", "try", "library", "-p", "TSLA").code == 2
    assert place.api.paths() == ["/historical?symbol=MSFT"]


@pytest.mark.parametrize(
    ("resource", "source", "said"),
    [
        ({"records": "rows"}, {}, "the path 'rows' finds nothing in the answer"),
        ({"path": "/nowhere"}, {}, "NotFound"),
        ({"primary_key": ["code"]}, {}, "no record has the primary key 'code'; they have id, name, price, updated_at"),
        ({"columns": {"id": "int64", "name": "int64"}}, {}, "BadValue"),
        ({"transform": [{"cast": {"name": "date"}}]}, {}, "step 1 (cast)"),
        ({"pagination": {"kind": "page", "has_more": "nothing"}}, {}, "expected true or false at 'nothing'"),
        ({}, {"base_url": "http://127.0.0.1:1"}, "ApiUnreachable"),
    ],
)
def test_what_a_load_would_stop_at_is_a_sentence(
    place: Place, resource: dict[str, Any], source: dict[str, Any], said: str
) -> None:
    place.write(resource, **source)
    called = place.focus("source", "try", "library", "things")
    assert called.code == 1
    assert called.err.startswith("library/things: ")
    assert said in called.err
    assert "Traceback" not in called.err


def test_a_wrong_login_is_a_sentence(place: Place) -> None:
    place.write({}, auth={"kind": "bearer", "token": CANARY})
    place.api.spoil = lambda call, reply: Reply({"error": f"not {CANARY}"}, status=401)
    called = place.focus("source", "try", "library", "things")
    assert called.code == 1
    assert "AuthenticationFailed" in called.err
    assert CANARY not in called.out + called.err


def test_only_rest_sources_are_tried(place: Place) -> None:
    called = place.focus("source", "try", "retail")
    assert called.code == 2
    assert "`focus doctor` looks at it" in called.err


def test_a_first_entry_is_a_configuration_that_loads_all(place: Place) -> None:
    called = place.focus(
        "source", "init", f"{place.api.base}/linked?kind=all", "--name", "library", "--resource", "things"
    )
    assert called.code == 0, called.err
    config = load_config(place.file, {})
    (things,) = [found for source in config.sources.values() for found in source.resources.values()]  # type: ignore[union-attr]
    assert (things.records, things.primary_key, things.params) == ("rows", ("id",), {"kind": "all"})
    assert (things.pagination.kind, things.total) == ("next_link", "filtered_table_rows_count")
    assert place.focus("source", "try", "library", "things").code == 0
    record = json.loads(place.focus("sync", "library/things", "--json").out)
    assert (record["error"], record["rows"], record["verdict"]) == (None, 25, "counted")


def test_each_hint_of_a_first_entry_is_a_command_that_works(place: Place) -> None:
    called = place.focus("source", "init", f"{place.api.base}/token")
    hints = [line.split("#")[0].split()[1:] for line in called.out.splitlines() if line.startswith("  focus ")]
    assert [hint[0] for hint in hints] == ["source", "sync", "dev"]
    assert [place.focus(*hint).code for hint in hints[:2]] == [0, 0]


def test_a_file_that_is_there_stays_as_it_is(place: Place) -> None:
    place.file.write_text("sources: {}\n", encoding="utf-8")
    called = place.focus("source", "init", f"{place.api.base}/token")
    assert called.code == 1
    assert place.file.read_text(encoding="utf-8") == "sources: {}\n"
    assert "--add puts this entry into it" in called.err
    assert "    kind: rest" in called.out.splitlines()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_entry_is_added_and_all_else_stays_to_the_letter(place: Place, end: str) -> None:
    place.write({"columns": {"id": "int64"}})
    before = f"# mine\n{place.file.read_text(encoding='utf-8')}".replace("\n", end).encode()
    place.file.write_bytes(before)
    assert place.focus("source", "init", f"{place.api.base}/token", "--name", "second", "--add").code == 0
    after = place.file.read_bytes()
    assert list(load_config(place.file, {}).sources) == ["second", "library"]
    top = before.index(b"sources:") + len(b"sources:")
    assert (after[:top], after[-len(before) + top :]) == (before[:top], before[top:])
    assert after.count(b"\n") == after.count(end.encode())
    again = place.focus("source", "init", f"{place.api.base}/token", "--name", "second", "--add")
    assert (again.code, place.file.read_bytes()) == (2, after)
    assert "there is such a source already" in again.err


def test_overwriting_is_asked_for(place: Place) -> None:
    place.file.write_text("nonsense", encoding="utf-8")
    assert place.focus("source", "init", f"{place.api.base}/token", "--overwrite").code == 0
    assert list(load_config(place.file, {}).sources) == ["api"]


def test_a_key_in_the_url_stays_out_of_the_file(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    called = place.focus("source", "init", f"{place.api.base}/token?apikey={CANARY}", "--name", "library")
    assert called.code == 0
    assert CANARY not in called.out + called.err + place.file.read_text(encoding="utf-8")
    assert place.api.asked[0].query["apikey"] == CANARY
    assert "export LIBRARY_KEY=…" in called.out
    monkeypatch.setenv("LIBRARY_KEY", CANARY)
    assert place.focus("source", "try", "library").code == 0
    assert place.api.asked[-1].query["apikey"] == CANARY


def test_a_token_is_named_by_its_variable(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def guarded(call: Call, reply: Reply) -> Reply:
        return reply if call.authorization == f"Bearer {CANARY}" else Reply({}, status=401)

    place.api.spoil = guarded
    refused = place.focus("source", "init", f"{place.api.base}/token", "--name", "library")
    assert (refused.code, place.file.exists()) == (1, False)
    assert "--bearer names the variable that holds a token" in refused.err
    unset = place.focus("source", "init", f"{place.api.base}/token", "--bearer", "LIBRARY_TOKEN")
    assert (unset.code, "LIBRARY_TOKEN is not set" in unset.err) == (2, True)
    monkeypatch.setenv("LIBRARY_TOKEN", CANARY)
    called = place.focus("source", "init", f"{place.api.base}/token", "--name", "library", "--bearer", "LIBRARY_TOKEN")
    assert called.code == 0, called.err
    assert CANARY not in called.out + called.err + place.file.read_text(encoding="utf-8")
    assert place.focus("source", "try", "library").code == 0


@pytest.mark.parametrize("document", [{"echo": CANARY}, [{"echo": CANARY}], [CANARY]])
@pytest.mark.parametrize("status", [200, 401])
def test_a_key_that_a_server_repeats_is_not_shown(place: Place, document: object, status: int) -> None:
    place.api.spoil = lambda call, reply: Reply(document, status=status)
    called = place.focus("source", "init", f"{place.api.base}/token?apikey={CANARY}")
    assert CANARY not in called.out + called.err
    assert not place.file.exists() or CANARY not in place.file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("ftp://example.test/x", 2, "expected a URL such as https://data.example.org"),
        ("http://127.0.0.1:1/x", 1, "ApiUnreachable"),
        ("{base}/nowhere", 1, "NotFound"),
        ("{base}/count", 1, "no list of records"),
    ],
)
def test_an_endpoint_without_records_writes_nothing(place: Place, url: str, code: int, said: str) -> None:
    called = place.focus("source", "init", url.format(base=place.api.base))
    assert (called.code, place.file.exists()) == (code, False)
    assert said in called.err

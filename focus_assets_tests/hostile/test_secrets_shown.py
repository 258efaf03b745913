"""Password and token are in nothing that the command prints, that Dagster keeps, or that a database URL leads to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from focus_assets.cli import main
from focus_assets.config import load_config
from focus_assets.database.open import Database
from focus_assets.definitions import build_definitions
from focus_assets_tests.effort import some
from focus_assets_tests.hostile.server import GOOD, endpoint_of
from focus_assets_tests.hostile.test_secrets import PASSWORD, SECRETS, TOKEN, Ear, ear, insist, told_by_files

__all__ = ["ear"]

COMMANDS = (
    ("sync", "--full"),
    ("sync", "--json"),
    ("plan",),
    ("verify",),
    ("doctor",),
    ("schema", "refresh"),
    ("schema", "diff"),
    ("history", "--json"),
    ("history", "errors", "--json"),
)


def refusing(code: int) -> Any:
    """An answer that repeats all that it was told."""

    def answer(request: Request) -> Response:
        told = f"you said {request.headers.get('authorization')} {PASSWORD} {TOKEN} {request.get_data(as_text=True)}"
        return Response(told, code, {"location": f"http://127.0.0.1:9/?token={TOKEN}"} if code == 302 else None)

    return answer


def in_an_error(request: Request) -> Response:
    return Response(json.dumps({"error": f"{TOKEN} and {PASSWORD}", "total_items": TOKEN}))


FAILURES = {**{str(code): refusing(code) for code in (200, 302, 401, 403, 404, 500)}, "error": in_an_error}


@dataclass
class Betrayer:
    """Serves the protocol, but for one endpoint."""

    endpoint: str = ""
    failure: str = "500"

    def __call__(self, request: Request) -> Response:
        endpoint = endpoint_of(f"GET {request.path} HTTP/1.1".encode())
        if endpoint == self.endpoint:
            answer: Response = FAILURES[self.failure](request)
            return answer
        return Response(GOOD[endpoint].replace(b'"t"', f'"{TOKEN}"'.encode()))


@dataclass
class House:
    """A focus.yaml whose password is in the environment, and the server that it names."""

    folder: Path
    server: HTTPServer
    betrayer: Betrayer

    @property
    def file(self) -> Path:
        return self.folder / "focus.yaml"

    def furnish(self, **destination: str) -> None:
        source = {
            "kind": "exchange",
            "base_url": self.server.url_for("").rstrip("/"),
            "business_service": "retail",
            "auth": {"kind": "focus", "username": "ada", "password": "${CANARY}"},
            "countries": ["DE"],
            "retry": {"attempts": 1},
        }
        document: dict[str, Any] = {"sources": {"shop": source}}
        if destination:
            document["destination"] = destination
        self.file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def definitions(self) -> dg.Definitions:
        return build_definitions(load_config(self.file, {"CANARY": PASSWORD}))


@pytest.fixture
def house(tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("CANARY", PASSWORD)
    betrayer = Betrayer()
    httpserver.expect_request(re.compile(".*")).respond_with_handler(betrayer)
    found = House(tmp_path, httpserver, betrayer)
    found.furnish()
    return found


@pytest.mark.parametrize("endpoint", list(GOOD))
def test_the_command_tells_no_secret(endpoint: str, house: House, ear: Ear, capsys: pytest.CaptureFixture[str]) -> None:
    call(house, "sync")
    house.betrayer.endpoint = endpoint
    failed = 0
    for failure in FAILURES:
        house.betrayer.failure = failure
        for command in some(COMMANDS, 9 if failure == "error" else 2):
            failed += call(house, *command) != 0
            shown = capsys.readouterr()
            insist([shown.out, shown.err], f"{endpoint}, {failure}: focus {' '.join(command)}")
    assert failed >= len(FAILURES), "nothing failed"
    insist(ear.heard, "the log")
    assert told_by_files(house.folder) == []


def call(house: House, *command: str) -> int:
    return main(["--config", str(house.file), *command])


@pytest.mark.parametrize("endpoint", list(GOOD))
def test_dagster_keeps_no_secret(endpoint: str, house: House, ear: Ear, capfd: pytest.CaptureFixture[str]) -> None:
    assert call(house, "schema", "refresh") == 0
    house.betrayer.endpoint = endpoint
    home = house.folder / "dagster"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        ran = [run(house, instance, failure) for failure in FAILURES]
        for events in ran:
            insist(events, f"{endpoint}: an event")
    assert endpoint in ("created", "updated", "deleted") or any(ran), "nothing was run"
    shown = capfd.readouterr()
    insist([shown.out, shown.err, *ear.heard], f"{endpoint}: what Dagster printed")
    assert told_by_files(house.folder) == []


def run(house: House, instance: dg.DagsterInstance, failure: str) -> list[str]:
    """Everything that the event log has of one materialization."""
    house.betrayer.failure = failure
    job = house.definitions().resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(
        instance=instance, raise_on_error=False, tags={"dagster/partition": "DE"}, asset_selection=[things()]
    )
    return [dg.serialize_value(record) for record in instance.all_logs(done.run_id)]


def things() -> dg.AssetKey:
    return dg.AssetKey(["retail", "things"])


def urls() -> Iterator[str]:
    yield f"postgresql://ada:{PASSWORD}@127.0.0.1:9/nowhere"
    yield f"postgresql://ada:{PASSWORD}@nowhere.invalid/nowhere?application_name={TOKEN}"
    yield f"postgresql://ada@127.0.0.1:9/nowhere?password={PASSWORD}&sslmode=require"
    yield f"postgresql://ada:{PASSWORD}@127.0.0.1:nine/nowhere"
    yield f"mysql://ada:{PASSWORD}@127.0.0.1:9/nowhere"
    yield f"oracle://ada:{PASSWORD}@127.0.0.1:9/nowhere"
    yield f"{PASSWORD}"


@pytest.mark.parametrize("url", list(urls()), ids=lambda url: url.replace(PASSWORD, "").replace(TOKEN, ""))
def test_a_database_that_cannot_be_had_is_told_of_without_its_password(
    url: str, house: House, ear: Ear, capsys: pytest.CaptureFixture[str]
) -> None:
    house.furnish(url=url)
    for command in COMMANDS[:5]:
        code = call(house, *command)
        shown = capsys.readouterr()
        assert code != 0 or command == ("plan",), command
        insist([shown.out, shown.err], f"focus {' '.join(command)}")
    insist(ear.heard, "the log")


def test_a_password_beside_the_url_is_in_no_repr(house: House) -> None:
    house.furnish(url="postgresql://ada@127.0.0.1:9/nowhere", password="${CANARY}")
    config = load_config(house.file, {"CANARY": PASSWORD})
    database = Database(config.destination)
    insist([repr(config), str(config), repr(database), database.shown, str(vars(database))], "a repr")
    assert any(secret in config.destination.beside(house.folder).url.get_secret_value() for secret in SECRETS)

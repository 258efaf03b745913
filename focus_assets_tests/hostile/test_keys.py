"""A key in a query, a secret of a client and the tokens that it buys are in no outcome, log, history or file."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from focus_assets.config import Config, Document
from focus_assets.database.open import Database
from focus_assets.fleet import open_fleet
from focus_assets.model.outcome import Outcome
from focus_assets_tests.hostile.test_secrets import told, told_by_files
from focus_assets_tests.integration.client.sockets import head, serving

KEY, TOKEN = "canary-key", "canary-token"
STATUSES = (200, 400, 401, 403, 404, 429, 500)
WAYS: dict[str, dict[str, Any]] = {
    "a key in the query": {"kind": "api_key", "in": "query", "name": "apikey", "value": KEY},
    "a key in a header": {"kind": "api_key", "name": "x-key", "value": KEY},
    "user and password": {"kind": "basic", "username": "ada", "password": KEY},
    "a token": {"kind": "bearer", "token": KEY},
    "client credentials": {"kind": "oauth2", "client_id": "me", "client_secret": KEY},
}


def rest(base: str, way: str) -> dict[str, Any]:
    auth = WAYS[way] | ({"token_url": f"{base}/token"} if way == "client credentials" else {})
    return {
        "kind": "rest",
        "base_url": base,
        "auth": auth,
        "resources": {"things": {"path": "/t", "primary_key": "id"}},
    }


def discovered(base: str, way: str) -> dict[str, Any]:
    return {"kind": "discovered", "base_url": base, "client_id": "me", "client_secret": KEY}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("way", [*WAYS, "discovered"])
async def test_no_failing_load_tells_them_though_the_server_says_them_back(
    way: str, status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def script(request: bytes) -> Iterable[bytes]:
        if request.startswith(b"POST /token"):
            return _json(200, {"access_token": TOKEN})
        echo = request.decode("latin-1") + TOKEN + KEY if way != "discovered" else request.decode("latin-1")
        return _json(status, {"error": echo, "next": f"/t?apikey={KEY}"})

    async with serving(script) as base:
        entry = discovered(base, way) if way == "discovered" else rest(base, way)
        entry["retry"] = {"attempts": 1}
        config = Config.of(Document.model_validate({"sources": {"library": entry}}), tmp_path)
        outcomes, shown = await _load(config)
    for outcome in outcomes:
        assert "canary" not in "".join(told(outcome))
    assert "canary" not in shown + caplog.text + repr(config)
    assert not told_by_files(tmp_path)


async def _load(config: Config) -> tuple[list[Outcome], str]:
    database = Database(config.destination)
    try:
        async with open_fleet(config, database) as fleet:
            return await fleet.mirror(await fleet.refs()), ""
    except Exception as error:  # noqa: BLE001 (whatever it is, it must not tell)
        return [], f"{error!r} {error} {vars(error)!r}"


def _json(status: int, value: object) -> list[bytes]:
    body = json.dumps(value).encode()
    return [head(f"{status} it", content_length=len(body)), body]

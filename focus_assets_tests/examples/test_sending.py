"""The example of sending comes true: rows are mirrored, sent, changed, sent again, and read back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from focus_assets.cli import main
from focus_assets_tests.examples.servers import JsonServer, json_server

FOLDER = "08-send-back"
pytestmark = pytest.mark.slow


def cards(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the API is to have of these posts."""
    return [{name: post[name] for name in ("id", "title", "words")} for post in posts]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_rows_are_sent_changed_sent_again_and_read_back(
    database: str,
    root: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if database == "postgresql":
        monkeypatch.setenv("FOCUS_DATABASE_URL", request.getfixturevalue("postgres_url"))
    folder = Path(shutil.copytree(root / "examples" / FOLDER, tmp_path / FOLDER))

    def focus(*arguments: str) -> dict[str, Any]:
        assert main(["--config", str(folder / "focus.yaml"), *arguments, "--json"]) == 0
        return {**json.loads(capsys.readouterr().out.splitlines()[-1])}

    with json_server(folder) as server:
        assert isinstance(server, JsonServer)
        monkeypatch.setenv("BLOG_URL", server.url)
        focus("sync")
        assert focus("writes", "send", "cards", "--plan")["to_create"] == 5
        assert focus("writes", "send", "cards")["created"] == 5
        assert server.call("GET", "/cards?_sort=id") == cards(server.call("GET", "/posts?_sort=id"))
        server.call("PATCH", "/posts/p3", {"words": 99})
        server.call("DELETE", "/posts/p5")
        focus("sync")
        said = focus("writes", "send", "cards")
        assert (said["updated"], said["deleted"], said["unchanged"], said["whole"]) == (1, 1, 3, True)
        assert server.call("GET", "/cards?_sort=id") == cards(server.call("GET", "/posts?_sort=id"))
        focus("sync", "blog/cards")
        main(["--config", str(folder / "focus.yaml"), "writes"])
        assert capsys.readouterr().out == "7 DONE, 5 confirmed\n"

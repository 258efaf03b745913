"""What the guide to sending rows shows comes out, on the server that it starts."""

from __future__ import annotations

import doctest
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from focus_assets.cli import main
from focus_assets.sandbox import SandboxServer
from focus_assets.sandbox.discovery import DiscoveryOptions, DiscoverySandbox
from focus_assets_tests.docs.test_examples import BLOCK

PAGE = Path("docs/how-to/send-rows-back.md")
CALL = re.compile(r"^\$ focus (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


@pytest.fixture
def server() -> Iterator[SandboxServer[DiscoverySandbox]]:
    with SandboxServer(DiscoverySandbox(DiscoveryOptions(items=60))) as found:
        yield found


def test_the_guide_does_what_it_shows(
    root: Path, tmp_path: Path, server: SandboxServer[DiscoverySandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = BLOCK.findall((root / PAGE).read_text(encoding="utf-8"))
    configured = next(text for language, text in blocks if language == "yaml")
    file = tmp_path / "focus.yaml"
    file.write_text(configured.replace("http://127.0.0.1:8790", server.url), encoding="utf-8")
    before = len(server.sandbox.shelf("metadata", "offers").items(""))
    calls = [call for language, text in blocks if language == "console" for call in CALL.findall(text)]
    assert len(calls) == 6
    for arguments, shown in calls:
        assert main(["--config", str(file), *arguments.split()]) == 0, arguments
        said = capsys.readouterr().out
        assert not shown or doctest.OutputChecker().check_output(shown, said, doctest.ELLIPSIS), said
    offers = server.sandbox.shelf("metadata", "offers").items("")
    contents = server.sandbox.shelf("metadata", "contents").items("")
    assert len(offers) - before == sum(bool(item["active"]) for item in contents)

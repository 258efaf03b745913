"""The guide to discovery gives what it shows, on the sandbox that it starts."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from pathlib import Path

import pytest

from focus_assets.cli import main
from focus_assets.sandbox import SandboxServer
from focus_assets.sandbox.discovery import DiscoveryOptions, DiscoverySandbox
from focus_assets_tests.docs.test_examples import BLOCK

SHOWN = "http://127.0.0.1:8766"


@pytest.fixture
def url() -> Iterator[str]:
    with SandboxServer(DiscoverySandbox(DiscoveryOptions(items=20))) as server:
        yield server.url


@pytest.fixture
def guide(root: Path) -> str:
    return (root / "docs/how-to/discover-an-api.md").read_text(encoding="utf-8")


def block(guide: str, wanted: str) -> str:
    (found,) = [text for language, text in BLOCK.findall(guide) if language == wanted]
    return found


def test_the_tree_is_what_discover_prints(
    guide: str, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "focus.yaml"
    file.write_text(block(guide, "yaml").replace(SHOWN, url), encoding="utf-8")
    assert main(["--config", str(file), "discover"]) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert printed == block(guide, "text").replace(SHOWN, url).splitlines()


def test_the_python_comes_out(guide: str, url: str) -> None:
    text = block(guide, "pycon").replace(SHOWN, url)
    found = doctest.DocTestParser().get_doctest(text, {}, "discover-an-api", None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    runner.run(found)
    assert len(found.examples) > 10
    assert runner.failures == 0

"""What the documents show exists: commands, options, settings; what docstrings show comes out."""

from __future__ import annotations

import doctest
import importlib.util
import json
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import focus_assets
from focus_assets.config import load_config
from focus_assets.config.document import Document
from focus_assets_tests.docs.commands import commands

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ENVIRONMENT = {
    "SHOP_USERNAME": "reader",
    "SHOP_PASSWORD": "secret",
    "FOCUS_DATABASE_PASSWORD": "secret",
    "PRICES_KEY": "k",
    "GATEWAY_TOKEN": "a-token-of-some-length",
    "RABBITMQ_PASSWORD": "secret",
    "KAFKA_PASSWORD": "secret",
}
SOURCE = """
sources:
  shop:
    kind: exchange
    base_url: https://data.example.org
    business_service: retail
    auth: {kind: none}
    countries: [DE]
"""
LAUNCHPAD = {"accept_deletions", "accept_shrink"}


def pages(root: Path) -> list[Path]:
    """Every document."""
    return [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "examples").rglob("*.md")]


def blocks(root: Path, *languages: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks of these languages, with the page that each is on."""
    for page in pages(root):
        for language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            if language in languages:
                yield page.name, text


def calls(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Each call of `focus` in a block for the shell, in words."""
    for page, text in blocks(root, "sh", "console", "text"):
        for line in text.splitlines():
            if found := re.match(
                r"(?:\$ |.*&& )?(?:\.venv/bin/)?focus ([^:>]*)$", line.split("  #")[0].split(" >>")[0]
            ):
                yield page, shlex.split(found[1])


def test_every_command_that_is_shown_exists_with_its_options(root: Path) -> None:
    known = commands()
    found = list(calls(root))
    assert len(found) > 30
    for page, words in found:
        path = " ".join(["focus", *words])
        name = max((name for name in known if f"{path} ".startswith(f"{name} ")), key=len)
        assert name != "focus" or words[0].startswith("--"), f"{page}: {path}"
        options = {
            option for parameter in known[name].params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        assert {word for word in words if word.startswith("-")} <= {*options, "--config"}, f"{page}: {path}"


def test_every_configuration_that_is_shown_is_one(root: Path, tmp_path: Path) -> None:
    tried = 0
    for page, text in blocks(root, "yaml"):
        if re.match(r"ops:|- ", text):  # a launchpad's, or steps, which are tried with their records
            continue
        whole = text if "sources:" in text else f"{text}\n{SOURCE}"
        file = tmp_path / f"{tried}.yaml"
        file.write_text(whole, encoding="utf-8")
        assert load_config(file, ENVIRONMENT).sources, page
        tried += 1
    assert tried >= 5


def test_every_setting_that_is_named_in_passing_exists(root: Path) -> None:
    names = {*Document.model_fields, *_fields(Document.model_json_schema())}
    said = {
        (page.name, name)
        for page in pages(root)
        for name in re.findall(
            r"`(?:\w+\.)*(\w+_\w+): (?:true|false|null|\d|\w+`|\{)", page.read_text(encoding="utf-8")
        )
    }
    assert said
    assert {(page, name) for page, name in said if name not in names and name not in LAUNCHPAD} == set()


def _fields(schema: dict[str, object]) -> Iterator[str]:
    definitions = schema["$defs"]
    assert isinstance(definitions, dict)
    for definition in definitions.values():
        yield from definition.get("properties", {})


def test_every_json_that_is_shown_is_json(root: Path) -> None:
    shown = [text for _, text in blocks(root, "json")]
    assert shown
    for text in shown:
        json.loads(text)


def test_every_make_target_that_is_shown_exists(root: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    said = {name for page in pages(root) for name in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))}
    shown = {name for _, text in blocks(root, "sh") for name in re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)}
    assert said | shown <= targets


def modules_that_show() -> Iterator[str]:
    """The modules of the package whose docstrings have examples."""
    for found in pkgutil.walk_packages(focus_assets.__path__, "focus_assets."):
        spec = importlib.util.find_spec(found.name)
        if spec and spec.origin and ">>> " in Path(spec.origin).read_text(encoding="utf-8"):
            yield found.name


@pytest.mark.parametrize("name", list(modules_that_show()))
def test_what_a_docstring_shows_comes_out(name: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted > 0
    assert failed == 0


def test_no_page_names_a_machine(root: Path, tmp_path: Path) -> None:
    here = {root.resolve(), Path.home(), Path("~root").expanduser(), tmp_path}
    tops = {str(path.parts[1]) for path in here if len(path.parts) > 1} | {"home", "root", "tmp", "work"}
    named = re.compile(rf"/(?:{'|'.join(sorted(map(re.escape, tops)))})/")
    for page in pages(root):
        assert not named.search(page.read_text(encoding="utf-8")), page.name

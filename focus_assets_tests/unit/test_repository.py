"""The repository's own files agree with each other."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

RUN = ("broker", "duckdb", "kafka", "mysql", "postgres", "sandbox", "writeback")
LEVELS = {"run": ("build",), "dev": ("build", "dev")}


def locked(root: Path, level: str) -> dict[str, Requirement]:
    """The pins of a requirements file, by name, without its hashes."""
    text = (root / "requirements" / f"{level}.txt").read_text(encoding="utf-8")
    lines = text.replace("\\\n", " ").splitlines()
    pins = [Requirement(line.split("--hash", maxsplit=1)[0]) for line in lines if line and not line.startswith("#")]
    names = [canonicalize_name(pin.name) for pin in pins]
    assert len(names) == len(set(names)), "a package is pinned twice: one code path for all Pythons is enough"
    return dict(zip(names, pins, strict=True))


def asked_for(root: Path, level: str) -> list[Requirement]:
    """What pyproject.toml itself asks for."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    texts = [
        *project["project"]["dependencies"],
        *(text for extra in RUN for text in extras[extra]),
        *(text for group in LEVELS[level] for text in project["dependency-groups"][group]),
    ]
    return [Requirement(text) for text in texts]


def needed(requirements: list[Requirement]) -> Iterator[tuple[str, Requirement]]:
    """Everything that these need here, by what the installed packages say of themselves."""
    todo, done = list(requirements), set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        yield name, requirement
        for extra in ("", *requirement.extras):
            if (name, extra) not in done:
                done.add((name, extra))
                todo += dependencies(name, extra)


def dependencies(name: str, extra: str) -> list[Requirement]:
    named = [Requirement(text) for text in importlib.metadata.requires(name) or []]
    return [one for one in named if one.marker is None or one.marker.evaluate({"extra": extra})]


@pytest.mark.parametrize("level", LEVELS)
def test_requirements_name_packages_versions_and_hashes_and_no_host(root: Path, level: str) -> None:
    text = (root / "requirements" / f"{level}.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|\bfile:|--(extra-)?index|--find-links|--trusted|@ |^-e", text, re.MULTILINE)
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9.-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("level", LEVELS)
def test_requirements_are_current_with_pyproject(root: Path, level: str) -> None:
    pins = locked(root, level)
    reached = set()
    for name, requirement in needed(asked_for(root, level)):
        assert name in pins, f"{name} is not locked; `make lock` does it"
        version = next(iter(pins[name].specifier)).version
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is not {version}: `make lock`"
        reached.add(name)
    here = {name for name, pin in pins.items() if pin.marker is None or pin.marker.evaluate()}
    assert here == reached, "a package is locked that nobody needs any more; `make lock` drops it"


def test_developing_runs_on_what_running_runs_on(root: Path) -> None:
    run, dev = locked(root, "run"), locked(root, "dev")
    assert {name: pin.specifier for name, pin in run.items()} == {name: dev[name].specifier for name in run}


def test_the_set_up_takes_the_pythons_that_the_package_takes(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    script = (root / ".ci" / "setup").read_text(encoding="utf-8")
    assert project["requires-python"] == ">=3.11,<3.15"
    assert "(3, 11) <= sys.version_info[:2] < (3, 15)" in script


def test_make_alone_lists_every_target_with_a_line(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE)) - {"moved"}
    listed = subprocess.run(["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True)
    assert {line.split()[1] for line in listed.stdout.splitlines()} == phony
    assert all(len(line.split()) > 3 for line in listed.stdout.splitlines())


def test_ci_says_the_same_words_as_people(root: Path) -> None:
    assert re.search(r"^exec make .*\bcheck$", (root / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    check = re.search(r"^check: (.*?) ##", makefile, re.MULTILINE)
    assert check is not None
    assert {"lint", "types", "contracts", "test"} <= set(check[1].split())


def test_every_way_in_names_the_same_code_location(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["dg"]["project"]
    (entry,) = yaml.safe_load((root / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    assert entry["python_module"]["module_name"] == project["code_location_target_module"]
    assert entry["python_module"]["location_name"] == project["code_location_name"]
    assert entry["python_module"]["working_directory"] == "."


def test_the_changelog_knows_this_version(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    released = [Version(text) for text in re.findall(r"^## \[(\d\S*)\]", changelog, re.MULTILINE)]
    assert "## [Unreleased]" in changelog
    assert all(version <= Version(project["version"]) for version in released)


def test_what_needs_a_browser_lies_where_make_looks_for_it(root: Path) -> None:
    tests = (root / "focus_assets_tests").rglob("*.py")
    marked = {file.parent.name for file in tests if re.search(r"mark\.browser\b", file.read_text(encoding="utf-8"))}
    assert marked == {"browser"}

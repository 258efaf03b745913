"""The reference is made from the code, and the documents name all that there is."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import dagster as dg
import pytest

from focus_assets.config import Config, load_config
from focus_assets.database.dialects import NAMES
from focus_assets.definitions import build_definitions
from focus_assets.sandbox.control import _ACTIONS, _COUNTS, _NAMES
from focus_assets.sandbox.faults import ANY, ENDPOINTS, USUAL, Fault, Kind
from focus_assets_tests.conftest import Golden
from focus_assets_tests.docs import commands, databases, orchestration, tables
from focus_assets_tests.docs.pages import filled
from focus_assets_tests.docs.rendering import configuration, error_tree

REFERENCE = Path("docs/reference")


@pytest.fixture
def built_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """What there is without a focus.yaml: the sandbox."""
    monkeypatch.chdir(tmp_path)
    return load_config(None, {})


@pytest.fixture
def defs(built_in: Config) -> dg.Definitions:
    """What Dagster loads from it."""
    return build_definitions(built_in)


def test_every_setting_is_in_the_reference(golden: Golden) -> None:
    golden(REFERENCE / "configuration.md", configuration())


def test_every_error_is_in_the_reference(golden: Golden) -> None:
    golden(REFERENCE / "errors.md", error_tree())


def test_every_command_and_option_is_in_the_reference(golden: Golden, root: Path) -> None:
    parts = {
        "commands": commands.reference(),
        "sync": commands.sync_fields(),
        "plan": commands.plan_fields(),
        "verify": commands.verify_fields(),
        "doctor": commands.doctor_fields(),
    }
    golden(REFERENCE / "commands.md", filled((root / REFERENCE / "commands.md").read_text(encoding="utf-8"), parts))


def test_every_asset_check_job_schedule_and_sensor_is_in_the_reference(
    golden: Golden, root: Path, built_in: Config, defs: dg.Definitions
) -> None:
    parts = {
        "assets": orchestration.assets(defs),
        "checks": orchestration.checks(defs),
        "jobs": orchestration.jobs(defs),
        "schedules": orchestration.schedules(defs),
        "sensors": orchestration.sensors(defs),
        "metadata": orchestration.metadata(built_in),
    }
    path = REFERENCE / "checks-and-assets.md"
    golden(path, filled((root / path).read_text(encoding="utf-8"), parts))


def test_every_table_of_ours_column_and_type_is_in_the_reference(golden: Golden, root: Path) -> None:
    parts = {"types": tables.types(), "bookkeeping": tables.bookkeeping()}
    golden(REFERENCE / "tables.md", filled((root / REFERENCE / "tables.md").read_text(encoding="utf-8"), parts))


def test_what_every_database_supports_is_in_the_reference(golden: Golden, root: Path) -> None:
    path = REFERENCE / "databases.md"
    golden(path, filled((root / path).read_text(encoding="utf-8"), {"support": databases.support()}))


def test_the_sandboxs_endpoints_and_faults_are_in_the_reference(root: Path) -> None:
    page = (root / REFERENCE / "sandbox.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (yes)? ?\|$", page, re.MULTILINE))
    assert {kind for kind, usual in rows.items() if usual} == set(USUAL)
    names = [*Kind, *ENDPOINTS, ANY, *_COUNTS, *_NAMES, *(field.name for field in dataclasses.fields(Fault))]
    names += [f"{method} {path}" for method, path in _ACTIONS]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_database_is_in_the_readme(root: Path) -> None:
    said = (root / "README.md").read_text(encoding="utf-8").lower()
    assert [name for name in NAMES if name not in said] == []


def test_every_make_target_is_in_the_documents(root: Path) -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    said = "\n".join(page.read_text(encoding="utf-8") for page in [root / "README.md", root / "CONTRIBUTING.md"])
    missing = [target for target in targets if not re.search(rf"make {target}\b(?!-)", said)]
    assert targets
    assert not missing


def test_every_link_between_documents_leads_somewhere(root: Path) -> None:
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken


def test_every_page_can_be_reached_from_the_readme(root: Path) -> None:
    seen, todo = set(), [root / "README.md"]
    while todo:
        page = todo.pop()
        seen.add(page)
        todo += [found for found in _linked(page) if found not in seen]
    assert sorted({*(root / "docs").rglob("*.md")} - seen) == []


def _linked(page: Path) -> list[Path]:
    """The pages to which a page links; a link to a folder leads to all that lie in it."""
    links = re.findall(r"\]\(([^)#:]+(?:\.md|/))(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    found = [(page.parent / link).resolve() for link in links]
    return [inner for one in found for inner in (one.glob("*.md") if one.is_dir() else [one])]

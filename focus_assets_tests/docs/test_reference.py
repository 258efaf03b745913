"""The reference is made from the code, and the documents name all that there is."""

from __future__ import annotations

import re
from pathlib import Path

from focus_assets_tests.conftest import Golden
from focus_assets_tests.docs.rendering import configuration, error_tree


def test_every_setting_is_in_the_reference(golden: Golden) -> None:
    golden("docs/reference/configuration.md", configuration())


def test_every_error_is_in_the_reference(golden: Golden) -> None:
    golden("docs/reference/errors.md", error_tree())


def test_every_make_target_is_in_the_documents(root: Path) -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (root / "Makefile").read_text(), re.MULTILINE)
    said = "\n".join(page.read_text() for page in [root / "README.md", root / "CONTRIBUTING.md"])
    missing = [target for target in targets if f"make {target}" not in said]
    assert targets
    assert not missing


def test_every_link_between_documents_leads_somewhere(root: Path) -> None:
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken

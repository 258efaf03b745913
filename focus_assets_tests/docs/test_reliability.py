"""The page of figures holds what the commands kept, and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from focus_assets_tests import proofs
from focus_assets_tests.proofs import PAGE, PROOFS, Proof, chosen, keep, main, page, prove

SAYS = Proof("says", "a thing", "said", (), ())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page and proofs of one's own."""
    monkeypatch.setattr(proofs, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(proofs, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(proofs, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text(f"before\n{proofs.BEGIN}\n{proofs.END}\nafter\n", encoding="utf-8")
    package = tmp_path / "focus_assets_tests"
    package.mkdir()
    (package / "__init__.py").touch()
    return package


def test_the_page_is_what_was_kept() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_every_proof_is_a_command(proof: Proof) -> None:
    command = proof.command(whole=True)
    assert command is not None
    assert importlib.util.find_spec(command[0])


def test_a_name_that_begins_another_is_that_one_alone() -> None:
    assert [proof.name for proof in chosen("kills")] == ["kills"]
    assert [proof.name for proof in chosen("postgresql")] == [
        proof.name for proof in PROOFS if "postgresql" in proof.name
    ]


def test_what_a_command_printed_last_is_kept_and_shown(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "said.py").write_text("print('much')\nprint('the naive client: 3')\nprint('9 kills, 0 wrong')\n")
    record = prove(SAYS, whole=False)
    assert record is not None
    assert record.said == ["the naive client: 3", "9 kills, 0 wrong"]
    keep(PROOFS[0], record, whole=False)
    assert f"| {PROOFS[0].tries} | the naive client: 3; 9 kills, 0 wrong | not run |" in page()
    assert page().startswith("before\n")
    assert page().endswith("\nafter\n")
    assert f"Python {sys.version.split()[0]}" in record.versions
    assert "much" in capsys.readouterr().out


def test_what_failed_is_not_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "PROOFS", (SAYS,))
    (place / "said.py").write_text("print('9 kills, 1 wrong')\nraise SystemExit(1)\n")
    assert main([]) == 1
    assert not proofs.KEPT.exists()

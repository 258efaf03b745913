"""Dagster gets a home of its own."""

from __future__ import annotations

from pathlib import Path

from focus_assets.cli.instance import dagster_home


def test_it_lies_under_the_folder_with_that_folder_s_settings(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    home = dagster_home(tmp_path, {})
    assert home == tmp_path / ".focus" / "dagster"
    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_settings_that_have_changed_are_taken_again(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("one\n")
    dagster_home(tmp_path, {})
    (tmp_path / "dagster.yaml").write_text("two\n")
    assert (dagster_home(tmp_path, {}) / "dagster.yaml").read_text() == "two\n"


def test_a_home_that_is_named_keeps_its_own_settings(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("ours\n")
    named = tmp_path / "elsewhere"
    named.mkdir()
    (named / "dagster.yaml").write_text("theirs\n")
    assert dagster_home(tmp_path, {"DAGSTER_HOME": str(named)}) == named
    assert (named / "dagster.yaml").read_text() == "theirs\n"


def test_without_settings_it_is_at_least_quiet(tmp_path: Path) -> None:
    assert "telemetry: {enabled: false}" in (dagster_home(tmp_path, {}) / "dagster.yaml").read_text()

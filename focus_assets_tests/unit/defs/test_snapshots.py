"""A snapshot is read as it was written, and a bad one is a named error."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus_assets.config import Config, load_config
from focus_assets.defs.snapshots import known_schemas, read_snapshot
from focus_assets.model.errors import InvalidSchema
from focus_assets.model.schema import KNOWN_TYPES, Column, ResourceSchema
from focus_assets.sources.snapshots import write_snapshot

SCHEMA = ResourceSchema("Preise", (Column("id", KNOWN_TYPES["uuid"]),), ("id",))
TEXT = """
sources:
  shop:
    kind: exchange
    base_url: http://127.0.0.1:9
    business_service: retail
    auth: {kind: focus, username: me, password: secret}
    countries: [DE]
    resources: [Preise]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "focus.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return load_config(file, {})


def test_what_was_written_is_read_and_lies_beside_the_configuration(config: Config) -> None:
    path = write_snapshot(config, "shop", {"Preise": SCHEMA})
    assert path == config.home / ".focus" / "schema" / "shop.json"
    assert read_snapshot(config, "shop") == {"Preise": SCHEMA}
    assert list(path.parent.iterdir()) == [path]


def test_a_resource_that_is_not_configured_is_left_out(config: Config) -> None:
    write_snapshot(config, "shop", {"Preise": SCHEMA, "Other": SCHEMA})
    assert list(read_snapshot(config, "shop") or ()) == ["Preise"]


def test_without_a_snapshot_there_is_none_and_the_reason_names_the_file(config: Config) -> None:
    assert read_snapshot(config, "shop") is None
    assert str(config.schema_path("shop")) in known_schemas(config, "shop").problem


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"resources": {"a": {}}}', '{"resources": {"a": 1}}', "\x00"])
def test_a_bad_snapshot_is_a_named_error_and_stops_nobody(config: Config, text: str) -> None:
    path = write_snapshot(config, "shop", {})
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSchema):
        read_snapshot(config, "shop")
    assert "cannot be read" in known_schemas(config, "shop").problem

"""Resources override what focus.yaml says, and leave the rest as it is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from focus_assets.config import Config, FocusAuth, load_config
from focus_assets.defs.resources import DataExchangeResource, DestinationResource, effective, resources_of


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(tmp_path)
    return load_config(None, {})


def test_resources_that_say_nothing_change_nothing(config: Config) -> None:
    assert effective(config, SimpleNamespace(**resources_of(config))) == config


def test_a_source_takes_another_address_and_another_login(config: Config) -> None:
    resource = DataExchangeResource(base_url="http://other:1/", username="me", password="geheim")
    settings = resource.applied_to(config.source("retail"))
    assert settings.base_url == "http://other:1"
    assert settings.auth == FocusAuth(kind="focus", username="me", password=SecretStr("geheim"))


def test_a_destination_takes_another_url_or_only_a_password(config: Config) -> None:
    other = DestinationResource(url="sqlite:///other.db").applied_to(config)
    assert other.url.get_secret_value() == f"sqlite:///{config.home}/other.db"
    postgres = config.model_copy(
        update={"destination": DestinationResource(url="postgresql://me@h/d").applied_to(config)}
    )
    assert (
        DestinationResource(password="p@ss").applied_to(postgres).url.get_secret_value() == "postgresql://me:p%40ss@h/d"
    )


def test_the_defaults_that_dagster_shows_hold_no_password(config: Config) -> None:
    assert "password='sandbox'" not in str(resources_of(config))

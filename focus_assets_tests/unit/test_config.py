"""What focus.yaml may say, and what it is told when it says something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from focus_assets.config import Config, FocusAuth, json_schema, load_config
from focus_assets.config.load import SANDBOX
from focus_assets.model.errors import InvalidConfiguration, UnknownSource
from focus_assets_tests.conftest import Golden

SOURCE = """
sources:
  focus:
    kind: exchange
    base_url: https://data.example.org/
    business_service: retail
    auth: {kind: focus, username: me, password: "${PASSWORD}"}
    countries: [DE, FR, NO]
"""
ENVIRON = {"PASSWORD": "geheim: #1"}


def load(folder: Path, text: str, environ: dict[str, str] | None = None) -> Config:
    file = folder / "focus.yaml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, ENVIRON | (environ or {}))


def refusal(folder: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        load(folder, text, environ)
    message = str(caught.value)
    assert str(folder / "focus.yaml") in message
    assert "geheim" not in repr(caught.value) + message
    assert caught.value.__cause__ is None or "geheim" not in str(caught.value.__cause__)
    return message.replace(str(folder), "")


# where it is found


def test_the_call_comes_before_the_environment_and_the_environment_before_the_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("called", "named", "focus"):
        (tmp_path / f"{name}.yaml").write_text(SOURCE.replace("retail", name))
    named = ENVIRON | {"FOCUS_CONFIG": str(tmp_path / "named.yaml")}
    assert load_config(tmp_path / "called.yaml", named).source("focus").business_service == "called"
    assert load_config(None, named).source("focus").business_service == "named"
    assert load_config(None, ENVIRON).source("focus").business_service == "focus"


def test_focus_config_that_names_no_file_is_an_error(tmp_path) -> None:
    with pytest.raises(InvalidConfiguration, match="FOCUS_CONFIG: expected the path of a file; there is none at"):
        load_config(None, {"FOCUS_CONFIG": str(tmp_path / "none.yaml")})
    with pytest.raises(InvalidConfiguration, match="FOCUS_CONFIG"):
        load_config(None, {"FOCUS_CONFIG": str(tmp_path)})


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path) -> None:
    with pytest.raises(InvalidConfiguration, match="none.yaml: there is no such file"):
        load_config(tmp_path / "none.yaml", {})
    with pytest.raises(InvalidConfiguration, match="it cannot be read"):
        load_config(tmp_path, {})
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    with pytest.raises(InvalidConfiguration, match="expected UTF-8; byte 3 is not"):
        load_config(tmp_path / "latin.yaml", {})


def test_without_any_file_it_is_the_sandbox_into_sqlite_beside_it(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_config(None, {})
    assert {source.base_url for source in config.sources.values()} == {"http://127.0.0.1:8765"}
    assert config.destination.shown == f"sqlite:///{tmp_path}/data/focus.db"
    assert (config.home, config.file) == (tmp_path, None)


def test_the_repository_s_focus_yaml_says_what_is_built_in(root) -> None:
    text = (root / "focus.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == SANDBOX
    assert load_config(root / "focus.yaml", {}).sources == load_config(root / "focus.yaml", {"X": "y"}).sources


# what it means


def test_every_knob_has_a_default(tmp_path) -> None:
    config = load(tmp_path, SOURCE)
    source = config.source("focus")
    assert (source.overlap_seconds, source.rate_limit, source.lang, source.resources) == (300, None, None, "all")
    assert (source.token_life_seconds, source.change_columns) == (1740, ("created_at", "updated_at"))
    assert (config.concurrency.partitions, config.schedules.running, config.alerts.webhook_url) == (4, False, None)


def test_a_country_is_a_text_whatever_yaml_makes_of_it(tmp_path) -> None:
    text = SOURCE.replace("[DE, FR, NO]", "[NO, ON, Y, 007, 1e3, 12:30, 2026-01-01]")
    assert load(tmp_path, text).source("focus").countries == ("NO", "ON", "Y", "007", "1e3", "12:30", "2026-01-01")


def test_a_variable_can_hold_a_list_a_number_and_a_switch(tmp_path) -> None:
    text = SOURCE.replace("[DE, FR, NO]", "${COUNTRIES}") + (
        "    resources: ${RESOURCES:-all}\n    overlap_seconds: ${OVERLAP}\nschedules: {running: '${ON:-false}'}\n"
    )
    config = load(tmp_path, text, {"COUNTRIES": "DE, NO", "OVERLAP": "17", "ON": "true"})
    source = config.source("focus")
    assert (source.countries, source.resources, source.overlap_seconds) == (("DE", "NO"), "all", 17)
    assert config.schedules.running is True
    assert load(tmp_path, text, {"COUNTRIES": "DE", "OVERLAP": "1", "RESOURCES": "a,b"}).source("focus").resources == (
        "a",
        "b",
    )


def test_an_empty_variable_turns_an_option_off(tmp_path) -> None:
    config = load(tmp_path, SOURCE + "alerts: {webhook_url: '${HOOK:-}'}\nschedules: {delta: '${NEVER:-}'}\n")
    assert config.alerts.webhook_url is None
    assert config.schedules.delta is None


def test_a_variable_s_value_is_never_read_as_yaml_nor_looked_into_again(tmp_path) -> None:
    auth = load(tmp_path, SOURCE, {"PASSWORD": "a: [b] # ${HOME} 'c\"\n"}).source("focus").auth
    assert isinstance(auth, FocusAuth)
    assert auth.password.get_secret_value() == "a: [b] # ${HOME} 'c\"\n"


@pytest.mark.parametrize(
    ("written", "environ", "meant"),
    [
        ("${A}", {"A": "x"}, "x"),
        ("${A}", {"A": ""}, ""),
        ("${A:-d e}", {}, "d e"),
        ("${A:-d}", {"A": ""}, "d"),
        ("p${A}q${B}", {"A": "1", "B": "2"}, "p1q2"),
        ("$${A}", {"A": "x"}, "${A}"),
        ("$A $ {A}", {"A": "x"}, "$A $ {A}"),
    ],
)
def test_references_to_the_environment(tmp_path, written, environ, meant) -> None:
    auth = load(tmp_path, SOURCE.replace("${PASSWORD}", written), environ).source("focus").auth
    assert isinstance(auth, FocusAuth)
    assert auth.password.get_secret_value() == meant


def test_a_relative_sqlite_path_begins_beside_the_file_wherever_one_stands(tmp_path, monkeypatch) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project" / "focus.yaml").write_text(SOURCE)
    config = load_config(Path("project/focus.yaml"), ENVIRON)
    assert config.destination.url.get_secret_value() == f"sqlite:///{tmp_path}/project/data/focus.db"
    assert config.schema_path("focus") == tmp_path / "project" / ".focus" / "schema" / "focus.json"
    assert list((tmp_path / "project").iterdir()) == [tmp_path / "project" / "focus.yaml"]


def test_an_absolute_sqlite_path_stays(tmp_path) -> None:
    config = load(tmp_path, SOURCE + "destination: {url: 'sqlite:////srv/a b.db'}\n")
    assert config.destination.url.get_secret_value() == "sqlite:////srv/a b.db"


def test_the_password_of_its_own_key_needs_no_escapes(tmp_path) -> None:
    text = SOURCE + "destination: {url: 'postgresql://me@db/focus', password: '${DB}'}\n"
    destination = load(tmp_path, text, {"DB": "a@b/c:d%"}).destination
    assert destination.url.get_secret_value() == "postgresql://me:a%40b%2Fc%3Ad%25@db/focus"
    assert destination.shown == "postgresql://me:***@db/focus"


def test_no_secret_is_ever_shown(tmp_path) -> None:
    text = SOURCE + (
        "destination: {url: 'postgresql://me:geheim@db/focus'}\nalerts: {webhook_url: 'https://x/geheim'}\n"
    )
    config = load(tmp_path, text)
    shown = f"{config!r} {config} {config.model_dump()} {config.model_dump_json()} {config.destination.shown}"
    assert "geheim" not in shown


def test_a_configuration_does_not_change(tmp_path) -> None:
    config = load(tmp_path, SOURCE)
    with pytest.raises(ValueError, match="frozen"):
        config.source("focus").overlap_seconds = 1


def test_an_unknown_source_is_told_the_known_ones(tmp_path) -> None:
    with pytest.raises(UnknownSource, match="no source 'focsu'; known: focus; did you mean 'focus'"):
        load(tmp_path, SOURCE).source("focsu")


def test_yaml_s_merge_keys_work(tmp_path) -> None:
    text = SOURCE.replace("  focus:\n", "  focus: &base\n") + (
        "  other:\n    <<: *base\n    business_service: stock\n    countries: [DE]\n"
    )
    config = load(tmp_path, text)
    assert config.source("other").base_url == config.source("focus").base_url
    assert config.source("other").countries == ("DE",)


# what is refused


def test_an_unset_variable_is_named_with_its_key_and_all_of_them_at_once(tmp_path) -> None:
    text = SOURCE.replace("https://data.example.org/", "${FOCUS_URL}").replace("PASSWORD", "SECRET")
    assert refusal(tmp_path, text) == (
        "/focus.yaml: 2 problems\n"
        "  sources.focus.base_url: the environment variable FOCUS_URL is not set\n"
        "  sources.focus.auth.password: the environment variable SECRET is not set"
    )


def test_everything_that_is_wrong_is_said_at_once(tmp_path) -> None:
    text = (
        SOURCE.replace("kind: focus", "kind: focsu")
        + "    overlap_secnds: 3\n    retry: {attempts: 0}\n    timeouts: {read: soon}\n"
    )
    assert refusal(tmp_path, text) == (
        "/focus.yaml: 4 problems\n"
        "  sources.focus.timeouts.read: expected a number\n"
        "  sources.focus.retry.attempts: expected at least 1\n"
        "  sources.focus.auth: expected a kind of 'none', 'focus', 'api_key', 'basic', 'bearer', 'oauth2'\n"
        "  sources.focus.overlap_secnds: there is no such key; did you mean 'overlap_seconds'?"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: exchange", "kind: exchnge", "sources.focus: expected a kind of 'exchange', 'rest'"),
        ("    kind: exchange\n", "", "sources.focus: the key 'kind' is missing"),
        ("kind: focus, ", "", "sources.focus.auth: the key 'kind' is missing"),
        ("username: me, ", "", "sources.focus.auth.username: it is missing"),
        (
            "username: me",
            "username: me, passwrd: x",
            "sources.focus.auth.passwrd: there is no such key; did you mean 'password'?",
        ),
        (
            "kind: focus, username: me,",
            "kind: basic, username: me, scheme: x,",
            "sources.focus.auth.scheme: there is no such key; known: kind, password, username",
        ),
        (
            'kind: focus, username: me, password: "${PASSWORD}"',
            "kind: none, pass: x",
            "sources.focus.auth.pass: there is no such key; known: kind",
        ),
        ("username: me", "username: 17", "sources.focus.auth.username: expected a text"),
        ("username: me", "username: me, header: 'a b'", "sources.focus.auth.header: expected a header's name"),
        ('"${PASSWORD}"', "12", "sources.focus.auth.password: expected a text"),
        ("https://data", "https://me:geheim@data", "sources.focus.base_url: expected a URL without user and password"),
        ("https://data", "ftp://geheim", "sources.focus.base_url: expected a URL such as"),
        ("example.org/", "example.org/api/v1/", "sources.focus.base_url: expected the host alone"),
        ("[DE, FR, NO]", "[]", "sources.focus.countries: expected at least 1"),
        ("[DE, FR, NO]", "[DE, false]", "sources.focus.countries[1]: expected a text"),
        ("[DE, FR, NO]", "[DE, FR, de]", "sources.focus.countries: expected each name once; there twice: DE, de"),
        ("[DE, FR, NO]", '["D\\nE"]', "sources.focus.countries: expected names that"),
        ("service: retail", "service: _focus_x", "sources.focus.business_service: expected a service's name"),
        ("service: retail", "service: ..", "sources.focus.business_service: expected a service's name"),
        ("NO]", "NO]\n    resources: []", "sources.focus.resources: expected all, or a list"),
        ("NO]", "NO]\n    resources: {a: b}", "sources.focus.resources: expected all, or a list"),
        ("NO]", "NO]\n    rate_limit: {}", "sources.focus.rate_limit: expected per_second, per_minute or both"),
        ("NO]", "NO]\n    overlap_seconds: true", "sources.focus.overlap_seconds: expected a number"),
        ("NO]", "NO]\n    timeouts: {read: .5e400}", "sources.focus.timeouts.read: expected a number"),
        ("NO]", "NO]\n    bad_rows: drop", "sources.focus.bad_rows: expected 'refuse' or 'quarantine'"),
        ("NO]", "NO]\nschedules: {delta: hourly}", "schedules.delta: expected a cron expression of five fields"),
        ("NO]", "NO]\nschedules: {timezone: Mars}", "schedules.timezone: expected a time zone"),
        ("NO]", "NO]\nschedules: [a]", "schedules: expected keys with their values"),
        ("NO]", "NO]\ndestinaton: {}", "destinaton: there is no such key; did you mean 'destination'?"),
        ("NO]", "NO]\ndestination: {url: geheim}", "destination.url: expected a URL such as"),
        ("NO]", "NO]\ndestination: {url: 'postgresql://u:geheim@h:p/d'}", "destination.url: expected a URL such as"),
        ("NO]", "NO]\ndestination: {url: 'sqlite://'}", "destination.url: expected the path of a file"),
        ("NO]", "NO]\ndestination: {url: 'sqlite:///:memory:'}", "destination.url: expected the path of a file"),
        ("NO]", "NO]\nalerts: {webhook_url: 'file:///geheim'}", "alerts.webhook_url: expected a URL that begins with"),
        ("  focus:\n", "  ../focus:\n", "sources: the source's name '../focus' is refused"),
        ("  focus:\n", "  _focus:\n", "sources: the source's name '_focus' is refused"),
        ("${PASSWORD}", "${PASSWORD", "sources.focus.auth.password: expected ${NAME}"),
    ],
)
def test_what_is_wrong_is_said_with_its_key_and_what_was_expected(tmp_path, old, new, said) -> None:
    assert old in SOURCE
    assert f"/focus.yaml: {said}" in refusal(tmp_path, SOURCE.replace(old, new))


def test_two_sources_that_would_fill_one_table_are_refused(tmp_path) -> None:
    second = SOURCE.replace("sources:\n", "").replace("  focus:", "  other:")
    assert "sources.focus and sources.other would fill the same tables" in refusal(tmp_path, SOURCE + second)
    apart = SOURCE + "    resources: [a]\n" + second + "    resources: [b]\n"
    assert len(load(tmp_path, apart).sources) == 2


def test_sources_whose_names_differ_in_case_or_dash_are_refused(tmp_path) -> None:
    second = SOURCE.replace("sources:\n", "").replace("retail", "stock")
    text = SOURCE.replace("  focus:", "  my-api:") + second.replace("  focus:", "  My_API:")
    assert "sources: expected each name once" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected keys with their values"),
        ("[]", "expected keys with their values"),
        ("sources: {}", "sources: expected at least 1"),
        ("sources: {a: 1}", "sources.a: expected keys with their values"),
        ("a: b: c", "line 1, column 5: not YAML: mapping values are not allowed here"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1: not YAML: the key 'a' is there twice"),
        ("a: !!python/object/apply:os.system [x]", "line 1, column 4: not YAML: could not determine a constructor"),
        ("password: geheim\n\tx: 1", "not YAML: found character"),
        ("a: \x07", "not YAML: it holds a character that is not allowed there"),
        ("sources: &a {x: *a}", "expected at most 32 levels"),
        ("? [a]\n: b", "line 1, column 3: not YAML: expected a text as the key"),
        ("1: 2", "\n  1: there is no such key; known: alerts, concurrency, destination, history, schedules, sources"),
    ],
)
def test_what_is_no_configuration_at_all(tmp_path, text, said) -> None:
    assert said in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("expression", "good"),
    [
        ("*/15 * * * *", True),
        ("0 2 1,15 * MON-FRI", True),
        ("0-30/5 0 * JAN 7", True),
        ("60 * * * *", False),
        ("5-1 * * * *", False),
        ("* * * *", False),
        ("* * * * * *", False),
        ("@daily", False),
        ("*/0 * * * *", False),
    ],
)
def test_a_cron_expression_is_told_from_what_only_looks_like_one(tmp_path, expression, good) -> None:
    text = SOURCE + f"schedules: {{delta: '{expression}'}}\n"
    if good:
        assert load(tmp_path, text).schedules.delta == expression
    else:
        assert "schedules.delta" in refusal(tmp_path, text)


# for editors


def test_the_schema_for_editors_is_current(golden: Golden) -> None:
    golden("focus.schema.json", json.dumps(json_schema(), indent=2, sort_keys=True) + "\n")


def test_the_schema_for_editors_takes_references_to_the_environment() -> None:
    overlap = json_schema()["$defs"]["ExchangeSource"]["properties"]["overlap_seconds"]
    assert {branch["type"] for branch in overlap["anyOf"]} == {"integer", "string"}

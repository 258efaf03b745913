"""`focus writes send` plans, sends, and says by its exit code whether the API has all the rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from focus_assets.cli import main
from focus_assets.sandbox import SandboxServer
from focus_assets.sandbox.cluster import Whim
from focus_assets.sandbox.discovery import DiscoveryOptions, DiscoverySandbox
from focus_assets.writeback import intents
from focus_assets_tests.integration.sending.scene import ENTRY, Scene, opened

LONG_AGO = "2025-07-01T00:00:00.000000Z"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Over SQLite, with a focus.yaml that says the same."""
    with opened(tmp_path, f"sqlite:///{tmp_path / 'sent.db'}", read_back="shop/items", at_once=1) as made:
        document = json.loads(made.config.model_dump_json(exclude_unset=True, exclude={"home", "file", "destination"}))
        document["destination"] = {"url": made.config.destination.url.get_secret_value()}
        (tmp_path / "focus.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        yield made


@pytest.fixture
def focus(tmp_path: Path, scene: Scene, capsys: pytest.CaptureFixture[str]) -> Any:
    """Calls the command; its exit code, and what it printed."""
    del scene

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["--config", str(tmp_path / "focus.yaml"), *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_a_plan_says_what_would_be_sent_and_sends_nothing(scene: Scene, focus: Any) -> None:
    scene.rows(a="1", b="2")
    code, out, err = focus("writes", "send", ENTRY, "--plan")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["items: 2 to create, 0 unchanged", '  create ["a"]', '  create ["b"]']
    (line,) = map(json.loads, focus("writes", "send", "--plan", "--json")[1].splitlines())
    assert (line["to_create"], line["changes"][0]) == (2, {"kind": "create", "key": '["a"]'})
    assert scene.shop.asked == []


def test_what_is_sent_is_told_by_numbers_and_exit_code(scene: Scene, focus: Any) -> None:
    scene.rows(a="1", b="2")
    assert focus("writes", "send", ENTRY) == (0, "items: 2 created, 0 unchanged\n", "")
    scene.rows(a="1", b="3", c="4")
    scene.shop.whims = [Whim.FAILS_AFTER]
    code, out, _ = focus("writes", "send", "--json")
    said = json.loads(out)
    assert (code, said["whole"], said["unknown"], said["created"], said["unchanged"]) == (1, False, 1, 1, 1)
    scene.shop.statuses = [422]
    scene.rows(a="1", b="3", c="5")
    assert focus("writes", "send", ENTRY) == (1, "items: 1 unchanged, 1 waiting, 1 dead\n", "")
    listed = focus("writes")[1]
    assert ("items" in listed, "DEAD" in listed, "UNKNOWN" in listed) == (True, True, True)
    assert focus("writes", "replay", "--all")[0] == 0
    assert focus("writes", "drain")[:2] == (0, "1 were due: 1 DONE\n")


def test_a_mass_deletion_needs_a_word(scene: Scene, focus: Any) -> None:
    scene.rows(**{f"n{number}": "1" for number in range(101)})
    assert focus("writes", "send")[0] == 0
    scene.rows()
    code, _, err = focus("writes", "send", ENTRY)
    assert (code, "items: DeletionsRefused: 101 of the 101 rows" in err) == (1, True)
    assert focus("writes", "send", "--plan")[0] == 1
    assert focus("writes", "send", ENTRY, "--accept-deletions")[0] == 0
    assert scene.shop.items == {}


def test_a_write_is_confirmed_when_the_mirrors_next_load_shows_it(scene: Scene, focus: Any) -> None:
    def confirmed() -> dict[str, bool]:
        lines = focus("writes", "list", "--state", "DONE", "--json")[1].splitlines()
        return {f"{one['kind']} {one['key']}": one["confirmed"] for one in map(json.loads, lines)}

    scene.rows(a="1", b="2")
    focus("writes", "send")
    assert confirmed() == {'create ["a"]': False, 'create ["b"]': False}
    assert focus("sync", "shop/items")[0] == 0
    assert confirmed() == {'create ["a"]': True, 'create ["b"]': True}
    scene.rows(a="3")
    focus("writes", "send")
    assert confirmed()['update ["a"]'] is False
    assert focus("sync", "shop/items")[0] == 0
    assert confirmed() == {
        'create ["a"]': False,
        'create ["b"]': False,
        'delete ["b"]': True,
        'update ["a"]': True,
    }
    assert "4 DONE, 2 confirmed" in focus("writes")[1]


def test_an_api_that_cannot_be_opened_fails_its_own_entry_alone(scene: Scene, focus: Any, tmp_path: Path) -> None:
    scene.rows(a="1")
    scene.shop.statuses = [429]
    assert focus("writes", "send", ENTRY)[0] == 1
    with scene.database.writing("let it be due") as connection:
        connection.execute(sa.update(intents.INTENTS).values(next_at=LONG_AGO))
    file = tmp_path / "focus.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    with SandboxServer(DiscoverySandbox(DiscoveryOptions(items=1))) as server:
        gone = {"query": "-", "key": "ref", "source": "registry", "collection": "metadata_gone"}
        login = {"kind": "discovered", "base_url": server.url, "client_id": "sandbox", "client_secret": "sandbox"}
        document["sources"]["registry"] = login
        document["writes"] = {"first": gone, **document["writes"]}
        file.write_text(yaml.safe_dump(document), encoding="utf-8")
        code, out, err = focus("writes", "drain")
    assert (code, out) == (1, "2 were due: 1 DONE\n")
    assert err.startswith("first: UnknownResource: ")


def test_one_that_cannot_be_replayed_does_not_keep_the_others_from_it(scene: Scene, focus: Any, tmp_path: Path) -> None:
    scene.rows(a="1", b="2")
    scene.shop.statuses = [422, 422]
    focus("writes", "send", ENTRY)
    first, second = (intent.operation_id for intent in scene.intents())
    with scene.database.writing("leave one of an entry that was taken out") as connection:
        of_first = sa.update(intents.INTENTS).where(intents.INTENTS.c.operation_id == first)
        connection.execute(of_first.values(entry="gone"))
    code, out, err = focus("writes", "replay", "--all")
    assert (code, out) == (1, f"{second} is due again\n")
    assert err.startswith(f"{first}: there is no entry under writes 'gone'")


def test_a_body_that_cannot_be_read_is_listed_and_never_confirmed(scene: Scene, focus: Any) -> None:
    scene.rows(a="1", b="2")
    focus("writes", "send")
    assert focus("sync", "shop/items")[0] == 0
    with scene.database.writing("spoil") as connection:
        spoiled = sa.update(intents.INTENTS).where(intents.INTENTS.c.object_key == '["a"]')
        connection.execute(spoiled.values(payload='{"price":nan}'))
    code, out, err = focus("writes", "list", "--state", "DONE", "--json")
    said = {one["key"]: one["confirmed"] for one in map(json.loads, out.splitlines())}
    assert (code, err, said) == (0, "", {'["a"]': False, '["b"]': True})


def test_an_entry_that_is_not_there_is_told_the_known_ones(focus: Any) -> None:
    code, _, err = focus("writes", "send", "itmes")
    assert code == 2
    assert err == "focus: UnknownEntry: there is no entry under writes 'itmes'; known: items; did you mean 'items'?\n"


def test_who_writes_nothing_is_told_what_to_configure(tmp_path: Path, focus: Any) -> None:
    document = yaml.safe_load((tmp_path / "focus.yaml").read_text(encoding="utf-8"))
    del document["writes"]
    (tmp_path / "focus.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    code, _, err = focus("writes", "send")
    assert (code, "expected writeback" in err) == (2, True)

"""The first request of a resource says just what focus.yaml does, with its partition and its moment filled in."""

from __future__ import annotations

from typing import Any

import pytest

from focus_assets.config import RestResource
from focus_assets.model.errors import NameRefused
from focus_assets.sources.rest.asking import address, ask_for, written

BASE = "https://api.example.org/v2"
SINCE = "2025-07-01T16:01:00.827904"


def resource(**entry: Any) -> RestResource:
    return RestResource.model_validate({"path": "/things", "primary_key": ["id"], **entry})


def test_path_params_and_body_carry_the_partition() -> None:
    entry = resource(
        path="/of/{partition}/all",
        method="POST",
        params={"symbol": "{partition}", "live": True, "size": 5},
        body={"filter": {"in": ["{partition}", 3]}},
        partitions=["a/b c"],
    )
    ask = ask_for(BASE, entry, "a/b c")
    assert ask.url == f"{BASE}/of/a%2Fb%20c/all"
    assert ask.params == {"symbol": "a/b c", "live": "true", "size": "5"}
    assert ask.body == {"filter": {"in": ["a/b c", 3]}}
    assert entry.body == {"filter": {"in": ["{partition}", 3]}}


@pytest.mark.parametrize("partition", ["", ".", ".."])
def test_a_partition_stays_within_its_segment(partition: str) -> None:
    with pytest.raises(NameRefused):
        address(BASE, "/of/{partition}", partition)


@pytest.mark.parametrize(("path", "url"), [("", BASE), ("/", BASE), ("things/", f"{BASE}/things/")])
def test_a_path_follows_the_base(path: str, url: str) -> None:
    assert address(BASE, path, "") == url


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("iso", "2025-07-01T16:01:00.827904Z"),
        ("date", "2025-07-01"),
        ("epoch", 1751385660),
        ("epoch_ms", 1751385660827),
        ("%d.%m.%Y %H:%M", "01.07.2025 16:01"),
    ],
)
def test_a_moment_is_written_as_the_api_wants_it(form: str, value: object) -> None:
    entry = resource(incremental={"cursor": "at", "param": "from", "format": form})
    assert entry.incremental is not None
    assert written(entry.incremental, SINCE) == value
    assert ask_for(BASE, entry, "", SINCE).params == {"from": str(value)}
    assert ask_for(BASE, entry, "").params == {}


def test_a_number_is_sent_as_it_is() -> None:
    entry = resource(incremental={"cursor": "id", "param": "after", "format": "number"})
    assert ask_for(BASE, entry, "", "1107").params == {"after": "1107"}


def test_a_moment_before_1970_is_floored() -> None:
    entry = resource(incremental={"cursor": "at", "param": "from", "format": "epoch"})
    assert entry.incremental is not None
    assert written(entry.incremental, "1969-12-31T23:59:59.500000") == -1

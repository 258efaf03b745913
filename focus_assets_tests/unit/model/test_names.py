"""Names from outside keep their spelling, and are refused where they could collide, hide or break out."""

from __future__ import annotations

import pytest

from focus_assets.model.errors import NameRefused
from focus_assets.model.names import check_column, check_columns, check_resource, check_resources, check_service


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "ID",
        "select",
        "order",
        'a"b',
        "a'b",
        "a`b",
        "a]b",
        "a b",
        "a;b",
        "--",
        "%s",
        "{x}",
        "prix_\u20ac",
        "\u540d\u524d",
        "x" * 63,
        "_synced",
        "country",
        "focus",
        "robert'); DROP TABLE students;--",
        "a.b",
        "a/b",
        "\\",
        "__proto__",
        "\u00e9" * 31,
    ],
)
def test_a_strange_name_is_kept(name: str) -> None:
    check_column(name)
    check_resource(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        " a",
        "a ",
        "a\n",
        "a\0b",
        "a\tb",
        "a\x7fb",
        "a\u0085b",
        "a\u200bb",
        "a\u202eb",
        "a\ufeff",
        "a\ud800",
        "a\u2028b",
        "_focus",
        "_FOCUS_ledger",
        "_Focus_x",
        "x" * 64,
        "\u00e9" * 32,
        "\u00a0a",
    ],
)
def test_a_hostile_name_is_refused(name: str) -> None:
    for check in (check_column, check_resource, check_service):
        with pytest.raises(NameRefused):
            check(name)


@pytest.mark.parametrize("name", ["_country", "_COUNTRY", "_Partition", "_synced_at"])
def test_our_columns_are_ours(name: str) -> None:
    check_resource(name)
    with pytest.raises(NameRefused, match="ours"):
        check_column(name)


@pytest.mark.parametrize("name", [".", ".."])
def test_a_resource_cannot_change_its_address(name: str) -> None:
    with pytest.raises(NameRefused):
        check_resource(name)


@pytest.mark.parametrize("name", ["pg_catalog", "PG_toast", "information_schema", "sqlite_master", "sys", "mysql"])
def test_a_service_cannot_be_the_databases_own(name: str) -> None:
    check_resource(name)
    check_service(f"my_{name}")
    with pytest.raises(NameRefused):
        check_service(name)


@pytest.mark.parametrize(
    "names",
    [
        ("a", "A"),
        ("a", "a"),
        ("stra\u00dfe", "STRASSE"),
        ("\u00e9", "e\u0301"),
        ("\u212a", "k"),
        ("x", "y", "X"),
        ("\u00c9", "e\u0301"),
    ],
)
def test_names_that_a_database_could_take_for_one_collide(names: tuple[str, ...]) -> None:
    for check in (check_columns, check_resources):
        with pytest.raises(NameRefused, match="collides"):
            check(names)


def test_a_thousand_columns_are_enough() -> None:
    check_columns(f"c{place}" for place in range(1000))
    with pytest.raises(NameRefused, match="1,001 columns"):
        check_columns(f"c{place}" for place in range(1001))


def test_the_error_has_the_name_and_the_reason() -> None:
    with pytest.raises(NameRefused) as caught:
        check_columns(["a", "A"])
    assert (caught.value.name, caught.value.reason) == ("A", "it collides with 'a'")

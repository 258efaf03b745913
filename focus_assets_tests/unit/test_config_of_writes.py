"""What focus.yaml may say of rows that are sent, and what it is told when it says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from focus_assets.config import load_config
from focus_assets.model.errors import InvalidConfiguration
from focus_assets.model.schema import Kind

SOURCES: dict[str, Any] = {
    "shop": {
        "kind": "rest",
        "base_url": "https://shop.example.org",
        "resources": {"orders": {"path": "orders", "primary_key": "id"}},
    },
    "registry": {
        "kind": "discovered",
        "base_url": "https://registry.example.org",
        "client_id": "me",
        "client_secret": "secret",
        "services": {"metadata": ["offers"]},
    },
    "retail": {
        "kind": "exchange",
        "base_url": "https://data.example.org",
        "business_service": "retail",
        "auth": {"kind": "none"},
        "countries": ["DE"],
    },
}
ENTRY: dict[str, Any] = {"resource": "shop/orders", "key": "id", "source": "shop", "path": "/orders"}


def load(folder: Path, **entry: Any) -> Any:
    """The entry `orders` as it is read."""
    return _written(
        folder, {"orders": {name: value for name, value in {**ENTRY, **entry}.items() if value is not None}}
    )


def _written(folder: Path, writes: dict[str, Any]) -> Any:
    file = folder / "focus.yaml"
    file.write_text(yaml.safe_dump({"sources": SOURCES, "writes": writes}), encoding="utf-8")
    return load_config(file, {}).writes


def test_a_resource_is_sent_to_a_path(tmp_path: Path) -> None:
    entry = load(tmp_path)["orders"]
    assert (entry.key, entry.mirrored, entry.create, entry.update) == (("id",), ("shop/orders",), "POST", "PUT")
    assert (entry.deletes, entry.adopt, entry.keys_kept_hours, entry.lifetime_seconds) == (True, False, None, 120.0)


def test_a_query_is_sent_to_a_collection(tmp_path: Path) -> None:
    query = {"resource": None, "query": "SELECT 1", "reads": "shop/orders", "types": {"ok": "bool"}}
    entry = load(tmp_path, **query, source="registry", path=None, collection="metadata_offers")["orders"]
    assert (entry.mirrored, entry.column_types["ok"].kind) == (("shop/orders",), Kind.BOOL)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"query": "SELECT 1"}, "writes.orders: expected resource or query, and not both"),
        ({"resource": None}, "writes.orders: expected resource or query, and not both"),
        ({"reads": ["shop/orders"]}, "writes.orders: reads and types belong to a query"),
        ({"resource": "orders"}, "expected a source and a resource, such as shop/orders, and not 'orders'"),
        ({"resource": "shop/other"}, "writes.orders: 'shop/other' is no mirrored resource of this file"),
        ({"resource": None, "query": "SELECT 1", "types": {"x": "blob"}}, "the column 'x' has the unknown type 'blob'"),
        ({"columns": ["name"]}, "expected the key 'id' among the columns"),
        ({"key": None}, "writes.orders.key: it is missing"),
        ({"key": "id, ID"}, "expected each name once"),
        ({"path": None}, "expected path (of a rest source) or collection (of a discovered one)"),
        ({"collection": "metadata_offers"}, "expected path (of a rest source) or collection"),
        ({"path": None, "collection": "metadata_offers"}, "writes.orders.collection: expected a source of the kind"),
        ({"source": "registry"}, "writes.orders.path: expected a source of the kind rest, not discovered"),
        ({"source": "retail"}, "writes.orders.path: expected a source of the kind rest, not exchange"),
        ({"source": "nowhere"}, "writes.orders.source: expected one of"),
        ({"path": None, "source": "registry", "collection": "x", "update": "PATCH"}, "belong to a path"),
        ({"path": None, "source": "registry", "collection": "x", "key": "a, b"}, "expected one key column"),
        ({"item": "orders/{number}"}, "two items would have one address: expected {id} in item"),
        ({"path": "/orders?tenant=1"}, "writes.orders.path: expected a path without ? and #"),
        ({"path": "/orders#all"}, "writes.orders.path: expected a path without ? and #"),
        ({"item": "/orders/{id}?full=1"}, "writes.orders.item: expected a path without ? and #"),
        ({"item": "/orders#{id}"}, "writes.orders.item: expected a path without ? and #"),
        ({"path": None, "source": "registry", "collection": "x", "params": {"a": "1"}}, "belong to a path"),
        ({"lifetime_seconds": 30}, "expected lifetime_seconds greater than request_seconds"),
        ({"create": "PATCH"}, "writes.orders.create: expected 'POST' or 'PUT'"),
        ({"retries": 3}, "writes.orders.retries: "),
    ],
)
def test_what_is_wrong_is_said_with_its_key_and_what_was_expected(
    tmp_path: Path, entry: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        load(tmp_path, **entry)
    assert said in str(caught.value)


@pytest.mark.parametrize("names", [["a b"], ["_focus"], ["a-b", "a_b"]])
def test_a_name_that_no_asset_can_bear_is_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(InvalidConfiguration, match="writes"):
        _written(tmp_path, dict.fromkeys(names, ENTRY))

"""How schemas differ from their snapshots."""

from __future__ import annotations

from focus_assets.cli.schema import GONE, NEW, drift_of
from focus_assets.model.schema import Column, ColumnType, Kind, ResourceSchema

ID, NAME = Column("id", ColumnType(Kind.INT64)), Column("name", ColumnType(Kind.TEXT))
OLD = ResourceSchema("stores", (ID,), ("id",))


def test_what_is_the_same_is_not_mentioned() -> None:
    assert drift_of({"stores": OLD}, {"stores": OLD}) == {}


def test_a_column_a_new_resource_and_one_that_is_gone_are_named() -> None:
    found = drift_of(
        {"stores": OLD, "gone": OLD}, {"stores": ResourceSchema("stores", (ID, NAME), ("id",)), "new": OLD}
    )
    assert (found["new"], found["gone"]) == (NEW, GONE)
    assert str(found["stores"]) == "added name"

"""The mirror's whole story on the databases where the other tests of it run with FOCUS_PROOF=all alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from focus_assets.config import Destination
from focus_assets.database.open import Database
from focus_assets.model.errors import Truncated
from focus_assets.model.verdict import Verdict
from focus_assets.model.wish import Wish
from focus_assets_tests.integration.mirror.scene import Scene


@pytest.fixture(params=["duckdb", "mysql"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    """A source whose bad rows are put aside, and an empty database."""
    url = SecretStr(request.getfixturevalue(f"{request.param}_url"))
    return Scene(Database(Destination(url=url, lock_timeout_seconds=5)), tmp_path, bad_rows="quarantine")


async def test_full_loads_deltas_and_heals_end_equal_to_the_server(scene: Scene) -> None:
    first = await scene.loaded()
    assert (first.load, first.verdict, first.changes.inserted) == ("full", Verdict.PROVEN, 30)
    assert (await scene.loaded("FR")).rows == 30
    scene.change(creates=5, updates=7, deletes=3)
    delta = await scene.loaded()
    assert (delta.load, delta.verdict, delta.rows) == ("delta", Verdict.COUNTED, 32)
    assert scene.stored() == scene.served()
    scene.sql(f"DELETE FROM {scene.shown} WHERE _country = 'DE' AND id = 'k00007'")
    healed = await scene.loaded()
    assert (healed.load, healed.healed, healed.changes.inserted) == ("full", True, 1)
    scene.sql(f"UPDATE {scene.shown} SET amount = 1 WHERE _country = 'DE' AND id = 'k00008'")
    proven = await scene.mirror(wish=Wish(full=True))
    assert (proven.verdict, proven.changes.updated, proven.changes.unchanged) == (Verdict.PROVEN, 1, 31)
    assert scene.stored() == scene.served()
    assert scene.stored("FR") == scene.served("FR")


async def test_a_bad_row_is_put_aside_and_a_cut_load_changes_nothing(scene: Scene) -> None:
    scene.shelves["DE"].spoiled = {3: {"amount": '"many"'}}
    first = await scene.loaded()
    assert (first.rows, first.quarantined, first.total_items) == (29, 1, 30)
    scene.faults(*[("full", "cut_line")] * 3)
    await scene.refused(Truncated, wish=Wish(full=True))
    scene.faults()
    del scene.shelves["DE"].spoiled[3]
    scene.table().update(3, scene.time())
    mended = await scene.loaded()
    assert (mended.load, mended.rows, mended.quarantined) == ("delta", 30, 0)
    assert scene.stored() == scene.served()
